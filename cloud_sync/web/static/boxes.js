// Draws and edits boxes on one picture, by mouse, pen, touch and keyboard. Knows nothing of the hub:
// it is given a picture, suggestions and classes, and is asked for `boxes` when a person is done.

const NS = "http://www.w3.org/2000/svg";
const HANDLES = [
  ["nw", 0, 0], ["n", 0.5, 0], ["ne", 1, 0], ["e", 1, 0.5],
  ["se", 1, 1], ["s", 0.5, 1], ["sw", 0, 1], ["w", 0, 0.5],
];
const MIN_SIZE = 3; // picture pixels: smaller is a slip of the hand
const MAX_ZOOM = 40;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const copy = (boxes) => boxes.map((box) => ({ ...box }));

function shape(name, attributes, parent) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (parent) parent.append(node);
  return node;
}

export class BoxEditor {
  // `data-unnamed` of the host: what a model calls that which it marks, and has no class for
  // options: src, alt, suggestions [{x0,y0,x1,y1,label,confidence}], labels [text], say(text), changed(), shown(what `unseen` was)
  constructor(host, options) {
    this.host = host;
    this.labels = options.labels;
    this.say = options.say;
    this.changed = options.changed;
    this.shown = options.shown;
    this.label = this.labels[0] ?? "defect";
    this.boxes = options.suggestions.map((box) => ({ ...box, suggested: true }));
    this.selected = -1;
    this.chosen = "";
    this.history = [];
    this.pointers = new Map();
    this.panning = false;
    this.svg = shape("svg", { role: "application", tabindex: "0", "aria-label": options.alt }, host);
    this.picture = shape("image", { x: 0, y: 0 }, this.svg);
    this.layer = shape("g", {}, this.svg);
    this.#open(options.src);
    this.#listen();
  }

  // why nobody can judge it yet; empty: it is on the screen
  get unseen() {
    if (this.view) return "";
    return this.host.classList.contains("is-broken") ? "The picture cannot be shown: say unsure, or skip." : "The picture is still loading.";
  }

  get edited() { return this.history.length > 0; }

  // the class chosen with no box in hand, on a picture on which nothing is drawn, or what a model marked without a class
  get whole() {
    return this.edited || this.boxes.some((box) => box.label !== this.host.dataset.unnamed) ? "" : this.chosen;
  }

  get named() { return this.result.map((box) => ({ ...box, label: this.whole || box.label })); }

  get result() {
    return this.boxes.map(({ x0, y0, x1, y1, label }) => ({ x0, y0, x1, y1, label }));
  }

