// Small charts as SVG: curves with gaps, limits, marks, a reading under the pointer. Knows no data source.
// All words go in as text nodes, so hostile names are only ever text; colours are classes of app.css.

const NS = "http://www.w3.org/2000/svg";
const LEFT = 58, RIGHT = 14, TOP = 22, BOTTOM = 30;

export function node(name, attributes = {}, text = undefined) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function ticks(low, high, about) {
  const span = high - low || 1;
  const raw = span / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6 && found.length < 50; at += step) found.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return found;
}

export function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) return value.toExponential(1).replace("e+", "e");
  return String(Number(value.toPrecision(4)));
}

const finite = (values) => values.filter((value) => value !== null && Number.isFinite(value));

function extent(values, also = []) {
  const all = [...finite(values), ...finite(also)];
  let low = Infinity, high = -Infinity;
  for (const value of all) { low = Math.min(low, value); high = Math.max(high, value); }
  if (low > high) return [0, 1];
  const pad = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - pad, high + pad];
}

// A chart of `spec`: x, low, high (high may equal low), title, unit, xName, formatX, marks [{x, name, tone}],
// limits [{y, name, tone}], dots [{x, y, tone}], zero (the axis begins at 0), domain [from, to]
export class Chart {
  constructor(host, height, { select, pick } = {}) {
    this.svg = node("svg", { class: "plot", role: "img", tabindex: "-1" });
    this.height = height;
    this.select = select;
    this.pick = pick;
    host.append(this.svg);
    new ResizeObserver(() => this.spec && this.draw(this.spec)).observe(host);
    this.host = host;
    this.svg.addEventListener("pointermove", (event) => this.hover(event));
    this.svg.addEventListener("pointerleave", () => this.reading?.replaceChildren());
    this.svg.addEventListener("pointerdown", (event) => this.press(event));
    this.svg.addEventListener("pointerup", (event) => this.release(event));
    this.svg.addEventListener("pointercancel", () => { this.from = null; this.band.replaceChildren(); });
  }

  draw(spec) {
    this.spec = spec;
    this.width = Math.max(220, this.host.clientWidth);
    this.bottom = this.height - (spec.bare ? 8 : BOTTOM);
    const known = finite(spec.x);
    let [x0, x1] = spec.domain ?? [Math.min(...known), Math.max(...known)];
    if (!(x1 > x0)) { x0 = (known.length ? x0 : 0) - 0.5; x1 = x0 + 1; }
    const inside = (values) => values.filter((_, i) => spec.x[i] >= x0 && spec.x[i] <= x1);
    let [y0, y1] = extent([...inside(spec.low), ...inside(spec.high)], (spec.limits ?? []).map((limit) => limit.y));
    if (spec.zero) y0 = 0;
    this.scale = { x0, x1, y0, y1 };
    this.svg.replaceChildren();
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.svg.setAttribute("height", this.height);
    this.svg.setAttribute("aria-label", spec.label ?? spec.title ?? "");
    this.axes(spec);
    this.missing(spec);
    this.curve(spec);
    for (const limit of spec.limits ?? []) this.limit(limit);
    this.marks(spec.marks ?? []);
    for (const dot of spec.dots ?? []) this.svg.append(node("circle", { class: `dot ${dot.tone ?? ""}`, cx: this.px(dot.x), cy: this.py(dot.y), r: 3 }));
    this.svg.append(node("text", { class: "title", x: 4, y: 12 }, spec.unit ? `${spec.title} (${spec.unit})` : spec.title));
    this.band = node("g");
    this.reading = node("g", { class: "reading" });
    this.svg.append(this.band, this.reading);
  }

  px(x) { return LEFT + ((x - this.scale.x0) / (this.scale.x1 - this.scale.x0)) * (this.width - LEFT - RIGHT); }

  py(y) { return this.bottom - ((y - this.scale.y0) / (this.scale.y1 - this.scale.y0)) * (this.bottom - TOP); }

  axes(spec) {
    const { x0, x1, y0, y1 } = this.scale;
    for (const y of ticks(y0, y1, Math.max(5, this.height / 40))) {
      this.svg.append(node("line", { class: "grid", x1: LEFT, x2: this.width - RIGHT, y1: this.py(y), y2: this.py(y) }));
      this.svg.append(node("text", { class: "tick at-end", x: LEFT - 6, y: this.py(y) + 4 }, short(y)));
    }
    if (spec.bare) return;
    for (const x of spec.ticksX ? spec.ticksX(x0, x1, this.width / 110) : ticks(x0, x1, this.width / 90)) {
      this.svg.append(node("line", { class: "grid", x1: this.px(x), x2: this.px(x), y1: this.bottom, y2: this.bottom + 4 }));
      this.svg.append(node("text", { class: "tick", x: this.px(x), y: this.bottom + 16 }, (spec.formatTick ?? spec.formatX ?? short)(x)));
    }
    if (spec.xName) this.svg.append(node("text", { class: "tick at-end", x: this.width - RIGHT, y: this.height - 2 }, spec.xName));
  }

