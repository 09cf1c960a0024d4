// The review page: takes samples from the queue, shows each by its kit's own partial, sends decisions.
// A decision is first written to `Outbox` (local storage), then sent: it outlives a lost network.
import { refused } from "/static/api.js";
import { BoxEditor } from "/static/boxes.js";
import { Clicks } from "/static/clicks.js";
import { labelOf } from "/static/labels.js";
import { Outbox, showOutbox } from "/static/outbox.js";
import { ScoreHistory, SignalView } from "/static/signal.js";

const PREFETCH = 3;
const AGAIN_MS = 3000;
const WORDS = { good: ["good", "Good part"], bad: ["defect", "Defect"], goodKey: "g" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Review {
  constructor(root) {
    this.root = root;
    root.dataset.waiting = 0;
    this.card = root.querySelector("[data-card]");
    this.live = root.querySelector("[data-live]");
    this.clicks = new Clicks();
    this.help = root.querySelector("dialog");
    this.words = WORDS;
    this.stuck = ""; // the sample that cannot be shown, also while it is tried again
    this.queue = JSON.parse(root.dataset.queue);
    this.index = 0;
    this.turn = 0;
    this.cards = new Map();
    this.outbox = new Outbox(root.dataset.login, (state) => showOutbox(root, state));
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("keyup", (event) => this.keyUp(event));
    root.addEventListener("click", (event) => this.click(event));
    addEventListener("beforeunload", (event) => { if (this.outbox.waiting) event.preventDefault(); });
    this.outbox.flush();
    this.show();
  }

  get total() { return this.queue.length; }
  say(text) { this.live.textContent = text; }

  async fetchCard(id) {
    const answer = await fetch(`/review/cards/${encodeURIComponent(id)}`, { headers: { "X-Requested-With": "fetch" } });
    // to the sign-in page, which is no card
    if (answer.redirected) throw new Error("You are signed out: sign in again in another tab, nothing is lost.");
    if (!answer.ok) throw Object.assign(new Error(`The hub answered ${answer.status}.`), { status: answer.status });
    return answer.text();
  }

  // the promise is kept, so that a card in flight is not asked for twice; a failed one is forgotten
  load(id) {
    if (!this.cards.has(id)) {
      const card = this.fetchCard(id);
      card.catch(() => this.cards.delete(id));
      this.cards.set(id, card);
    }
    return this.cards.get(id);
  }

  prefetch() {
    for (const id of this.queue.slice(this.index + 1, this.index + 1 + PREFETCH)) {
      this.load(id).then((html) => {
        const source = new DOMParser().parseFromString(html, "text/html").querySelector("[data-boxes]");
        if (source) new Image().src = source.dataset.src;
      }, () => {});
    }
  }

  async show() {
    const turn = ++this.turn;
    this.clear();
    this.progress();
    if (this.index >= this.total) return this.finish();
    const id = this.queue[this.index];
    this.status("Loading …");
    try {
      const html = await this.load(id);
      if (turn !== this.turn) return;
      this.mount(id, html);
      this.prefetch();
    } catch (error) {
      if (turn === this.turn) this.cannotShow(error);
    }
  }

  // nobody can state anything of a sample that is not on the screen
  clear() {
    clearTimeout(this.timer);
    this.id = null;
    this.editor = null;
    this.viewer = null;
    this.chosen = "";
    this.picked = [];
    this.card.replaceChildren();
  }

  status(text) { this.root.querySelector("[data-status]").textContent = text; }
  isTold(text) { return this.root.querySelector("[data-status]").textContent === text; }

  cannotShow(error) {
    if (refused(error.status)) return this.leaveOut();
    this.stuck = this.queue[this.index];
    const why = error instanceof TypeError ? "The hub cannot be reached." : error.message;
    this.say(`Cannot load the sample: ${why} Trying again.`);
    this.status(`${why} Trying again … S goes on without this sample.`);
    this.timer = setTimeout(() => this.show(), AGAIN_MS);
  }

  // not shown, so nothing is stated of it: it is gone, or it waits for the next visit
  leaveOut() {
    this.queue.splice(this.index, 1);
    this.show();
  }

  mount(id, html) {
    this.status("");
    this.card.innerHTML = html; // rendered and escaped by the hub
    this.id = id;
    this.clicks.show(id);
    this.stuck = "";
    const host = this.card.querySelector("[data-boxes]");
    this.editor = host ? this.makeEditor(host) : null;
    const signal = this.card.querySelector("[data-signal]");
    this.viewer = signal ? new SignalView(signal) : null;
    for (const history of this.card.querySelectorAll("[data-history]")) new ScoreHistory(history);
    this.nameDecisions();
    this.tellKeys();
    this.markLabel(this.editor?.label);
    document.dispatchEvent(new CustomEvent("kw:content", { detail: this.card }));
    this.say(`Sample ${this.index + 1} of ${this.total}. ${this.card.querySelector("[data-summary]")?.textContent ?? ""}`);
    (host?.querySelector("svg") ?? this.card).focus({ preventScroll: true });
  }

  // a kit's card says what nothing wrong, and something wrong, is called
  nameDecisions() {
    const own = this.card.querySelector("[data-good-label]")?.dataset;
    this.words = own ? { good: [own.goodLabel, own.goodWord], bad: [own.badLabel, own.badWord], goodKey: own.goodKey || "g" } : WORDS;
    for (const [act, key] of [["good", "good"], ["defect", "bad"]]) {
      const button = this.root.querySelector(`.decide [data-act=${act}]`);
      button.lastChild.textContent = ` ${this.words[key][1]}`;
    }
    this.root.querySelector(".decide [data-act=good] kbd").textContent = this.words.goodKey.toUpperCase();
  }

  // the list of keys is of what is shown: boxes are drawn on pictures only
  tellKeys() {
    const kind = this.editor ? "picture" : this.viewer ? "signal" : "choice";
    for (const one of this.help.querySelectorAll("[data-of]")) one.hidden = !one.dataset.of.split(" ").includes(kind);
    for (const one of this.help.querySelectorAll("[data-word-of]")) one.textContent = this.words[one.dataset.wordOf][1];
    this.help.querySelector("[data-key-of=good]").textContent = this.words.goodKey.toUpperCase();
  }

  makeEditor(host) {
    return new BoxEditor(host, {
      src: host.dataset.src,
      alt: host.dataset.alt,
      suggestions: JSON.parse(host.dataset.suggestions),
      labels: JSON.parse(host.dataset.labels),
      say: (text) => this.say(text),
      shown: (wait) => this.isTold(wait) && this.status(""), changed: () => this.root.classList.toggle("is-edited", this.editor?.edited ?? false),
    });
  }

  progress() {
    const done = Math.min(this.index, this.total);
    this.root.querySelector("[data-progress]").textContent = `${Math.min(done + 1, this.total)} of ${this.total}`;
    const bar = this.root.querySelector("progress");
    bar.max = Math.max(1, this.total);
    bar.value = done;
    this.root.classList.remove("is-edited");
  }

  finish() {
    this.status("");
    this.root.classList.add("is-done");
    this.root.querySelector("[data-done]").hidden = false;
    this.say("All reviewed.");
  }

  // --- decisions ----------------------------------------------------------------------------

  // a sample that is about several things has its labels in one, in the order of the alphabet
  get several() { return Boolean(this.card.querySelector("[data-several]")); }

  chosenLabel(boxes) {
    if (this.several) return [...this.picked].sort().join("|") || this.words.bad[0];
    if (this.editor?.whole) return this.editor.whole;
    const names = new Set(boxes.map((box) => box.label));
    return names.size === 1 ? [...names][0] : this.chosen || this.words.bad[0];
  }

  decide(decision, label = "") {
    if (!this.id) {
      if (decision === "skip" && this.stuck === this.queue[this.index]) this.leaveOut();
      return;
    }
    if (["accept", "correct"].includes(decision) && this.editor?.unseen) return this.ask(this.editor.unseen);
    if (decision === "correct" && !label) return this.ask("Choose what it is first.");
    if (decision === "accept" && this.editor?.whole) return this.ask(`You chose ${this.editor.whole}: ${this.words.bad[1]} states it, ${this.words.good[1]} says that nothing is there.`);
    const body = { sample_id: this.id, decision, label, boxes: [] };
    const note = this.card.querySelector("[data-note]")?.value.trim();
    if (note) body.note = note;
    if (decision === "accept") {
      const boxes = this.editor?.result ?? [];
      const suggested = this.card.querySelector("[data-suggested-label]")?.dataset.suggestedLabel ?? "";
      const chosen = this.several ? this.chosenLabel([]) : this.chosen;
      const other = !this.editor && chosen && chosen !== suggested;
      if (this.editor?.edited || other) body.decision = "correct";
      body.boxes = boxes;
      body.label = boxes.length ? this.chosenLabel(boxes) : this.editor?.edited ? this.words.good[0] : other ? chosen : suggested;
    } else if (decision === "correct" && label !== this.words.good[0]) {
      body.boxes = this.editor?.named ?? [];
    }
    this.addText(body);
    this.outbox.add(body);
    this.say(`${body.decision} ${body.label}`);
    this.index += 1;
    this.show();
  }

  // of a text: which of the found pieces hold, and the levels as they stand; touching them corrects the model
  addText(body) {
    if (body.decision !== "accept" && body.decision !== "correct") return;
    const marks = [...this.card.querySelectorAll("[data-span]")];
    const levels = [...this.card.querySelectorAll("[data-quantity]")];
    const touched = marks.some((mark) => mark.getAttribute("aria-pressed") === "false") || levels.some((level) => level.value !== level.dataset.suggested && level.value !== "");
    if (body.decision === "accept" && touched && body.label) body.decision = "correct";
    if (body.decision !== "correct") return;
    if (marks.length) body.spans = marks.filter((mark) => mark.getAttribute("aria-pressed") === "true").map((mark) => Number(mark.dataset.span));
    const stated = levels.filter((level) => level.value !== "");
    if (stated.length) body.quantities = stated.map((level) => ({ name: level.dataset.quantity, value: Number(level.value), unit: level.dataset.unit }));
  }

  ask(text) {
    this.say(text);
    this.status(text);
  }

  back() {
    if (this.index === 0) return this.say("Nothing to undo.");
    this.index -= 1;
    this.root.classList.remove("is-done");
    this.root.querySelector("[data-done]").hidden = true;
    this.say("Back to the last sample: what you state now counts instead.");
    this.show();
  }

  // --- keyboard and buttons -----------------------------------------------------------------

  setLabel(label) {
    if (this.several) {
      this.picked = this.picked.includes(label) ? this.picked.filter((other) => other !== label) : [...this.picked, label];
      this.status("");
      return this.markLabel(label);
    }
    this.editor?.setLabel(label);
    if (!this.editor) this.chosen = this.chosen === label ? "" : label;
    this.markLabel(this.editor ? label : this.chosen);
  }

  markLabel(label) {
    for (const button of this.card.querySelectorAll("[data-label]")) {
      const on = this.several ? this.picked.includes(button.dataset.label) : button.dataset.label === label;
      button.setAttribute("aria-pressed", String(on));
    }
  }

  addLabel(field) {
    const typed = field.value.trim();
    const list = this.card.querySelector("[data-labels-list]");
    if (!typed || !list) return;
    const label = labelOf(typed, list, (name) => this.editor?.labels.push(name));
    field.value = "";
    if (this.editor || (this.several ? !this.picked.includes(label) : this.chosen !== label)) this.setLabel(label);
    (this.editor?.svg ?? this.card).focus();
  }

  click(event) {
    const mark = event.target.closest("[data-span]");
    if (mark) return this.toggleMark(mark);
    const button = event.target.closest("button");
    if (!button) return;
    const { act, label, decide } = button.dataset;
    if (label !== undefined) this.setLabel(label);
    else if (this.clicks.isSecond(event, button)) this.ask("Clicked twice: it counts once.");
    else if (decide) this.decide("correct", decide);
    else if (act) this.run(act);
  }

  toggleMark(mark) { mark.setAttribute("aria-pressed", String(mark.getAttribute("aria-pressed") === "false")); }

  run(act) {
    const table = {
      accept: () => this.decide("accept"),
      good: () => this.decide("correct", this.words.good[0]),
      defect: () => this.decide("correct", this.chosenLabel(this.editor?.boxes ?? [])),
      unsure: () => this.decide("unsure"),
      skip: () => this.decide("skip"),
      undo: () => this.editor?.undo() || this.back(),
      delete: () => this.editor?.remove(),
      zoomIn: () => (this.editor ?? this.viewer)?.zoom(1.4),
      zoomOut: () => (this.editor ?? this.viewer)?.zoom(1 / 1.4),
      fit: () => (this.editor ?? this.viewer)?.fit(),
      nextChannel: () => this.viewer?.next(1),
      help: () => (this.help.open ? this.help.close() : this.help.showModal()),
      closeHelp: () => this.help.close(),
    };
    table[act]?.();
  }

  key(event) {
    const field = event.target.closest?.("input, textarea, select");
    if (field) {
      if (field.matches("[data-new-label]") && event.key === "Enter") this.addLabel(field);
      return;
    }
    if (event.key !== "?" && this.help.open) return;
    if (this.handle(event)) event.preventDefault();
  }

  handle(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z") return false;
      this.run("undo");
      return true;
    }
    if (event.altKey) return false;
    const keys = { a: "accept", g: "good", [this.words.goodKey]: "good", d: "defect", u: "unsure", s: "skip", "?": "help", Delete: "delete", Backspace: "delete", "+": "zoomIn", "=": "zoomIn", "-": "zoomOut", 0: "fit" };
    const mark = event.target.closest?.("[data-span]");
    if (mark && (key === "Enter" || key === " ")) {
      this.toggleMark(mark);
      return true;
    }
    const onControl = event.target.closest?.("button, a, summary");
    if (key === "Enter" && !onControl) keys.Enter = "accept";
    if (keys[key]) {
      if (!event.repeat || key === "+" || key === "-") this.run(keys[key]);
      return true;
    }
    if (!this.editor && this.handleCard(key, onControl)) return true;
    if (!this.editor || onControl) return false;
    return this.handleEditor(event, key);
  }

  // classes by number, what a card's own buttons name, and moving along a signal
  handleCard(key, onControl) {
    if (key >= "1" && key <= "9") {
      const button = this.card.querySelectorAll("[data-label]")[Number(key) - 1];
      if (button) this.setLabel(button.dataset.label);
      return Boolean(button);
    }
    if (/^[a-z]$/.test(key)) {
      const button = this.card.querySelector(`[data-key=${key}]`);
      button?.click();
      return Boolean(button);
    }
    if (!this.viewer || onControl || !ARROWS[key] || !ARROWS[key][0]) return false;
    this.viewer.pan(ARROWS[key][0]);
    return true;
  }

  handleEditor(event, key) {
    const step = event.shiftKey && !event.repeat ? 1 : event.repeat ? 4 : 1;
    if (key >= "1" && key <= "9") {
      const label = this.editor.labels[Number(key) - 1];
      if (label !== undefined) this.setLabel(label);
    } else if (ARROWS[key]) this.editor.nudge(ARROWS[key][0] * step, ARROWS[key][1] * step, event.shiftKey);
    else if (key === " ") this.setPanning(true);
    else if (key === "Escape") this.editor.select(-1);
    else if (key === "Tab" && event.target === this.editor.svg) return this.tab(event.shiftKey ? -1 : 1);
    else return false;
    return true;
  }

  // leaves the picture after the last box, so that the keyboard is never trapped
  tab(step) {
    const next = this.editor.selected + step;
    if (next < 0 || next >= this.editor.boxes.length) {
      if (this.editor.selected >= 0) this.editor.select(-1);
      return false;
    }
    this.editor.select(next);
    return true;
  }

  setPanning(on) {
    if (!this.editor) return;
    this.editor.panning = on;
    this.editor.host.classList.toggle("is-panning", on);
  }
  keyUp(event) { if (event.key === " ") this.setPanning(false); }
}

const root = document.querySelector("[data-review]");
if (root) new Review(root);
