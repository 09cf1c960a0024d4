// A sensor window on a page: its channels over time, amplitude and envelope spectrum with marked orders,
// the scores of its asset. The hub decodes and thins it (`/v1/samples/ID/signal`); here it is only drawn.
import { Chart, short } from "/static/plot.js";

const POINTS = 1600;
const SHOWN = 6;
const HARMONICS = 3;
const HOUR = 3600, DAY = 86400;
const CLOCK = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const MARKS = { sample: ["this window", "is-here"], since: ["onset", "is-bad"], opened: ["opened", "is-bad"], acknowledged: ["taken on", ""], returned: ["returned", "is-good"], closed: ["closed", "is-good"] };

function piece(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

async function ask(url) {
  const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
  if (answer.ok) return answer.json();
  const said = await answer.json().catch(() => ({}));
  throw new Error(said.what ?? `the hub answered ${answer.status}`);
}

function steps(low, high, about) {
  const wanted = (high - low) / Math.max(1, about);
  const step = [60, 300, 900, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 90 * DAY].find((n) => n >= wanted) ?? 365 * DAY;
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high && found.length < 40; at += step) found.push(at);
  return found;
}

const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const clock = (seconds) => CLOCK.format(new Date(seconds * 1000));
const date = (seconds) => DATE.format(new Date(seconds * 1000));

export class ScoreHistory {
  constructor(host) {
    this.host = host;
    this.chart = new Chart(host, 190, { pick: (index) => this.open(index) });
    this.load();
  }

  async load() {
    try {
      this.draw(await ask(this.host.dataset.history));
    } catch (error) {
      this.host.replaceChildren(piece("p", { class: "muted" }, `The scores cannot be shown: ${error.message}`));
    }
  }

  draw(found) {
    this.found = found;
    if (!found.score.length) {
      this.host.replaceChildren(piece("p", { class: "muted" }, "No decisions on this asset in this time."));
      return;
    }
    const limits = [];
    if (found.act_at !== null) limits.push({ y: found.act_at, name: "alarm", tone: "is-bad" });
    if (found.review_from !== null && found.review_from !== found.act_at) limits.push({ y: found.review_from, name: "warn", tone: "is-warn" });
    const marks = Object.entries(found.marks).filter(([name, at]) => at !== null && MARKS[name]).map(([name, x]) => ({ x, name: MARKS[name][0], tone: MARKS[name][1] }));
    const first = found.at[0], last = found.at.at(-1);
    const dots = found.at.length <= 120 ? found.at.map((x, i) => ({ x, y: found.score[i], tone: found.verdict[i] })) : [];
    this.chart.draw({
      x: found.at, low: found.score, high: found.score, line: true, title: `Score of ${found.asset || found.device}`, limits, marks, dots,
      ticksX: steps, formatX: clock, formatTick: last - first > 3 * DAY ? date : clock, domain: last > first ? [first, last] : [first - HOUR, first + HOUR], zero: Math.min(...found.score) >= 0,
      label: `Scores of ${found.asset} from ${clock(first)} to ${clock(last)}, highest ${short(Math.max(...found.score))}`,
    });
    this.host.dataset.ready = "yes";
  }

  open(index) {
    if (index >= 0 && this.host.dataset.links !== undefined) location.assign(`/samples/${encodeURIComponent(this.found.sample[index])}`);
  }
}

export class SignalView {
  constructor(host) {
    this.host = host;
    this.orders = JSON.parse(host.dataset.orders || "{}");
    this.channel = 0;
    this.range = null;
    this.turn = 0;
    this.all = false;
    this.charts = [];
    this.load();
  }

  async load() {
    const turn = ++this.turn;
    const query = new URLSearchParams({ points: POINTS, channel: this.channel });
    if (this.range) { query.set("since", this.range[0]); query.set("until", this.range[1]); }
    try {
      const found = await ask(`${this.host.dataset.signal}?${query}`);
      if (turn === this.turn) this.draw(found);
    } catch (error) {
      if (turn === this.turn) this.host.replaceChildren(piece("p", { class: "card empty" }, `The window cannot be shown: ${error.message}`));
    }
  }

