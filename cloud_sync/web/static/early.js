// Loaded before the page is shown, app.js after it. A form that is sent or changed in between waits for app.js:
// by itself the browser would load the page again, with what was filled in as part of its address and nothing done.
window.early = new Map(); // form → what was last done to it
const PATIENCE = 5000; // milliseconds until a form says that it waits

for (const kind of ["submit", "change"])
  document.addEventListener(kind, (event) => {
    const form = event.target.closest("form[data-api], form[data-autosubmit]");
    if (!window.early || !form) return;
    if (form.dataset.api) event.preventDefault();
    if (kind === "change" && !("autosubmit" in form.dataset)) return;
    window.early.set(form, event);
    setTimeout(() => window.early && waits(form), PATIENCE);
  });

function waits(form) {
  const text = "Not done yet: a part of this page has not arrived. If nothing happens, load the page again.";
  if (form.querySelector(".form-note")) return;
  const line = Object.assign(document.createElement("p"), { className: "form-note is-bad", textContent: text });
  line.setAttribute("role", "alert");
  form.append(line);
}
