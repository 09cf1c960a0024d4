// A double click on a decision counts once: by its second half another sample is on the screen, which nobody has looked at.

const STATING = ["accept", "good", "defect"];

export class Clicks {
  // `id`: of the sample that is shown; clicks by keyboard have no number
  isSecond(event, button, id) {
    if (!button.dataset.decide && !STATING.includes(button.dataset.act)) return false;
    if (event.detail < 2) this.began = id;
    return event.detail > 1 && this.began !== id;
  }
}
