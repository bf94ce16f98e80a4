// The page on which employees answer with a ballot: where it begins, and what its buttons do.

import { answerAnew, deliver, receipt, resume, send, sendLater } from "./handing-in.js";
import * as page from "./panels.js";
import { end, guarded, keeping, loadManifest, render, wave } from "./survey.js";
import {
  acceptCarried, arriveWithBallot, arriveWithGroup, arriveWithReply, carryingLink,
  listenToSecondWindow, openFile, showCarrying, take, takeFragment,
} from "./taking.js";

const dialog = document.querySelector("[data-dialog]");

async function start() {
  const asked = takeFragment();
  // Without these the page keeps saying what it lacks, and shows no form.
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) return;
  if (!(await loadManifest())) return;
  page.restoreForm(keeping.read().draft ?? {});
  listenToSecondWindow();
  await guarded(() => {
    if (asked.has("group")) return arriveWithGroup(asked);
    if (asked.has("signature") || asked.has("refused")) return arriveWithReply(asked);
    resume();
    if (asked.has("ballot")) arriveWithBallot(asked.get("ballot"));
  });
}

page.onDeeds({
  take: () => take(),
  decline: () => (keeping.read().signature ? dialog.showModal() : take({ decline: true })),
  "decline-surely": () => {
    dialog.close();
    end("declined");
  },
  "decline-not": () => dialog.close(),
  send: () => guarded(send),
  later: () => guarded(sendLater),
  "send-now": () => guarded(deliver),
  "answer-anew": answerAnew,
  carry: () => showCarrying(),
  "carry-file": () => page.download(`headwater-ballot-${wave}.txt`, `${carryingLink()}\n`),
  "carry-copy": (event) => page.copy(carryingLink(), event),
  "accept-carried": () => guarded(acceptCarried),
  "refuse-carried": () => render(),
  remove: () => end("removed"),
  "receipt-file": () =>
    page.download(`headwater-receipt-${wave}.json`, `${JSON.stringify(receipt, null, 1)}\n`),
  "receipt-copy": (event) => page.copy(receipt.receipt, event),
  reload: () => location.reload(),
});

page.onChange("[data-file]", (event) => guarded(() => openFile(event)));
page.onChange("[data-shared]", ({ target }) => {
  if (target.checked) keeping.useMemory();
  else keeping.useDevice();
  render();
});
page.form.addEventListener("submit", (event) => {
  event.preventDefault();
  guarded(send);
});
page.form.addEventListener("input", () => {
  const fields = page.readForm();
  keeping.write({ draft: Object.keys(fields).length ? fields : undefined });
});
addEventListener("beforeunload", (event) => {
  if (keeping.isMemoryOnly && keeping.read().seed) event.preventDefault();
});

start();
