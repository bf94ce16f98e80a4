// Sealing the answers, sending them now or later, and the receipt.

import { Refused, decode, encode, isAcknowledged, padFields, receiptOf, seal } from "./ballot.js";
import * as page from "./panels.js";
import { codeOf, printed, withThreads } from "./threads.js";
import { REASONS, REFUSALS, WAITING, sayTelling } from "./sentences.js";
import { submit } from "./sending.js";
import {
  ballotOf, closesOn, end, guarded, isOpen, keeping, manifest, opensOn, render, wave,
} from "./survey.js";

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;
const LONGEST_TIMER = 2 ** 31 - 1;

export let receipt = null; // of answers that are in, until this page is left

let isSending = false;
let timer = null;
const readAgain = new Set(); // comments their writer was asked to look at once more

export async function send() {
  if (!isReady()) return;
  if (!isOpen()) return sendLater();
  await sealAnswers();
  await deliver();
}

export async function sendLater() {
  if (!isReady()) return;
  if (isOpen() && latest() - Date.now() < HOUR) throw new Refused("late");
  await sealAnswers();
  keeping.write({ since: Date.now() });
  render();
  schedule();
  page.goTo("waiting");
}

/** Throw the sealed answers away and answer anew; only while nothing was ever sent. */
export function answerAnew() {
  clearTimeout(timer);
  keeping.write({ sealed: undefined, commented: undefined, since: undefined });
  render();
  page.goTo("questions");
}

/** Go on with what waited since the last visit. */
export function resume() {
  render();
  const { sealed, since, tried } = keeping.read();
  if (!sealed) return;
  // A page that is only loaded anew goes on waiting; who comes back later sends.
  const isBack = tried || !since || Math.abs(Date.now() - since) > HOUR;
  if (isOpen() && (isBack || latest() - Date.now() < HOUR)) return deliver();
  schedule();
}

/** Tell whether the answers can be sealed; otherwise say what is in the way. */
function isReady() {
  page.forgetComplaint();
  const [long] = page.longComments();
  const telling = page.tellingComments().find(({ area }) => !readAgain.has(area.value));
  if (!keeping.read().signature) {
    page.complain(...REFUSALS.untaken, { id: "take", text: "Go to the ballot" });
  } else if (Object.keys(page.readForm()).length === 0) {
    page.complain(...REFUSALS.empty);
  } else if (long) {
    page.complain(...REFUSALS.long, { id: long.id, text: "Go to the comment" });
  } else if (telling) {
    const { area, kind } = telling;
    readAgain.add(area.value);
    page.complain(...sayTelling(kind), { id: area.id, text: "Go to the comment" });
  } else {
    return true;
  }
  return false;
}

async function sealAnswers() {
  const state = keeping.read();
  const { prepared } = await ballotOf(state);
  const commented = page.commentedItems();
  const seed = decode(state.seed, 32);
  const fields = await withThreads(page.readForm(), commented, { seed, wave });
  const content = padFields(fields, manifest.pad);
  const sealed = await seal(manifest.count_key, content, await receiptOf(prepared));
  const items = commented.length ? commented : undefined;
  keeping.write({ sealed: encode(sealed), draft: undefined, commented: items });
  page.clearForm(); // from here on nobody reads them on this device
}

const earliest = () => Math.max(Date.now(), Date.parse(opensOn));
const latest = () => Math.min(earliest() + DAY, Date.parse(closesOn) + DAY - 2 * HOUR);

/** Send at a moment drawn evenly from the day that follows, while this page stays open. */
function schedule() {
  const share = crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32;
  const wait = earliest() + share * Math.max(0, latest() - earliest()) - Date.now();
  clearTimeout(timer);
  timer = setTimeout(() => guarded(deliver), Math.min(wait, LONGEST_TIMER));
  const [when, how] = [isOpen() ? "now" : "early", keeping.isMemoryOnly ? "inMemory" : "onDevice"];
  page.fill("waiting", WAITING[when][how]);
  page.setBusy(!isOpen());
}

/** Send what is sealed; as often as needed, for the same bytes are counted once. */
export async function deliver() {
  if (isSending) return;
  isSending = true;
  clearTimeout(timer);
  keeping.write({ tried: true });
  page.forgetComplaint();
  render();
  page.fill("waiting", WAITING.sending);
  page.announce(WAITING.sending);
  page.setBusy(true);
  try {
    const { prepared, state } = await current();
    const { group, signature, sealed } = state;
    const answer = { wave, group, prepared: encode(prepared), signature, sealed };
    const reply = await submit("../../anon/submit", answer);
    await judge(reply, { prepared, sealed: decode(sealed, 65 + manifest.pad + 16) });
  } finally {
    isSending = false;
    page.setBusy(!isOpen());
    page.announce("");
  }
}

async function current() {
  const state = keeping.read();
  return { state, prepared: (await ballotOf(state)).prepared };
}

async function judge(reply, { prepared, sealed }) {
  const id = await receiptOf(prepared);
  if (reply.status === 200) {
    const isOurs = isAcknowledged(reply, { manifest, receipt: id, sealed }).catch(() => false);
    if (await isOurs) return thank(reply, sealed);
  }
  const isFinal = [403, 409, 410].includes(reply.status);
  page.fill("waiting", isFinal ? WAITING.refused : WAITING.unsent);
  if (reply.status === 409 && !isOpen()) {
    keeping.write({ tried: undefined });
    render();
    return schedule();
  }
  const name = { 200: "unconfirmed", 403: "unknown", 409: "spent", 410: "closed" }[reply.status];
  const [title, sentence] = REASONS[name ?? "silent"];
  page.toggle("give-up", isFinal);
  page.complain(title, reply.error ? `${sentence} The collector says: “${reply.error}”` : sentence);
}

async function thank(reply, sealed) {
  receipt = {
    schema: "headwater.receipt/1",
    wave,
    manifest_sha256: hex(manifest.digest),
    receipt: reply.receipt,
    sealed_sha256: hex(new Uint8Array(await crypto.subtle.digest("SHA-256", sealed))),
    acknowledgement: reply.acknowledgement,
  };
  page.fill("receipt", receipt.receipt);
  const codes = await codesOf(keeping.read());
  end("done");
  page.showCodes(codes, { canKeep: !keeping.isMemoryOnly });
}

/** Derive the codes of the comments that were sent; once the seed is forgotten nobody can. */
function codesOf({ seed, commented = [] }) {
  const derive = async (item) => {
    const code = await codeOf(decode(seed, 32), { wave, item });
    return { item, code: printed(code) };
  };
  return Promise.all(commented.map(derive));
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
