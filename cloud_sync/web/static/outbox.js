// Decisions on their way to the hub. Each is kept in local storage until the hub has confirmed it, in
// order; a lost network or a restarted hub is waited for. What the hub refuses
// (somebody else decided it) is said on the page. Other tabs of the same person have the same ones: what is
// in the storage is sent by whichever tab comes to it, at worst by two.
import { refused, send } from "/static/api.js";

const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 30000;

export class Outbox {
  // `login` keeps one person's decisions from being sent under another's name
  constructor(login, changed) {
    this.key = `kw-reviews-${login}`;
    this.changed = changed;
    this.wait = FIRST_WAIT_MS;
    this.problem = "";
    this.refused = "";
    this.sending = false;
    addEventListener("online", () => this.flush());
  }

  get rows() { return JSON.parse(localStorage.getItem(this.key) ?? "[]"); }

  get waiting() { return this.rows.length; }

  #store(rows) {
    localStorage.setItem(this.key, JSON.stringify(rows));
    this.changed({ waiting: rows.length, problem: this.problem, refused: this.refused });
  }

  add(body) {
    this.#store([...this.rows, body]);
    this.flush();
  }

  async flush() {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.timer);
    while (this.waiting > 0) {
      const row = this.rows[0];
      const answer = await send("POST", "/v1/reviews", row);
      if (answer.ok || refused(answer.status)) {
        this.wait = FIRST_WAIT_MS;
        this.problem = "";
        if (!answer.ok) this.refused = answer.what;
        this.#store(this.#without(row));
      } else {
        this.#retry(answer);
        break;
      }
    }
    this.sending = false;
  }

  // by what it says, not by its place: another tab may have sent it meanwhile
  #without(sent) {
    const place = this.rows.findIndex((row) => JSON.stringify(row) === JSON.stringify(sent));
    return this.rows.filter((_row, n) => n !== place);
  }

  #retry(answer) {
    const signIn = answer.status === 401 ? " Sign in again in another tab; nothing is lost." : "";
    this.problem = `${answer.what}${signIn} Trying again in ${Math.round(this.wait / 1000)} s.`;
    this.#store(this.rows);
    this.timer = setTimeout(() => this.flush(), this.wait);
    this.wait = Math.min(this.wait * 2, MAX_WAIT_MS);
  }
}

// tells on the page what waits and what was refused
export function showOutbox(root, { waiting, problem, refused: what }) {
  const note = root.querySelector("[data-outbox]");
  note.hidden = !problem && !what;
  note.textContent = [
    problem && `${waiting} ${waiting === 1 ? "decision" : "decisions"} not sent yet. ${problem}`,
    what && `One decision was not taken: ${what}`,
  ].filter(Boolean).join(" ");
  root.dataset.waiting = waiting;
}