  draw(found) {
    const fresh = !this.found;
    this.found = found;
    if (fresh) this.build(found);
    this.showTimes(found);
    this.showSpectra(found);
    for (const [index, button] of this.buttons.entries()) button.setAttribute("aria-pressed", String(index === this.channel));
    this.host.dataset.ready = `${this.channel}/${this.range ? this.range.map(short).join("-") : "all"}`;
  }

  build(found) {
    this.host.replaceChildren();
    const facts = this.facts(found);
    this.times = piece("div", { class: "plots" });
    this.spectra = piece("div", { class: "plots" });
    this.buttons = found.channels.map((channel, index) => {
      const button = piece("button", { type: "button", class: "chip", "aria-pressed": "false" }, channel.name || `channel ${index + 1}`);
      button.addEventListener("click", () => this.choose(index));
      return button;
    });
    const chooser = piece("div", { class: "row chips", role: "group", "aria-label": "Channel whose spectra are shown" }, ...this.buttons);
    this.host.append(piece("p", { class: "muted small" }, facts), this.times, this.more(found), chooser, this.spectra);
    this.charts = found.channels.map(() => null);
    this.times.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.times.addEventListener("dblclick", () => this.fit());
  }

  facts(found) {
    const said = Object.entries(found.attributes).map(([name, value]) => `${name.replaceAll("_", " ")} ${typeof value === "number" ? short(value) : value}`);
    const rates = [...new Set(found.channels.map((channel) => channel.rate_hz))].filter((rate) => rate > 0).map((rate) => `${short(rate)} Hz`);
    const missing = found.channels.reduce((sum, channel) => sum + channel.missing, 0);
    return [`${short(found.duration)} ${found.axis}`, rates.join(" and "), ...said, missing ? `${missing} readings missing` : "", found.left_out ? `${found.left_out} more channels` : ""].filter(Boolean).join(" · ");
  }

  more(found) {
    const rest = found.channels.length - SHOWN;
    const button = piece("button", { type: "button", class: "quiet" }, `Show ${rest} more channels`);
    button.hidden = rest <= 0;
    button.addEventListener("click", () => { this.all = true; button.hidden = true; this.showTimes(this.found); });
    return button;
  }

  showTimes(found) {
    const upto = this.all ? found.channels.length : Math.min(SHOWN, found.channels.length);
    const domain = this.range ?? [0, found.duration];
    for (let i = 0; i < upto; i += 1) {
      const channel = found.channels[i], last = i === upto - 1;
      const height = upto === 1 ? 230 : upto <= 3 ? 150 : 96;
      this.charts[i] ??= new Chart(this.times, height, { select: (from, to) => this.zoomTo(from, to) });
      const chart = this.charts[i];
      chart.height = height + (last ? 22 : 0);
      chart.draw({
        x: channel.at, low: channel.low, high: channel.high, title: channel.name, unit: channel.unit, domain, bare: !last,
        xName: last ? (found.axis === "s" ? "seconds" : "readings") : "", xUnit: found.axis === "s" ? "s" : "",
        label: `${channel.name}: ${channel.readings} readings, RMS ${short(channel.rms)} ${channel.unit}`,
      });
    }
  }

