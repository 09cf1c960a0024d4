// The labelling page: shows one sample as text, takes a statement, asks for the next. Everything a sample says is
// put in as text; the server keeps each statement before it answers.

const token = location.pathname.split("/")[1];
const one = (name) => document.querySelector(`[data-${name}]`);
const search = one("search");
let now = null;
let several = false;
let picked = [];
let busy = false;

async function ask(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json", "X-Label-Token": token }, body: JSON.stringify(body) };
  try {
    const answer = await fetch(path, options);
    const json = await answer.json();
    return answer.ok ? json : { failed: json.what };
  } catch {
    return { failed: "The program does not answer: is it still running? What you stated before is kept." };
  }
}

async function act(what, labels = []) {
  if (busy) return;
  busy = true;
  document.body.setAttribute("aria-busy", "true");
  if (what === "finish") note("Measuring what these labels bought …");
  const answer = await ask("act", { act: what, sample: now?.sample ?? "", labels });
  busy = false;
  document.body.removeAttribute("aria-busy");
  if (answer.failed) return note(answer.failed);
  show(answer);
}

function note(text) {
  one("note").hidden = !text;
  one("note").textContent = text;
}

function show(answer) {
  now = answer;
  several = false;
  picked = [];
  search.value = "";
  note(answer.message ?? "");
  one("work").hidden = one("decide").hidden = answer.over;
  one("end").hidden = !answer.over || answer.stopped;
  one("bye").hidden = !answer.stopped;
  if (answer.stopped) return;
  if (answer.over) return showEnd(answer);
  one("progress").textContent = `${answer.number} of ${answer.total}`;
  one("made").textContent = `${answer.made} labelled in this round`;
  const bar = document.querySelector("progress");
  bar.max = answer.total;
  bar.value = answer.number - 1;
  one("title").textContent = answer.title || "(no subject)";
  one("why").textContent = answer.why;
  one("text").textContent = answer.text;
  one("text").scrollTop = 0;
  one("left-out").hidden = !answer.left_out;
  one("left-out").textContent = `${answer.left_out} more characters are not shown`;
  const accept = document.querySelector("[data-do=accept]");
  accept.disabled = !answer.guess.length;
  accept.lastChild.textContent = ` Accept${answer.guess.length ? `: ${answer.guess.join(", ")}` : " the guess"}`;
  document.querySelector("[data-do=none]").hidden = !answer.none;
  one("live").textContent = `Sample ${answer.number} of ${answer.total}. ${answer.title}`;
  labels();
  one("sample").focus({ preventScroll: true });
}

function fitting() {
  const wanted = search.value.trim().toLowerCase();
  if (!wanted) return now.labels.slice(0, now.on_keys);
  const fits = [...now.labels, ...(now.none ? [now.none] : [])].filter((name) => name.toLowerCase().includes(wanted));
  return fits.sort((a, b) => b.toLowerCase().startsWith(wanted) - a.toLowerCase().startsWith(wanted));
}

function labels() {
  const shown = fitting();
  const wanted = search.value.trim();
  const buttons = shown.map((name, index) => button(name, wanted ? "" : String(index + 1), now.likely[name]));
  if (wanted && !shown.some((name) => name.toLowerCase() === wanted.toLowerCase())) buttons.push(button(wanted, "", 0, `New label: ${wanted}`));
  one("labels").replaceChildren(...buttons);
  const left = wanted ? 0 : now.labels.length - shown.length;
  one("more").textContent = left > 0 ? `and ${left} more: search` : now.labels.length ? "" : "No labels yet: name the first one above";
  one("several").hidden = !several;
  // one key, one meaning: Enter states what is chosen now
  document.querySelector("[data-do=accept]").hidden = several;
  one("picked").textContent = picked.join(", ") || "none yet";
  document.querySelector("[data-do=several]").setAttribute("aria-pressed", String(several));
}

function button(name, key, share, words) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.label = name;
  made.setAttribute("aria-pressed", String(picked.includes(name)));
  if (now.guess.includes(name)) made.classList.add("is-guess");
  if (key) made.append(Object.assign(document.createElement("kbd"), { textContent: key }));
  made.append(words ?? name);
  if (share >= 0.005) made.append(Object.assign(document.createElement("span"), { textContent: `${Math.round(100 * share)} %` }));
  return made;
}

