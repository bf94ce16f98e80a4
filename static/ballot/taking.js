// How a ballot comes here: from the application, in one window or two, or from another device.
// What travels stands behind the # of an address, which browsers send to no server.

import { Refused, decode, encode, finishBallot, isSigned, newSeed } from "./ballot.js";
import * as page from "./panels.js";
import { REASONS } from "./sentences.js";
import { application, ballotOf, end, guarded, keeping, render, wave } from "./survey.js";

const addressAt = (fragment) => `${application}/ballot/${wave}#${new URLSearchParams(fragment)}`;

/** Read what stands behind the #, and take it out of the address at once. */
export function takeFragment() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return asked;
}

/** Go and ask for a ballot; to decline is to take one and throw it away. */
export function take({ decline } = {}) {
  page.forgetComplaint();
  keeping.write({ seed: keeping.read().seed ?? encode(newSeed()), decline });
  render();
  if (keeping.isMemoryOnly) window.open(addressAt({ ask: "" }), "_blank", "noopener,noreferrer");
  else location.assign(addressAt({ ask: "" }));
}

/** The application has named the group: blind, and go back to have it signed. */
export async function arriveWithGroup(asked) {
  const [group, token] = [asked.get("group"), asked.get("token")];
  if (await isSecondWindow()) {
    const reply = await keeping.ask("blind", { group });
    if (!reply?.blinded) return page.show("messenger-lost");
    const { blinded, back } = reply;
    return location.replace(addressAt({ blinded, token, back }));
  }
  location.replace(addressAt({ ...(await blind({ group })), token }));
}

/** The application has signed, or said why not. */
export async function arriveWithReply(asked) {
  const reply = Object.fromEntries(asked);
  if (await isSecondWindow()) {
    const heard = await keeping.ask("finish", reply);
    page.show(heard ? "messenger" : "messenger-lost");
    if (heard) window.close();
    return;
  }
  render();
  await finish(reply);
}

/**
 * Blind, and draw what the answer must bring back. The application's token will not do for that:
 * whoever leads people here names one of their own.
 */
async function blind({ group }) {
  if (keeping.read().signature) throw new Refused("held");
  if (!keeping.read().seed) keeping.write({ seed: encode(newSeed()) });
  const ballot = await ballotOf({ ...keeping.read(), group });
  const back = encode(newSeed());
  keeping.write({ group, token: back });
  return { blinded: encode(ballot.blinded), back };
}

/** Take the blinding off. What does not fit ends here; another seed is never tried. */
async function finish({ signature, refused, token }) {
  const state = keeping.read();
  if (state.signature) return render();
  // Only an answer to what this page asked: any site can lead here with something of its own.
  if (!state.token || state.token !== token) throw new Refused("unasked");
  if (refused) {
    keeping.write({ decline: undefined });
    return page.complain(...(REASONS[refused] ?? REASONS.other));
  }
  let finished = null;
  try {
    finished = finishBallot(await ballotOf(state), decode(signature, 256));
  } catch {
    throw new Refused("forged"); // the seed stays: whoever asks again asks for the same ballot
  }
  keeping.write({ signature: encode(finished), token: undefined });
  if (state.decline) return end("declined");
  render();
  page.goTo("held");
}

// Two windows: the first one holds the seed in its memory, the second one signs in.

async function isSecondWindow() {
  return !keeping.read().seed && (await keeping.ask("here", {}, 600)) !== null;
}

export function listenToSecondWindow() {
  keeping.answer({
    here: () => ({}),
    blind: (asked) => blind(asked).catch(() => ({})),
    finish: async (reply) => {
      await guarded(() => finish(reply));
      return {};
    },
  });
}

// Carrying a ballot to another device.

export function carryingLink() {
  const { seed, signature, group } = keeping.read();
  const both = encode([...decode(seed, 32), ...decode(signature, 256)]);
  return `${location.origin}${location.pathname}#ballot=${group}.${both}`;
}

export function showCarrying() {
  const label = "Picture to scan: the address of this page with your ballot in it";
  page.toggle("carry", true);
  page.showLink(carryingLink(), label);
  page.goTo("carry");
}

let carried = null; // what came, until somebody says that it is theirs

/** Show what was carried here. Others could lead people here with a ballot they know. */
export function arriveWithBallot(text) {
  const [, group, both] = /^(.+)\.([\w-]{384})$/.exec(text) ?? [];
  if (!both) throw new Refused("damaged");
  const bytes = decode(both, 288);
  carried = { group, seed: encode(bytes.slice(0, 32)), signature: encode(bytes.slice(32)) };
  const state = keeping.read();
  if (state.signature && state.seed !== carried.seed) throw new Refused("held");
  if (state.signature) return render();
  page.show("carried", "keys");
  page.goTo("carried");
}

export async function acceptCarried() {
  const ballot = await ballotOf(carried).catch(() => null);
  if (!ballot || !isSigned(ballot, decode(carried.signature, 256))) throw new Refused("damaged");
  keeping.write({ ...carried, token: undefined, decline: undefined });
  render();
  page.goTo("held");
}

export async function openFile({ target }) {
  const text = (await target.files[0]?.text()) ?? "";
  target.value = "";
  const [, found] = /#ballot=(\S+)/.exec(text) ?? [];
  if (!found) throw new Refused("damaged");
  arriveWithBallot(found);
}
