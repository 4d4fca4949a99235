// The few things that attributes cannot say: dialogs, shortcuts, and what a live update must leave alone.
"use strict";
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog").close();
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-closes]")) event.target.closest("dialog").close();
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, dialog");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const field = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  if (field) {
    event.preventDefault();
    field.focus();
    field.select();
    return;
  }
  const step = { j: 1, k: -1 }[event.key];
  if (!step) return;
  const rows = [...document.querySelectorAll("[data-row]")];
  const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(document.activeElement) + step))];
  if (next) next.focus();
});
// A details element stays as its reader left it, whatever the server thinks.
if (window.Idiomorph) {
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
    !(name === "open" && node.tagName === "DETAILS");
}
// An error's answer is JSON for programs; people get its sentence.
document.addEventListener("htmx:responseError", (event) => {
  const place = document.getElementById("notice");
  if (!place) return;
  const line = document.createElement("p");
  line.className = "notice bad";
  try {
    line.textContent = JSON.parse(event.detail.xhr.responseText).message;
  } catch {
    line.textContent = `The server answered ${event.detail.xhr.status}`;
  }
  place.replaceChildren(line);
});