  showSpectra(found) {
    this.spectra.replaceChildren();
    if (!found.spectrum) {
      this.spectra.append(piece("p", { class: "muted small" }, "No spectrum: this channel has no even rate, or too few readings."));
      return;
    }
    const channel = found.channels[this.channel];
    for (const [key, title] of [["spectrum", "Spectrum"], ["envelope", "Envelope spectrum"]]) {
      const box = piece("div");
      this.spectra.append(box);
      const { hz, amplitude, unit } = found[key];
      const marks = this.marks(found, key === "envelope");
      const domain = [0, key === "envelope" ? this.upto(found, hz.at(-1)) : hz.at(-1)];
      const spec = {
        x: hz, low: amplitude, high: amplitude, line: true, zero: true, title: `${title} of ${channel.name}`, unit, xName: "Hz", xUnit: "Hz", marks, domain,
        label: `${title}: highest line ${this.peak(hz, amplitude)}; marked: ${marks.map((mark) => mark.name).join(", ") || "nothing"}`,
      };
      const chart = new Chart(box, 190, { select: (from, to) => chart.draw({ ...spec, domain: [from, to] }) });
      chart.draw(spec);
      box.addEventListener("dblclick", () => chart.draw(spec));
    }
  }

  // the envelope matters as far as the orders go; without them all of it is shown
  upto(found, highest) {
    const named = Object.values(this.orders).filter((hz) => typeof hz === "number" && hz > 0);
    return named.length ? Math.min(highest, 3.4 * Math.max(...named)) : highest;
  }

  peak(hz, amplitude) {
    let best = 0;
    amplitude.forEach((value, i) => { if (value > amplitude[best]) best = i; });
    return `${short(hz[best])} Hz`;
  }

  // the shaft's speed; in the envelope also the orders the model named, with two harmonics each
  marks(found, orders) {
    const marks = [];
    const rpm = found.attributes.speed_rpm;
    if (typeof rpm === "number" && rpm > 0) marks.push({ x: rpm / 60, name: "1×", tone: "is-shaft" }, { x: rpm / 30, name: "2×", tone: "is-shaft", lesser: true });
    for (const [name, hz] of orders ? Object.entries(this.orders) : []) {
      if (typeof hz !== "number" || !(hz > 0)) continue;
      for (let n = 1; n <= HARMONICS; n += 1) marks.push({ x: n * hz, name: n === 1 ? name : `${n}×${name}`, tone: "is-order", lesser: n > 1 });
    }
    return marks;
  }

  // --- what a person does ---------------------------------------------------------------------

  choose(index) {
    if (index < 0 || index >= (this.found?.channels.length ?? 0)) return;
    this.channel = index;
    this.load();
  }

  next(step) { this.choose((this.channel + step + this.found.channels.length) % this.found.channels.length); }

  zoomTo(from, to) {
    const whole = this.found.duration;
    const least = whole / 20000;
    const [a, b] = [Math.max(0, from), Math.min(whole, Math.max(to, from + least))];
    this.range = a <= 0 && b >= whole ? null : [a, b];
    this.load();
  }

  zoom(factor, about = 0.5) {
    if (!this.found) return;
    const [a, b] = this.range ?? [0, this.found.duration];
    const centre = a + about * (b - a), wide = (b - a) / factor;
    this.zoomTo(centre - about * wide, centre + (1 - about) * wide);
  }

  pan(step) {
    if (!this.found || !this.range) return;
    const [a, b] = this.range, by = Math.min(Math.max(step * 0.25 * (b - a), -a), this.found.duration - b);
    this.zoomTo(a + by, b + by);
  }

  fit() {
    if (!this.range) return;
    this.range = null;
    this.load();
  }

  wheel(event) {
    if (!event.ctrlKey) return; // the page scrolls; with Ctrl the window zooms
    event.preventDefault();
    clearTimeout(this.wheeling);
    this.wheeling = setTimeout(() => this.zoom(event.deltaY < 0 ? 1.6 : 1 / 1.6), 60);
  }
}

export function showAll(root) {
  for (const host of root.querySelectorAll("[data-history]")) new ScoreHistory(host);
}

// pages beside the review, which makes its own views
if (!document.querySelector("[data-review]")) {
  showAll(document);
  for (const host of document.querySelectorAll("[data-signal]")) new SignalView(host);
}
