// The labels of a card: one that is typed is that which is there in another spelling, or a new button.

// what is alike of labels that only capitals and what stands between words tell apart; without a look back, which older tablets lack
const spelling = (label) => label.normalize("NFKC").toLowerCase().replace(/([\p{L}\p{N}])(?![\s_]+-\p{N})[\s_-]+(?=[\p{L}\p{N}])/gu, "$1 ");

// the typed label as the list spells it, which has a button for it then; the hub takes it as the one that is there, too
export function labelOf(typed, list, isNew) {
  const buttons = [...list.querySelectorAll("[data-label]")];
  const there = buttons.find((button) => spelling(button.dataset.label) === spelling(typed));
  if (there) return there.dataset.label;
  isNew(typed);
  const button = buttons[0].cloneNode(true);
  button.dataset.label = typed;
  const key = buttons.length < 9 ? [Object.assign(document.createElement("kbd"), { textContent: buttons.length + 1 })] : [];
  button.replaceChildren(...key, ` ${typed}`);
  list.append(button);
  return typed;
}