function choose(name) {
  if (!several) return act("state", [name]);
  picked = picked.includes(name) ? picked.filter((other) => other !== name) : [...picked, name];
  search.value = "";
  labels();
}

function showEnd(answer) {
  document.querySelector("progress").value = document.querySelector("progress").max;
  one("progress").textContent = "Round over";
  one("made").textContent = "";
  one("line").textContent = answer.line;
  const points = answer.curve?.points ?? [];
  one("curve").replaceChildren(...(points.length ? [table(answer.curve)] : []));
  const rows = answer.curve ? said(answer.curve) : answer.rows;
  one("rows").replaceChildren(...rows.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  document.querySelector("[data-do=next]").hidden = !answer.waiting;
  one("end").focus({ preventScroll: true });
  one("live").textContent = answer.line;
}

const percent = (value) => (100 * value).toFixed(1);
const signed = (value) => (value >= 0 ? "+" : "−") + Math.abs(100 * value).toFixed(1);

function said(curve) {
  return [curve.gain
    ? `The next ${curve.next_labels} labels buy about ${signed(curve.gain.value)} points of ${curve.metric.replaceAll("_", " ")} [${signed(curve.gain.low)}, ${signed(curve.gain.high)}]`
    : curve.note || "What more labels would buy cannot be said yet"];
}

function table(curve) {
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const text of ["Labels", curve.metric.replaceAll("_", " "), "", "95 % interval"]) head.append(Object.assign(document.createElement("th"), { textContent: text }));
  const body = made.createTBody();
  for (const point of curve.points) {
    const row = body.insertRow();
    row.insertCell().textContent = point.labels;
    row.insertCell().textContent = `${percent(point.value)} %`;
    row.insertCell().append(Object.assign(document.createElement("meter"), { value: point.value, ariaLabel: `${percent(point.value)} %` }));
    row.insertCell().textContent = `${percent(point.low)} to ${percent(point.high)}`;
  }
  return made;
}

const DO = {
  accept: () => now.guess.length && act("state", now.guess),
  take: () => (picked.length ? act("state", picked) : note("Choose a label first.")),
  none: () => now.none && act("state", [now.none]),
  several: () => { several = !several; picked = []; labels(); },
  skip: () => act("skip"),
  undo: () => act("undo"),
  finish: () => act("finish"),
  next: () => act("next"),
  quit: () => act("quit"),
};
const KEYS = { o: "none", m: "several", s: "skip", u: "undo", q: "finish" };
const AT_END = { Enter: "next", u: "undo", q: "quit" };

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("button");
  if (pressed?.dataset.label !== undefined) choose(pressed.dataset.label);
  else if (pressed) DO[pressed.dataset.do]?.();
});

document.addEventListener("keydown", (event) => {
  if (!now || now.stopped || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target === search) return typed(event);
  const onButton = event.target.closest?.("button");
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "Enter" && onButton) return;
  if (now.over) return run(AT_END[key], event);
  if (key === "/" || key === "n") { event.preventDefault(); return search.focus(); }
  if (key === "Escape" && several) return DO.several();
  if (key === "Enter") return run(several ? "take" : "accept", event);
  if (/^[1-9]$/.test(key)) { const name = now.labels[Number(key) - 1]; if (name && Number(key) <= now.on_keys) choose(name); return; }
  run(KEYS[key], event);
});

function run(name, event) {
  if (!name) return;
  event.preventDefault();
  DO[name]();
}

function typed(event) {
  if (event.key === "Escape") { search.value = ""; labels(); one("sample").focus(); }
  if (event.key !== "Enter") return;
  event.preventDefault();
  const first = one("labels").querySelector("button");
  if (search.value.trim() && first) choose(first.dataset.label);
}

search.addEventListener("input", labels);
addEventListener("pageshow", async () => {
  const answer = await ask("now");
  if (answer.failed) note(answer.failed);
  else show(answer);
});
