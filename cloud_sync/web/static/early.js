// Loaded before the page is shown, app.js after it. A form that is sent or changed in between waits for app.js:
// by itself the browser would load the page again, with what was filled in as part of its address and nothing done.
window.early = new Map(); // form → what was last done to it

for (const kind of ["submit", "change"])
  document.addEventListener(kind, (event) => {
    const form = event.target.closest("form[data-api], form[data-autosubmit]");
    if (!window.early || !form) return;
    if (form.dataset.api) event.preventDefault();
    if (kind === "submit" || "autosubmit" in form.dataset) window.early.set(form, event);
  });
