// The page as the rest of the client sees it: panels to show, texts to fill in, a form to read.

import { tieBox } from "./kept-codes.js";
import { drawing } from "./qr.js";
import { tellingKind } from "./telling.js";

const all = (selector) => [...document.querySelectorAll(selector)];
const the = (selector) => document.querySelector(selector);

export const form = the("[data-answers]");

/** Show these panels and no others. */
export function show(...names) {
  for (const panel of all("[data-panel]")) panel.hidden = !names.includes(panel.dataset.panel);
}

/** Show one panel more, or take it away again. */
export function toggle(name, isOpen) {
  for (const panel of all(`[data-panel="${name}"]`)) panel.hidden = !isOpen;
}

export function fill(name, text) {
  for (const place of all(`[data-text="${name}"]`)) place.textContent = text;
}

/** Bring people to the heading of a panel, with their keyboard and their screen reader. */
export function goTo(name) {
  const heading = the(`[data-panel="${name}"] h2`);
  heading?.setAttribute("tabindex", "-1");
  heading?.focus();
}

export function announce(sentence) {
  fill("status", sentence);
}

/** Say what is the matter, above everything else, until the next deed. */
export function complain(title, sentence, target = null) {
  const [box, link] = [the("[data-alert]"), the("[data-alert] a")];
  fill("alert-title", title);
  fill("alert", sentence);
  link.hidden = !target;
  link.textContent = target?.text ?? "";
  link.href = `#${target?.id ?? "main"}`;
  box.hidden = false;
  box.focus();
}

export function forgetComplaint() {
  the("[data-alert]").hidden = true;
}

/** Call deeds by the names on their buttons. */
export function onDeeds(deeds) {
  document.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name in deeds) deeds[name](event);
  });
}

export function onChange(selector, deed) {
  for (const field of all(selector)) field.addEventListener("change", deed);
}

export function setBusy(isBusy) {
  for (const button of all("[data-do=send-now]")) button.hidden = isBusy;
}

export function setShared({ isOn, isFixed }) {
  for (const box of all("[data-shared]")) {
    box.checked = isOn;
    box.disabled = isFixed;
  }
}

// The form: {item: [value, ...]}, what was left blank left out.

export function readForm() {
  const fields = Object.create(null); // an item may be called like what every object has
  for (const [name, value] of new FormData(form)) {
    if (value.trim()) (fields[name] ??= []).push(value);
  }
  return fields;
}

export function restoreForm(fields) {
  for (const field of form.querySelectorAll("input, textarea, select")) {
    const values = Object.hasOwn(fields, field.name) ? fields[field.name] : [];
    if (field.type === "radio" || field.type === "checkbox") {
      field.checked = values.includes(field.value);
    } else if (field.name) {
      field.value = values[0] ?? "";
    }
  }
}

/** Empty the form; an item called "reset" hides the form's own way to do so. */
export function clearForm() {
  HTMLFormElement.prototype.reset.call(form);
}

/** Find comments that might be dropped as too long; spaces at the ends count here and not there. */
export function longComments() {
  return [...form.querySelectorAll("textarea")].filter((area) => {
    const text = area.value.replace(/\r\n?/g, "\n");
    return [...text].length > Number(area.dataset.longest);
  });
}

/** Find comments that may tell who wrote them, and by what. */
export function tellingComments() {
  const areas = [...form.querySelectorAll("textarea")];
  const found = areas.map((area) => ({ area, kind: tellingKind(area.value) }));
  return found.filter(({ kind }) => kind);
}

/** Name the items on which there is a comment. */
export function commentedItems() {
  const areas = [...form.querySelectorAll("textarea")];
  return areas.filter((area) => area.value.trim()).map((area) => area.name);
}

// Codes by which answers to comments are read: shown once, kept only where somebody asks for it.

export function showCodes(codes, { canKeep }) {
  toggle("codes", codes.length > 0);
  the("[data-codes]").replaceChildren(...codes.map((one) => codeEntry(one, { canKeep })));
}

function codeEntry({ item, code }, { canKeep }) {
  const entry = the("[data-code-entry]").content.firstElementChild.cloneNode(true);
  const part = (selector) => entry.querySelector(selector);
  const [box, label] = [part("input"), part("label")];
  const question = the(`label[for="q-${item}"]`).textContent;
  part("[data-about]").textContent = question;
  part("[data-comment-code]").textContent = code;
  part("button").addEventListener("click", (event) => copy(code, event));
  box.id = label.htmlFor = `keep-${item}`;
  part(".choice").hidden = !canKeep;
  tieBox(box, { code, about: `${the("h1").textContent}: ${question}` });
  return entry;
}

// Things to take along.

export function showLink(link, label) {
  the("[data-link]").value = link;
  the("[data-code]").replaceChildren(drawing(link, label));
}

export function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Copy a text and say so on the button that was pressed. */
export async function copy(text, { target }) {
  const isCopied = await navigator.clipboard.writeText(text).then(() => true, () => false);
  target.textContent = isCopied ? "Copied" : "Not allowed here: copy it by hand";
  announce(target.textContent);
}

/** Give the last day: the one told now where it is a day and later, or else the one signed. */
export function lastDay(told, signed) {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(told) && !Number.isNaN(Date.parse(told));
  return isDay && told > signed ? told : signed;
}

export function sayDay(day) {
  const how = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  return new Intl.DateTimeFormat("en-GB", how).format(new Date(day));
}
