// The survey this page is about: its signed list of keys, what this device keeps of it, and which
// panels of the page that makes visible.

import { Refused, beginBallot, decode, readManifest, words } from "./ballot.js";
import { Keeping } from "./keeping.js";
import * as page from "./panels.js";
import { REFUSALS, TROUBLES } from "./sentences.js";
import { ask } from "./sending.js";

const facts = document.querySelector("[data-client]").dataset;

export const { wave, application, opensOn } = facts;
export const keeping = new Keeping(wave);
export let manifest = null;
export let closesOn = null;

/** Fetch the list of keys and check it; false where there is nothing to answer with. */
export async function loadManifest() {
  const reply = await ask(`../../anon/manifest/${wave}`);
  if (reply.status !== 200) {
    return trouble({ 404: "unopened", 409: "unopened", 410: "gone" }[reply.status] ?? "silent");
  }
  const client = location.pathname.split("/").at(-2);
  try {
    manifest = await readManifest(reply, { wave, client, guardian: facts.guardian || null });
  } catch (error) {
    return trouble(error instanceof Refused ? error.message : "manifest");
  }
  closesOn = page.lastDay(reply.closes_on, manifest.closes_on);
  page.fill("closes", page.sayDay(closesOn));
  page.fill("words", words(manifest.digest).join(" "));
  return true;
}

function trouble(name) {
  const [title, sentence] = TROUBLES[name] ?? TROUBLES.manifest;
  page.fill("trouble-title", title);
  page.fill("trouble", sentence);
  page.show("trouble");
  return false;
}

export function groupOf(name) {
  const group = manifest.groups.find((one) => one.group === name && one.right === "ballot");
  if (!group) throw new Refused("group");
  return group;
}

/** Derive the ballot of a seed once more. */
export function ballotOf({ seed, group }) {
  const modulus = decode(groupOf(group).modulus, 256);
  return beginBallot(decode(seed, 32), { wave, group, modulus, digest: manifest.digest });
}

export const isOpen = () => new Date().toISOString().slice(0, 10) >= opensOn;

/** Show the panels that fit what is kept, or those of an ending. */
export function render(ending = null) {
  const state = keeping.read();
  if (ending) page.show(ending);
  else if (state.sealed) page.show("waiting");
  else if (state.signature) page.show("held", "ways", "keys", "questions");
  else page.show("take", "ways", "keys", "questions");
  if (ending) return;
  page.toggle("blocked", !keeping.canUseDevice);
  page.toggle("early", !isOpen());
  page.toggle("in-memory", keeping.isMemoryOnly && Boolean(state.seed));
  page.toggle("on-device", !keeping.isMemoryOnly && Boolean(state.signature));
  page.toggle("two-windows", keeping.isMemoryOnly);
  page.toggle("answer-anew", Boolean(state.sealed) && !state.tried);
  page.setShared({ isOn: keeping.isMemoryOnly, isFixed: !keeping.canUseDevice });
  if (state.signature) {
    const group = groupOf(state.group);
    page.fill("group", group.label);
    page.fill("people", `${group.n_eligible} people`);
  }
}

/** Do something; where it is refused, say why in a sentence. */
export async function guarded(deed) {
  try {
    await deed();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    render();
    if (error.message === "forged") {
      page.show("broken", "keys");
      page.goTo("broken");
    } else {
      page.complain(...(REFUSALS[error.message] ?? REFUSALS.malformed));
    }
  }
}

/** Take away everything of this wave, from the device and from the page. */
export function end(panel) {
  keeping.clear();
  page.clearForm();
  page.forgetComplaint();
  render(panel);
  page.goTo(panel);
}
