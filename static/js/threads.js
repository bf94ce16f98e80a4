// Offer the codes that this browser was asked to keep, and let boxes keep or forget one.

import { forgetCode, keptCodes, tieBox } from "../ballot/kept-codes.js";

const section = document.querySelector("[data-kept]");

function showKept() {
  const kept = keptCodes();
  section.hidden = kept.length === 0;
  section.querySelector("[data-kept-codes]").replaceChildren(...kept.map(entryOf));
}

function entryOf({ code, about }) {
  const template = section.querySelector("[data-kept-code]");
  const entry = template.content.firstElementChild.cloneNode(true);
  entry.querySelector("[data-about]").textContent = about;
  entry.querySelector("[data-use]").addEventListener("click", () => {
    const field = document.querySelector("#code");
    field.value = code;
    field.form.requestSubmit();
  });
  entry.querySelector("[data-forget]").addEventListener("click", () => {
    forgetCode(code);
    showKept();
    document.querySelector("#code").focus();
  });
  return entry;
}

if (section) showKept();
for (const box of document.querySelectorAll("[data-keep]")) {
  tieBox(box, { code: box.dataset.keep, about: box.dataset.about });
  box.closest("[hidden]")?.removeAttribute("hidden");
}