  curve({ x, low, high, line }) {
    const { x0, x1 } = this.scale;
    let edge = "", back = [], area = "";
    const close = () => { if (back.length > 1) area += `${edge}L${back.reverse().join("L")}Z`; edge = ""; back = []; };
    let path = "", open = false;
    for (let i = 0; i < x.length; i += 1) {
      const outside = (x[i + 1] ?? x[i]) < x0 || (x[i - 1] ?? x[i]) > x1;
      if (outside || low[i] === null || high[i] === null) { close(); open = false; continue; }
      const at = this.px(x[i]).toFixed(2), up = this.py(high[i]).toFixed(2), down = this.py(low[i]).toFixed(2);
      edge += `${edge ? "L" : "M"}${at},${up}`;
      back.push(`${at},${down}`);
      path += `${open ? "L" : "M"}${at},${up}${up === down ? "" : `L${at},${down}`}`;
      open = true;
    }
    close();
    if (!line) this.svg.append(node("path", { class: "area", d: area || "M0,0" }));
    this.svg.append(node("path", { class: "curve", d: path || "M0,0" }));
  }

  // where readings are missing: hatched, so that a gap is not taken for a flat line
  missing({ x, low }) {
    for (let i = 0; i < x.length; i += 1) {
      if (low[i] !== null) continue;
      let j = i;
      while (j + 1 < x.length && low[j + 1] === null) j += 1;
      const from = this.px(x[Math.max(0, i - 1)]), to = this.px(x[Math.min(x.length - 1, j + 1)]);
      this.svg.append(node("rect", { class: "missing", x: from, y: TOP, width: Math.max(2, to - from), height: this.bottom - TOP }));
      i = j;
    }
  }

  limit({ y, name, tone }) {
    this.svg.append(node("line", { class: `limit ${tone}`, x1: LEFT, x2: this.width - RIGHT, y1: this.py(y), y2: this.py(y) }));
    this.svg.append(node("text", { class: `tick at-end ${tone}`, x: this.width - RIGHT - 2, y: this.py(y) - 4 }, name));
  }

  // names side by side go into different lines; those that find no room are left out, lesser ones first
  marks(marks) {
    const taken = [];
    for (const { x, name, tone, lesser } of [...marks].sort((a, b) => Boolean(a.lesser) - Boolean(b.lesser) || a.x - b.x)) {
      if (x < this.scale.x0 || x > this.scale.x1) continue;
      const at = this.px(x);
      this.svg.append(node("line", { class: `mark ${tone ?? ""} ${lesser ? "is-lesser" : ""}`, x1: at, x2: at, y1: TOP, y2: this.bottom }));
      if (!name) continue;
      const wide = name.length * 6.4 + 8, left = at + wide > this.width - RIGHT;
      const [from, to] = left ? [at - wide, at] : [at, at + wide];
      const free = [0, 1, 2].find((row) => taken.every((one) => one.row !== row || one.to < from || one.from > to));
      if (free === undefined) continue;
      taken.push({ row: free, from, to });
      this.svg.append(node("text", { class: `tick ${left ? "at-end" : "at-start"} ${tone ?? ""}`, x: left ? at - 3 : at + 3, y: TOP + 10 + free * 12 }, name));
    }
  }

  unpx(event) {
    const box = this.svg.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * this.width;
    const share = Math.min(1, Math.max(0, (at - LEFT) / (this.width - LEFT - RIGHT)));
    return this.scale.x0 + share * (this.scale.x1 - this.scale.x0);
  }

  nearest(x) {
    let best = -1;
    this.spec.x.forEach((at, i) => { if (this.spec.low[i] !== null && (best < 0 || Math.abs(at - x) < Math.abs(this.spec.x[best] - x))) best = i; });
    return best;
  }

  hover(event) {
    if (!this.spec) return;
    const x = this.unpx(event);
    if (this.from !== null && this.from !== undefined) this.shade(this.from, x);
    const i = this.nearest(x);
    this.reading.replaceChildren();
    if (i < 0) return;
    const { low, high } = this.spec, at = this.px(this.spec.x[i]);
    const value = low[i] === high[i] ? short(high[i]) : `${short(low[i])} … ${short(high[i])}`;
    const right = at > this.width / 2;
    const words = `${(this.spec.formatX ?? short)(this.spec.x[i])}${this.spec.xUnit ? ` ${this.spec.xUnit}` : ""}: ${value}`;
    this.reading.append(
      node("line", { x1: at, x2: at, y1: TOP, y2: this.bottom }),
      node("text", { class: right ? "at-end" : "at-start", x: right ? at - 6 : at + 6, y: this.bottom - 6 }, words),
    );
  }

  shade(from, to) {
    const [a, b] = [this.px(Math.min(from, to)), this.px(Math.max(from, to))];
    this.band.replaceChildren(node("rect", { class: "chosen", x: a, y: TOP, width: Math.max(0, b - a), height: this.bottom - TOP }));
  }

  press(event) {
    if (!this.spec || (!this.select && !this.pick)) return;
    this.svg.setPointerCapture(event.pointerId);
    this.from = this.unpx(event);
  }

  release(event) {
    if (this.from === null || this.from === undefined) return;
    const to = this.unpx(event), from = this.from;
    this.from = null;
    this.band.replaceChildren();
    const wide = Math.abs(this.px(to) - this.px(from));
    if (this.select && wide > 6) this.select(Math.min(from, to), Math.max(from, to));
    else if (this.pick && wide <= 6) this.pick(this.nearest(to));
  }
}
