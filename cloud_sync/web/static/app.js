// Every page: local times, forms that call the API, confirmations, one-time secrets, the menu.
import { send, signedOut, words } from "/static/api.js";
import { fitTables } from "/static/tables.js";

const SHORT = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

const LONG = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric" });

function localTimes(root) {
  const thisYear = new Date().getFullYear();
  for (const node of root.querySelectorAll("time[datetime]")) {
    const at = new Date(node.dateTime);
    node.textContent = (at.getFullYear() === thisYear ? SHORT : LONG).format(at);
  }
}

// On a narrow screen the menu is one line that scrolls: where one is stands in it, and its ends say that more follows.
function fitMenu() {
  const menu = document.querySelector(".side nav");
  if (!menu) return;
  const tell = () => {
    const edge = 16; // the space around its links
    menu.classList.toggle("more-before", menu.scrollLeft > edge);
    menu.classList.toggle("more-after", menu.scrollLeft + menu.clientWidth < menu.scrollWidth - edge);
  };
  const here = menu.querySelector("[aria-current]");
  const show = () => {
    if (here) menu.scrollLeft = here.offsetLeft - menu.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;
    tell();
  };
  menu.addEventListener("scroll", tell, { passive: true });
  new ResizeObserver(show).observe(menu);
}

function dress(root) {
  localTimes(root);
  fitTables(root);
}

// A device need not tell a picture's size, but boxes are in its pixels: the picture itself tells.
function fitPictures() {
  for (const image of document.querySelectorAll(".picture svg image")) {
    const probe = new Image();
    probe.onload = () => {
      const { naturalWidth: width, naturalHeight: height } = probe;
      image.ownerSVGElement.setAttribute("viewBox", `0 0 ${width} ${height}`);
      image.setAttribute("width", width);
      image.setAttribute("height", height);
      for (const text of image.ownerSVGElement.querySelectorAll("text")) text.setAttribute("font-size", width / 32);
    };
    probe.src = image.getAttribute("href");
  }
}

// <form data-api="POST /v1/rollouts" data-then="/rollouts/{rollout}">: fields become JSON; a button may have a
// field, a confirmation, and with data-tell words about the answer instead of another page
async function submit(event) {
  const form = event.target.closest("form[data-api]");
  if (!form) return;
  event.preventDefault();
  const asked = event.submitter?.dataset.confirm ? event.submitter.dataset : form.dataset;
  if (asked.confirm && !(await confirmed(asked.confirm, asked.confirmButton))) return;
  const [method, path] = form.dataset.api.split(" ");
  const fields = Object.fromEntries([...new FormData(form, event.submitter)].filter(([, value]) => value !== ""));
  const button = event.submitter ?? form.querySelector("button") ?? form.elements[0];
  button.disabled = true;
  const answer = await send(method, path, fields);
  button.disabled = false;
  if (answer.ok && button.dataset.tell) note(form, filled(button.dataset.tell, answer.json), "");
  else if (answer.ok) done(form, answer.json);
  else if (signedOut(answer.status)) note(form, answer.what, "is-bad", ...signIn(", then press again."));
  else note(form, answer.what, "is-bad");
}

function done(form, json) {
  if (form.dataset.secret) return secret(form, json);
  const then = filled(form.dataset.then ?? "", json, encodeURIComponent);
  if (then) location.assign(then);
  else again(form);
}

// A page that is loaded again gives the focus back to the form that had it: by keyboard the way there is long.
const ACTED = "kw-acted";

function again(form) {
  sessionStorage.setItem(ACTED, form.dataset.api);
  location.reload();
}

function refocus() {
  const api = sessionStorage.getItem(ACTED);
  sessionStorage.removeItem(ACTED);
  const form = api && document.querySelector(`form[data-api="${CSS.escape(api)}"]`);
  form?.querySelector("button").focus({ preventScroll: true });
}

function filled(text, json, written = String) {
  return text.replace(/\{(\w+)\}/g, (_, key) => written(json[key] ?? ""));
}

function note(form, text, kind, ...more) {
  let line = form.querySelector(".form-note");
  if (!line) {
    line = Object.assign(document.createElement("p"), { className: "form-note" });
    line.setAttribute("role", "alert");
    form.append(line);
  }
  line.classList.toggle("is-bad", kind === "is-bad");
  line.replaceChildren(text, ...more);
}

// In another tab, so that what was typed into this one stays.
function signIn(after) {
  const link = Object.assign(document.createElement("a"), {
    href: "/login", target: "_blank", rel: "noopener", textContent: "Sign in (opens in a new tab)",
  });
  return [" ", link, after];
}

// What follows something stands still until somebody has signed in again; then it goes on by itself.
function standStill(status) {
  document.querySelector("#ended")?.remove();
  if (!signedOut(status)) return;
  const line = Object.assign(document.createElement("div"), { id: "ended", className: "note" });
  line.setAttribute("role", "alert");
  line.append(words(status, {}), ...signIn("."));
  document.querySelector("main").prepend(line);
}

function secret(form, json) {
  const box = document.querySelector("#secret");
  box.querySelector("[data-value]").textContent = json[form.dataset.secret];
  const template = form.dataset.secretCommand ?? "";
  box.querySelector("[data-command]").textContent = template.replace("{token}", json[form.dataset.secret]);
  box.showModal();
}

// A secret that is shown once goes when it is told to, by no key; the list behind it then shows what was made.
function guard(box) {
  const stay = (event) => event.preventDefault();
  box.addEventListener("cancel", stay);
  box.addEventListener("keydown", (event) => event.key === "Escape" && stay(event));
  box.querySelector("[data-done]").addEventListener("click", () => {
    box.querySelectorAll("pre").forEach((line) => line.replaceChildren()); // now: loading the page again takes a while
    box.close();
  });
  box.addEventListener("close", () => location.reload());
}

// Without TLS a browser offers no clipboard: what is to be copied is marked, and copied in the old way.
async function copy(button) {
  const node = document.querySelector(button.dataset.copy);
  getSelection().selectAllChildren(node);
  const kept = await navigator.clipboard?.writeText(node.textContent).then(() => true, () => false);
  button.textContent = kept ?? document.execCommand("copy") ? "Copied" : "Press Ctrl C";
}

function confirmed(text, label) {
  const box = document.querySelector("#confirm");
  box.querySelector("[data-text]").textContent = text;
  box.querySelector("[value=yes]").textContent = label || "Yes";
  box.returnValue = "";
  box.showModal();
  return new Promise((resolve) => box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true }));
}

document.addEventListener("submit", submit);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});
document.addEventListener("kw:content", (event) => localTimes(event.detail));
document.addEventListener("htmx:afterRequest", (event) => standStill(event.detail.xhr.status));
document.addEventListener("htmx:afterSettle", () => dress(document));
dress(document);
refocus();
document.querySelectorAll("#secret").forEach(guard);
fitPictures();
fitMenu();
const early = window.early;
window.early = null;
for (const event of early.values()) submit(event);
