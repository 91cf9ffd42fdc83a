// A review is decided by one key, R or W, while a button of its form has the focus.
"use strict";

(() => {
  const form = document.querySelector("[data-review]");
  if (!form) return;
  form.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (!event.target.matches("button")) return;
    const button = form.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!button) return;
    event.preventDefault();
    form.requestSubmit(button);
  });
})();
