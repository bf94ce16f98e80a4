// What in a comment may tell who wrote it. It warns and never stops anybody: much of it is
// harmless, and most of what gives people away no pattern knows.

const CAPITAL = "\\p{Lu}[\\p{L}’'-]*\\p{Ll}";
const NAMES =
  "Aisha|Alex|Alice|Andrea|Andreas|Andrew|Ann|Anna|Anne|Antonio|Barbara|Ben|Birgit|Carlos|" +
  "Caroline|Charlotte|Chris|Christian|Christine|Claire|Claudia|Daniel|David|Elena|Elisabeth|" +
  "Elizabeth|Emily|Emma|Eva|Fatima|Frank|George|Giulia|Hannah|Hans|Helen|Ines|Jack|James|Jan|" +
  "Jana|Jane|Jean|Jennifer|Jessica|Joan|Johanna|John|Jonas|Jose|José|Julia|Karen|Karin|Kate|" +
  "Katharina|Kevin|Klaus|Lars|Laura|Lena|Linda|Lisa|Luca|Lucy|Luis|Maria|Marie|Markus|Martin|" +
  "Mary|Matthew|Michael|Mohamed|Mohammed|Monika|Nicole|Nina|Olivia|Omar|Oliver|Patricia|Paul|" +
  "Peter|Petra|Pierre|Rachel|Ralf|Rebecca|Richard|Robert|Sabine|Sandra|Sarah|Sebastian|Sofia|" +
  "Sophie|Stefan|Stephen|Susan|Susanne|Thomas|Tim|Tom|Ursula|Wolfgang|Yusuf";

const KINDS = {
  "an e-mail address": [/[^\s@]@[^\s@]+\.\p{L}/u],
  "a postal address": [
    // 12 Mill Lane; Hauptstraße 5; Kerkstraat 9; 4 rue de Rome; SW1A 1AA
    /\b\d{1,4}\p{L}?,? (?:\p{Lu}[\p{L}’'.-]+ ){1,3}(?:Street|St|Road|Rd|Lane|Avenue|Ave|Drive|Crescent|Terrace|Gardens|Square)\b/u,
    /\p{Lu}\p{L}+(?:straße|strasse|str\.|straat|gasse|allee|weg) ?\d{1,3} ?\p{L}?(?=[,.;)\n]|$)/u,
    /\b(?:[Rr]ue|[Bb]oulevard|[Cc]alle) (?:d[eu] )?\p{Lu}\p{L}+,? \d|\b\d{1,4},? (?:rue|boulevard|calle) \p{L}/u,
    /\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b/,
  ],
  "a name": [
    /\bmy name(?: is|’s|'s) \p{L}|\bI(?: am|’m|'m) called \p{L}/iu,
    /\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herr|Frau|Herrn|Mme|Monsieur|Madame|Sig|Señora?)\.? \p{Lu}\p{Ll}/u,
    /(?:regards|wishes|sincerely|cheers|thanks),?\s*\n\s*\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)?\s*$/iu,
    new RegExp(`\\b(?:colleague|boss|manager|supervisor|lead|leader|director|foreman) (?:${NAMES})\\b`, "u"),
    new RegExp(`(?<![\\p{L}’'-])(?:${NAMES}) ${CAPITAL}`, "u"),
  ],
  "something that fits one person": [
    /\b(?:as|am|being|I’m|I'm) the only\b/i,
    /\b(?:as|am|being|I’m|I'm) (?:one|1) of (?:the |only |just )*(?:two|three|2|3|few)\b/i,
  ],
};

/** Say what in a text may tell who wrote it, in a word or two; null where nothing is seen. */
export function tellingKind(text) {
  for (const [kind, patterns] of Object.entries(KINDS)) {
    if (patterns.some((pattern) => pattern.test(text))) return kind;
  }
  return hasPhoneNumber(text) ? "a phone number" : null;
}

/** Find runs of digits that are dialled; years, days and large amounts are none. */
function hasPhoneNumber(text) {
  const runs = text.match(/(?:\+|\(|\b)\d[\d ()/.-]{5,}\d\b/g) ?? [];
  return runs.some((run) => {
    const n = run.replace(/\D/g, "").length;
    if (/^\d{1,4}([-/.])\d{1,2}\1\d{1,4}$/.test(run)) return false; // a day
    if (/^\d{1,3}([ .])\d{3}(\1\d{3})*$/.test(run)) return false; // an amount
    return n >= 7 && n <= 15 && (/^[+(0]/.test(run) || /^\d{7,}$|^\d{3}[-. ]\d{3}[-. ]\d{4}$/.test(run));
  });
}
