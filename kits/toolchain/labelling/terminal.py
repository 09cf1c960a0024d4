"""Labelling in a terminal: keys in, screens out, round after round.

The edge only: what keys mean is `control.py`'s, how it looks `screen.py`'s. The terminal is given back as it was,
also after an error.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.text import Text

from kits.core.errors import UsageError
from kits.toolchain.labelling.control import Control
from kits.toolchain.labelling.desk import RoundEnd
from kits.toolchain.labelling.screen import Screen
from kits.toolchain.labelling.work import Sitting

_NAMED = {
    "\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace", "\x03": "end", "\x04": "end",
    "\x1b[A": "up", "\x1b[B": "down", "\x1bOA": "up", "\x1bOB": "down",
    "\x1b[5~": "pageup", "\x1b[6~": "pagedown", "\x1b": "escape",
}  # fmt: skip
_LOOK_AT_SIZE_S = 1.0


def require_terminal() -> None:
    """Raises UsageError when there is nobody to press keys."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "labelling needs a terminal",
            fix="kit label --page opens it in a browser; kit label --json says how far it is",
        )


def run(
    begin: Callable[[], Sitting], finish: Callable[[], RoundEnd], console: Console | None = None
) -> RoundEnd:
    """Rounds until there is nothing left or the person stops.

    Args:
        begin: starts the next round. Raises DataError when nothing is left.
        finish: keeps the round and says what it was worth.

    Returns:
        What the last round came to.
    """
    console = console or Console(highlight=False)
    with _keyboard() as keys, console.screen(hide_cursor=True) as screen:
        while True:
            screen.update(Text("choosing the ones that teach most …"))
            control = Control(begin())
            _round(control, keys, console, screen.update)
            screen.update(Text("measuring what these labels bought …"))
            end = finish()
            if control.left or not end.waiting:
                return end
            keys(0)  # typed while nobody could see what for
            screen.update(_after(end))
            if not _wants_more(keys):
                return end


def _round(
    control: Control,
    keys: Callable[[float], list[str]],
    console: Console,
    show: Callable[[Screen], None],
) -> None:
    """One round, to its end or until the person leaves it."""
    while not control.over:
        show(Screen(control))
        pressed: list[str] = []
        size = console.size
        while not pressed and size == console.size:  # a window that grew is drawn again
            pressed = keys(_LOOK_AT_SIZE_S)
        for key in pressed:
            if not control.over:
                control.press(key)


def _after(end: RoundEnd) -> Group:
    more = Text("\nEnter: the next round   q: keep and quit", style="bold")
    return Group(*(Text(line) for line in (end.line, *end.rows)), more)


def _wants_more(keys: Callable[[float], list[str]]) -> bool:
    while True:
        for key in keys(_LOOK_AT_SIZE_S):
            if key in ("enter", "q", "end"):
                return key == "enter"


@contextmanager
def _keyboard() -> Iterator[Callable[[float], list[str]]]:
    """Keys as they are pressed; the function waits so many seconds for some."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def read(seconds: float) -> list[str]:
        if not select.select([descriptor], [], [], seconds)[0]:
            return []
        content = os.read(descriptor, 1024)
        # an empty read: the terminal is gone, and with it whoever sat there
        return split_keys(decoder.decode(content)) if content else ["end"]

    try:
        tty.setraw(descriptor, termios.TCSADRAIN)
        attributes = termios.tcgetattr(descriptor)
        attributes[1] |= termios.OPOST  # lines still begin at the left
        termios.tcsetattr(descriptor, termios.TCSADRAIN, attributes)
        yield read
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def split_keys(text: str) -> list[str]:
    """What was pressed, by name; unknown sequences and control characters are passed over."""
    keys = []
    while text:
        length = next((n for n in (4, 3, 1) if text[:n] in _NAMED), 0)
        if length == 1 and text[0] == "\x1b" and len(text) > 1 and text[1] in "[O":
            length = _sequence(text)
        if length and text[:length] in _NAMED:
            keys.append(_NAMED[text[:length]])
        elif not length:
            length = 1
            if text[0].isprintable():
                keys.append(text[0])
        text = text[length:]
    return keys


def _sequence(text: str) -> int:
    """Length of an escape sequence that has no name here: up to its final letter."""
    for place in range(2, min(len(text), 16)):
        if text[place].isalpha() or text[place] == "~":
            return place + 1
    return len(text)
