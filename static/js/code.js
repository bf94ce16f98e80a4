// Fill in the code from the part of the address that browsers never send, then take it away.

const field = document.querySelector("[data-code]");
const code = new URLSearchParams(location.hash.slice(1)).get("code");

if (field && code) {
  if (!field.value) field.value = code;
  history.replaceState(null, "", location.pathname + location.search);
}
