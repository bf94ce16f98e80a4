// Codes of comments that people asked this browser to keep: one list for all surveys of this host.

const NAME = "headwater-threads";

/** List what is kept: codes, each with what it is about. */
export function keptCodes() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME)) ?? [];
    return kept.filter(({ code, about }) => typeof code === "string" && typeof about === "string");
  } catch {
    return [];
  }
}

/** Keep a code; false where this browser keeps nothing. */
export function keepCode(code, about) {
  return store([...keptCodes().filter((kept) => kept.code !== code), { code, about }]);
}

export function forgetCode(code) {
  return store(keptCodes().filter((kept) => kept.code !== code));
}

function store(kept) {
  // By what they are about: the order in which they came would tell when each was written.
  kept.sort((a, b) => (a.about + a.code < b.about + b.code ? -1 : 1));
  try {
    if (kept.length) localStorage.setItem(NAME, JSON.stringify(kept));
    else localStorage.removeItem(NAME);
    return true;
  } catch {
    return false;
  }
}

/** Let a box keep the code while it is ticked, and say so where that fails. */
export function tieBox(box, { code, about }) {
  box.checked = keptCodes().some((kept) => kept.code === code);
  box.addEventListener("change", () => {
    const isDone = box.checked ? keepCode(code, about) : forgetCode(code);
    if (!isDone) box.checked = false;
    box.setCustomValidity(isDone ? "" : "This browser keeps nothing. Write the code down.");
    box.reportValidity();
  });
}
