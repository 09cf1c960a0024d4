// Loaded before the page is shown, app.js after it. A form that is sent in between waits for app.js: by itself
// the browser would load the page again, with what was filled in as part of its address and nothing done.
window.early = new Map(); // form → how it was sent last
const PATIENCE = 5000; // milliseconds until a form says that it waits

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-api]");
  if (!window.early || !form) return;
  event.preventDefault();
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
