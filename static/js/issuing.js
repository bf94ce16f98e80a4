// Carry the blinded value of a ballot here, have it signed, and carry the signature back.
// The collector's page makes the ballot; this one only shows who is asking, by being signed in.
// Everything travels behind the # of an address, which browsers send to no server.

const place = document.querySelector("[data-issuing]");
const { wave, group, client, issue } = place.dataset;
const find = (name) => place.querySelector(`[data-${name}]`);
const TOKEN = `headwater ballot ${wave}`;

const REASONS = { 403: "not-yours", 404: "not-yet", 409: "taken", 410: "closed" };

/** Ask the collector's page for a ballot; it must name this token when it comes back. */
function begin() {
  const token = crypto.getRandomValues(new Uint32Array(4)).join("-");
  sessionStorage.setItem(TOKEN, token);
  goBack({ group, token });
}

function goBack(fragment) {
  location.replace(`${client}#${new URLSearchParams(fragment)}`);
}

/**
 * Have a blinded value signed, but only one that this very window has asked for. The answer
 * goes with what the collector's page wants to have back.
 */
async function sign({ blinded, token, back }) {
  const asked = sessionStorage.getItem(TOKEN);
  if (asked === null || asked !== token) {
    return complain(
      "Another site sent you here",
      "Nothing was signed. If you want to take your ballot, use the button below.",
    );
  }
  find("status").textContent = "Your ballot is being signed.";
  const reply = await post({ wave, blinded });
  if (reply.status === 401) return location.reload();
  if (reply.status === 200) {
    sessionStorage.removeItem(TOKEN);
    return goBack({ signature: reply.blind_signature, token: back });
  }
  if (reply.status in REASONS) return goBack({ refused: REASONS[reply.status], token: back });
  complain(
    "Your ballot could not be signed just now",
    `${reply.error ?? "No answer came."} Nothing is lost: take it again, and you get the same one.`,
  );
}

async function post(body) {
  const headers = { "Content-Type": "application/json" };
  try {
    const reply = await fetch(issue, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: reply.status, ...(await reply.json()) };
  } catch {
    return { status: 0 };
  }
}

function complain(title, text) {
  find("status").textContent = "";
  find("alert-title").textContent = title;
  find("alert-text").textContent = text;
  find("alert").hidden = false;
  find("alert").focus();
}

function start() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  find("offer").hidden = false;
  find("unready").hidden = true;
  find("take").addEventListener("click", begin);
  if (asked.has("blinded")) sign(Object.fromEntries(asked));
  else if (asked.has("ask")) begin();
}

start();