  #open(src) {
    const image = new Image();
    image.addEventListener("load", () => {
      this.width = image.naturalWidth;
      this.height = image.naturalHeight;
      this.picture.setAttribute("width", this.width);
      this.picture.setAttribute("height", this.height);
      this.picture.setAttribute("href", src);
      const wait = this.unseen;
      this.fit();
      this.shown(wait);
    });
    image.addEventListener("error", () => this.host.classList.add("is-broken"));
    image.src = src;
  }

  #listen() {
    this.svg.addEventListener("pointerdown", (event) => this.#down(event));
    this.svg.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.svg.addEventListener(name, (event) => this.#up(event));
    }
    this.svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * 0.0015), this.#at(event));
    }, { passive: false });
    this.svg.addEventListener("dblclick", () => this.fit());
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  // --- view ---------------------------------------------------------------------------------

  fit() {
    if (!this.width) return;
    this.view = { x: 0, y: 0, w: this.width, h: this.height };
    this.draw();
  }

  zoom(factor, at) {
    if (!this.view) return;
    const centre = at ?? { x: this.view.x + this.view.w / 2, y: this.view.y + this.view.h / 2 };
    const w = clamp(this.view.w / factor, this.width / MAX_ZOOM, this.width);
    const ratio = w / this.view.w;
    this.view = {
      x: centre.x - (centre.x - this.view.x) * ratio,
      y: centre.y - (centre.y - this.view.y) * ratio,
      w,
      h: this.view.h * ratio,
    };
    this.#pan(0, 0);
  }

  #pan(dx, dy) {
    this.view.x = clamp(this.view.x - dx, 0, this.width - this.view.w);
    this.view.y = clamp(this.view.y - dy, 0, this.height - this.view.h);
    this.draw();
  }

  // picture pixels per CSS pixel
  get scale() {
    const { clientWidth, clientHeight } = this.svg;
    return Math.max(this.view.w / (clientWidth || 1), this.view.h / (clientHeight || 1));
  }

  #at(event) {
    const point = new DOMPoint(event.clientX, event.clientY);
    return point.matrixTransform(this.svg.getScreenCTM().inverse());
  }

  // --- pointer ------------------------------------------------------------------------------

  #down(event) {
    if (!this.view || event.button > 1) return;
    event.preventDefault();
    this.svg.focus({ preventScroll: true });
    this.svg.setPointerCapture(event.pointerId);
    const at = this.#at(event);
    this.pointers.set(event.pointerId, at);
    if (this.pointers.size === 2) return this.#startPinch();
    const { handle, index } = event.target.dataset;
    if (this.panning || event.button === 1) {
      this.drag = { kind: "pan" };
    } else if (handle !== undefined) {
      this.drag = { kind: "resize", handle, from: at, box: { ...this.boxes[this.selected] } };
    } else if (index !== undefined) {
      this.select(Number(index));
      this.drag = { kind: "move", from: at, box: { ...this.boxes[this.selected] } };
    } else {
      this.drag = { kind: "draw", from: at };
    }
  }

  #startPinch() {
    if (this.drag?.remembered) this.undo();
    const [one, two] = [...this.pointers.values()];
    this.drag = { kind: "pinch", apart: Math.hypot(one.x - two.x, one.y - two.y) };
  }

  #move(event) {
    if (!this.drag || !this.pointers.has(event.pointerId)) return;
    const at = this.#at(event);
    const before = this.pointers.get(event.pointerId);
    if (this.drag.kind === "pan") return this.#pan(at.x - before.x, at.y - before.y);
    this.pointers.set(event.pointerId, at);
    if (this.drag.kind === "pinch") {
      const [one, two] = [...this.pointers.values()];
      const apart = Math.hypot(one.x - two.x, one.y - two.y);
      return this.zoom(apart / this.drag.apart, { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 });
    }
    this.#remember();
    if (this.drag.kind === "draw") this.#drawTo(at);
    else if (this.drag.kind === "move") this.#shift(at.x - this.drag.from.x, at.y - this.drag.from.y);
    else this.#resizeTo(at);
  }

  #up(event) {
    this.pointers.delete(event.pointerId);
    const box = this.boxes[this.selected];
    if (this.drag?.remembered && box) {
      if (box.x1 - box.x0 < MIN_SIZE || box.y1 - box.y0 < MIN_SIZE) this.undo();
      else this.#announce(this.drag.kind === "draw" ? "Box drawn" : "Box changed");
    } else if (this.drag?.kind === "draw") {
      this.select(-1);
    }
    this.drag = null;
  }

  #drawTo(at) {
    const { from } = this.drag;
    if (this.drag.index === undefined) {
      this.drag.index = this.boxes.push({ label: this.label }) - 1;
      this.selected = this.drag.index;
    }
    this.#place(Math.min(from.x, at.x), Math.min(from.y, at.y), Math.max(from.x, at.x), Math.max(from.y, at.y));
  }

  #shift(dx, dy) {
    const { box } = this.drag;
    const x = clamp(dx, -box.x0, this.width - box.x1);
    const y = clamp(dy, -box.y0, this.height - box.y1);
    this.#place(box.x0 + x, box.y0 + y, box.x1 + x, box.y1 + y);
  }

  #resizeTo(at) {
    const { handle, box } = this.drag;
    const xs = handle.includes("w") ? [at.x, box.x1] : handle.includes("e") ? [box.x0, at.x] : [box.x0, box.x1];
    const ys = handle.includes("n") ? [at.y, box.y1] : handle.includes("s") ? [box.y0, at.y] : [box.y0, box.y1];
    this.#place(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
  }

  #place(x0, y0, x1, y1) {
    const box = this.boxes[this.selected];
    const round = (value) => Math.round(value * 10) / 10;
    box.x0 = round(clamp(x0, 0, this.width));
    box.y0 = round(clamp(y0, 0, this.height));
    box.x1 = round(clamp(x1, 0, this.width));
    box.y1 = round(clamp(y1, 0, this.height));
    box.suggested = false;
    this.draw();
  }

  // --- edits --------------------------------------------------------------------------------

  // one undo step per gesture, taken when the gesture first changes something
  #remember() {
    if (this.drag?.remembered) return;
    if (this.drag) this.drag.remembered = true;
    this.history.push({ boxes: copy(this.boxes), selected: this.selected });
    this.changed();
  }

  select(index) {
    this.selected = index;
    this.draw();
    if (index >= 0) this.#announce(`Box ${index + 1} of ${this.boxes.length}`);
  }

  cycle(step) {
    if (this.boxes.length === 0) return;
    const start = this.selected < 0 ? (step > 0 ? -1 : 0) : this.selected;
    this.select((start + step + this.boxes.length) % this.boxes.length);
  }

  setLabel(label) {
    this.label = label;
    const box = this.boxes[this.selected];
    if (!box) this.chosen = label;
    if (box && box.label !== label) {
      this.#remember();
      box.label = label;
      box.suggested = false;
      this.#announce("Class changed");
    }
    this.draw();
  }

  remove() {
    if (this.selected < 0) return;
    this.#remember();
    this.boxes.splice(this.selected, 1);
    this.selected = Math.min(this.selected, this.boxes.length - 1);
    this.say(`Box deleted, ${this.boxes.length} left`);
    this.draw();
  }

  nudge(dx, dy, resize) {
    const box = this.boxes[this.selected];
    if (!box) return this.#pan(-dx * this.scale * 20, -dy * this.scale * 20);
    this.#remember();
    if (resize) this.#place(box.x0, box.y0, Math.max(box.x0 + MIN_SIZE, box.x1 + dx), Math.max(box.y0 + MIN_SIZE, box.y1 + dy));
    else this.#place(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy);
  }

  undo() {
    const last = this.history.pop();
    if (!last) return false;
    this.boxes = last.boxes;
    this.selected = Math.min(last.selected, this.boxes.length - 1);
    this.changed();
    this.draw();
    return true;
  }

  #announce(what) {
    const box = this.boxes[this.selected];
    const size = `${Math.round(box.x1 - box.x0)} by ${Math.round(box.y1 - box.y0)} pixels`;
    this.say(`${what}: ${box.label}, ${size}`);
  }

  // --- drawing ------------------------------------------------------------------------------

  draw() {
    if (!this.view) return;
    this.svg.setAttribute("viewBox", Object.values(this.view).join(" "));
    this.layer.replaceChildren();
    this.boxes.forEach((box, index) => this.#drawBox(box, index));
  }

  #drawBox(box, index) {
    const unit = this.scale;
    const kind = box.suggested ? "is-suggested" : "is-stated";
    const chosen = index === this.selected ? "is-selected" : "";
    const colour = `tone-${Math.max(0, this.labels.indexOf(box.label)) % 9}`;
    const group = shape("g", { class: `box ${kind} ${chosen} ${colour}` }, this.layer);
    const width = box.x1 - box.x0;
    const height = box.y1 - box.y0;
    const rect = shape("rect", { x: box.x0, y: box.y0, width, height }, group);
    rect.dataset.index = index;
    const percent = box.suggested && box.confidence !== undefined ? ` ${Math.round(box.confidence * 100)} %` : "";
    const above = box.y0 - 5 * unit > this.view.y + 12 * unit;
    const text = shape("text", { x: box.x0, y: above ? box.y0 - 5 * unit : box.y1 + 15 * unit, "font-size": 13 * unit }, group);
    text.textContent = box.label + percent;
    if (index !== this.selected) return;
    const side = 11 * unit;
    for (const [handle, fx, fy] of HANDLES) {
      const grip = shape("rect", {
        class: `handle at-${handle}`, x: box.x0 + fx * width - side / 2, y: box.y0 + fy * height - side / 2, width: side, height: side,
      }, group);
      grip.dataset.handle = handle;
    }
  }
}
