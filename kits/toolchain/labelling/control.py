"""What each key means: a state machine over a sitting, without a terminal.

It decides; `screen.py` draws it and `terminal.py` reads the keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kits.core.errors import UsageError
from kits.toolchain.labelling.work import ON_KEYS, Sitting, Task

Mode = Literal["plain", "several", "search", "new"]
MAX_TYPED = 60
_SCROLL = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10}


@dataclass
class Control:
    """A person at the keys.

    Attributes:
        task: what is on the screen; None once the round is over.
        typed: what was typed while searching or naming a new label.
        picked: labels chosen so far, while there are to be several.
        top: first line of the text that is shown.
        message: one sentence about the last key, empty when there is nothing to say.
        left: the person wants to stop.
    """

    sitting: Sitting
    mode: Mode = "plain"
    typed: str = ""
    picked: list[str] = field(default_factory=list)
    top: int = 0
    message: str = ""
    left: bool = False
    several: bool = False
    task: Task | None = None

    def __post_init__(self) -> None:
        self.task = self.sitting.task()

    @property
    def over(self) -> bool:
        """Whether nothing more is asked in this round."""
        return self.left or self.task is None

    def press(self, key: str) -> None:
        """One key: a character, or `enter`, `escape`, `backspace`, `up`, `down`, `pageup`, `pagedown`, `end`."""
        self.message = ""
        if key == "end":
            self.left = True
        elif self.task is None:
            self._after(key)
        elif self.mode in ("search", "new"):
            self._type(key)
        elif key in _SCROLL:
            self.top = max(0, self.top + _SCROLL[key])
        else:
            self._choose(key, self.task)

    def found(self) -> tuple[str, ...]:
        """Labels that fit what is typed, the ones that begin with it first."""
        if self.task is None:
            return ()
        wanted = self.typed.casefold()
        none = (self.sitting.none,) if self.sitting.none else ()
        fits = [name for name in (*self.task.labels, *none) if wanted in name.casefold()]
        return tuple(sorted(fits, key=lambda name: not name.casefold().startswith(wanted)))

    def _after(self, key: str) -> None:
        if key == "q":
            self.left = True
        elif key == "u":
            self._back()

    def _choose(self, key: str, task: Task) -> None:
        table = {
            "/": self._search, "n": self._new, "m": self._several, "s": self._skip,
            "u": self._back, "o": self._none, "enter": self._enter, "escape": self._drop, "q": self._quit,
        }  # fmt: skip
        if key in table:
            table[key]()
        elif key in "123456789" and len(key) == 1 and int(key) <= min(ON_KEYS, len(task.labels)):
            self._take(task.labels[int(key) - 1])
        else:
            self.message = "this key does nothing here"

    def _type(self, key: str) -> None:
        if key == "escape":
            self._leave_typing()
        elif key == "backspace":
            self.typed = self.typed[:-1]
        elif key == "enter":
            self._typed_enough()
        elif len(key) == 1 and len(self.typed) < MAX_TYPED:
            self.typed += key

    def _typed_enough(self) -> None:
        label = self.typed if self.mode == "new" else next(iter(self.found()), "")
        if not label:
            self.message = "no label fits" if self.mode == "search" else "a label needs a name"
            return
        self._leave_typing()
        self._take(label)

    def _leave_typing(self) -> None:
        self.mode, self.typed = ("several" if self.several else "plain"), ""

    def _search(self) -> None:
        self.mode, self.typed = "search", ""

    def _new(self) -> None:
        self.mode, self.typed = "new", ""

    def _several(self) -> None:
        self.several = not self.several
        self.mode, self.picked = ("several" if self.several else "plain"), []

    def _none(self) -> None:
        if self.sitting.none:
            self._state([self.sitting.none])
        else:
            self.message = "this kit has no label for what fits no other"

    def _enter(self) -> None:
        if self.several:
            self._state(self.picked)
        elif self.task is not None and self.task.guess.label:
            self._state(list(self.task.guess.labels))
        else:
            self.message = "there is no guess to accept: choose a label"

    def _drop(self) -> None:
        self.several, self.mode, self.picked = False, "plain", []

    def _quit(self) -> None:
        self.left = True

    def _skip(self) -> None:
        self.sitting.skip()
        self._next()

    def _back(self) -> None:
        if self.sitting.undo():
            self._next()
            self.message = "taken back"
        else:
            self.message = "nothing to take back in this round"

    def _take(self, label: str) -> None:
        if not self.several:
            self._state([label])
        elif label in self.picked:
            self.picked.remove(label)
        else:
            self.picked.append(label)

    def _state(self, labels: list[str]) -> None:
        try:
            told = self.sitting.state(labels)
        except UsageError as error:
            self.message = error.in_a_line
            return
        self._next()
        self.message = told

    def _next(self) -> None:
        self._drop()
        self.top = 0
        self.task = self.sitting.task()
