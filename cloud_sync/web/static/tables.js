// Tables on narrow screens: cells that stand below each other say which column they are of, and what can be
// scrolled can be reached by key.

// A stacked row is drawn as blocks, which takes its meaning from a table: that is said anew.
function nameCells(table) {
  const columns = [...table.querySelectorAll("thead th")].map((head) => (head.querySelector(".visually-hidden") ? "" : head.textContent.trim()));
  for (const row of table.querySelectorAll("tbody tr")) {
    row.setAttribute("role", "row");
    let place = 0;
    for (const cell of row.cells) {
      cell.setAttribute("role", "cell");
      if (place > 0 && cell.colSpan === 1 && columns[place]) cell.dataset.name = columns[place];
      place += cell.colSpan;
    }
  }
}

function makeReachable(box) {
  const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
  if (scrolls) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}

// What grows or shrinks later (a window, a font that arrives, details that open) is measured again.
const sizes = new ResizeObserver((changed) => {
  for (const { target } of changed) makeReachable(target.closest(".table, pre, .log"));
});

export function fitTables(root) {
  root.querySelectorAll(".table.stacks table").forEach(nameCells);
  for (const box of root.querySelectorAll("main .table, main pre, main .log")) {
    makeReachable(box);
    for (const part of [box, ...box.children]) sizes.observe(part);
  }
}
