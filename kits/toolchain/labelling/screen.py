"""How labelling looks in a terminal: one sample, its labels, the keys. Draws values; reads no keys.

What a sample says is never markup: every text is put in as text, already without what steers a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.panel import Panel
from rich.text import Text

from kits.toolchain.labelling.control import Control
from kits.toolchain.labelling.work import ON_KEYS, Guess, Task

_KEYS = (
    ("1-9", "label"), ("Enter", "accept the guess"), ("/", "search"), ("n", "new label"), ("m", "several"),
    ("o", "fits no other"), ("s", "skip"), ("u", "undo"), ("↑↓", "scroll"), ("q", "keep and quit"),
)  # fmt: skip
_FEW_LINES = 4
_BAR = 30


class Screen:
    """Everything on the screen for one moment; the text takes what room is left."""

    def __init__(self, control: Control) -> None:
        self.control = control

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        control, task = self.control, self.control.task
        if task is None:
            return
        below = [_labels(control, task), _prompt(control), _keys(control)]
        free = options.update(height=None)
        used = sum(len(console.render_lines(part, free)) for part in below)
        room = max(_FEW_LINES, (options.height or console.height) - used - 5)
        yield _head(control, task)
        yield _text(control, task, options.max_width, room)
        yield Group(*below)


def _head(control: Control, task: Task) -> Text:
    done = _BAR * (task.number - 1) // task.total
    return Text.assemble(
        (f"{task.number} of {task.total} ", "bold"),
        ("━" * done, "green"),
        ("─" * (_BAR - done), "dim"),
        f" {control.sitting.made} labelled in this round\n",
        (task.why, "dim"),
    )


def _text(control: Control, task: Task, width: int, room: int) -> Panel:
    lines = Text(task.shown.text).wrap(Console(width=width), max(20, width - 4))
    height = room - 2
    control.top = min(control.top, max(0, len(lines) - height))
    shown = lines[control.top : control.top + height]
    below = len(lines) - control.top - len(shown)
    more = f"{below} more lines: ↓" if below > 0 else ""
    return Panel(
        Text("\n").join(shown),
        title=Text(task.shown.title[: max(10, width - 8)]),
        title_align="left",
        subtitle=more,
        subtitle_align="right",
        height=min(room, len(shown) + 2) if below <= 0 and control.top == 0 else room,
    )


def _labels(control: Control, task: Task) -> Text:
    if control.mode == "search":
        found = control.found()[:ON_KEYS]
        if not found:
            return Text("no label has this in its name: Esc, then n makes one", style="dim")
        return _list(found, task.guess, control.picked, numbered=False)
    shown = _list(task.labels[:ON_KEYS], task.guess, control.picked, numbered=True)
    left = len(task.labels) - ON_KEYS
    if left > 0:
        shown.append(f"   and {left} more: /", style="dim")
    if not task.labels:
        shown.append("no labels yet: n makes one", style="dim")
    return shown


def _list(labels: Sequence[str], guess: Guess, picked: Sequence[str], *, numbered: bool) -> Text:
    shown = Text()
    for number, label in enumerate(labels, start=1):
        share = guess.likely.get(label, 0.0)
        key = f" {number} " if numbered else " ↵ " if number == 1 else "   "
        style = "bold green" if label in picked else "bold" if label in guess.labels else ""
        mark = "✓" if label in picked else ""
        likely = f" {100 * share:.0f} %" if share >= 0.005 else ""
        said = likely or (" guess" if label in guess.labels else "")
        # a key and its label stay on one line
        shown.append(_unbroken(key), style="reverse" if numbered or number == 1 else "")
        shown.append(_unbroken(f" {label}{mark}"), style=style)
        shown.append(_unbroken(said), style="dim")
        shown.append("   ")
    return shown


def _unbroken(text: str) -> str:
    return text.replace(" ", "\u00a0")


def _prompt(control: Control) -> Text:
    if control.mode == "search":
        return Text(f"search: {control.typed}▏", style="bold")
    if control.mode == "new":
        return Text(f"new label: {control.typed}▏", style="bold")
    if control.several:
        chosen = ", ".join(control.picked) or "none yet"
        return Text(f"several labels: {chosen} (Enter states them)", style="bold")
    return Text(control.message, style="yellow")


def _keys(control: Control) -> Text:
    shown = Text(style="dim")
    typing = control.mode in ("search", "new")
    keys = (("Enter", "take it"), ("Esc", "back")) if typing else _KEYS
    for key, what in keys:
        shown.append(key, style="bold")
        shown.append(f" {what}   ")
    return shown
