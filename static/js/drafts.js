// Keep what is being typed on this device until it is sent, should the page or the sign-in go.

for (const field of document.querySelectorAll("textarea[data-draft]")) {
  const about = `draft:${new URL(field.form.action).pathname}:`;
  const key = about + field.form.elements.seen.value;
  try {
    // Once an answer is sent the conversation is longer, and what was kept for it is over.
    for (const old of Object.keys(localStorage)) {
      if (old.startsWith(about) && old !== key) localStorage.removeItem(old);
    }
    // The page says so when the text has arrived, and then it is kept there.
    if (location.search.includes("notice=")) localStorage.removeItem(key);
    const kept = localStorage.getItem(key);
    if (kept && kept !== field.value && !field.hasAttribute("aria-invalid")) {
      field.value = kept;
      document.querySelector("[data-restored]").hidden = false;
    }
    field.addEventListener("input", () => {
      if (field.value) localStorage.setItem(key, field.value);
      else localStorage.removeItem(key);
    });
  } catch {
    // Without storage the field works as any other.
  }
}
