// Ask once before a form goes whose words may tell who wrote them.

import { tellingKind } from "../ballot/telling.js";

/** Hold a form back once for each such text; sent again, it goes as it is. */
function warn(form) {
  const readAgain = new Set();
  const sentence = form.querySelector("[data-warning]");
  form.addEventListener("submit", (event) => {
    const areas = [...form.querySelectorAll("textarea")];
    const area = areas.find(({ value }) => tellingKind(value) && !readAgain.has(value));
    if (!area) return;
    event.preventDefault();
    readAgain.add(area.value);
    sentence.textContent =
      `What you wrote holds what looks like ${tellingKind(area.value)}. ` +
      "It is shown word for word. Change it, or send again to leave it as it is.";
    sentence.hidden = false;
    area.focus();
  });
}

for (const form of document.querySelectorAll("[data-warns]")) warn(form);
