// A double click on a decision counts once: by its second half another sample is on the screen, which nobody has looked at.

const STATING = ["accept", "good", "defect", "unsure"];
const LOOK_MS = 400; // who has looked at a sample for so long means it, however many clicks the browser counts on one place

export class Clicks {
  show(id) {
    this.id = id;
    this.since = performance.now();
  }

  // clicks by keyboard have no number
  isSecond(event, button) {
    if (!button.dataset.decide && !STATING.includes(button.dataset.act)) return false;
    if (event.detail < 2) this.began = this.id;
    return event.detail > 1 && this.began !== this.id && event.timeStamp - this.since < LOOK_MS;
  }
}
