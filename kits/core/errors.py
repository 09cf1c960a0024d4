"""Every error of Kitwright that a user can cause, as one tree.

An error here says *what* went wrong, *where*, and *how to fix it*; it is printed without a
traceback and ends the command with `exit_code`. Bugs are not in this tree and keep their traceback.

    KitwrightError               1  failed
    ├── UsageError               2  the command was called wrongly
    ├── ConfigError              3  a configuration file is wrong
    ├── DataError                3  the user's data cannot be used as it is
    ├── BundleError              3  a bundle is damaged, unsigned or not for this program
    ├── MachineError             4  this machine lacks something
    ├── UnreachableError         5  hub, broker or device does not answer
    └── GateError                6  a quality gate was not met
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

_T = TypeVar("_T")
_NEARLY, _WORD_NEARLY = 0.85, 0.75
"""So much of two names, and of each word of theirs, is the same where one is taken for the other, misspelt."""
_DIGITS, _WORDS = re.compile(r"\d+"), re.compile(r"[^\W_]+")
_NEXT_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


class KitwrightError(Exception):
    """Something a user can understand and fix.

    Args:
        what: one sentence, what went wrong.
        where: the file, key, sample or address it concerns.
        fix: what to do about it, as an instruction.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"  where: {self.where}")
        if self.fix:
            parts.append(f"  fix:   {self.fix}")
        return "\n".join(parts)

    @property
    def in_a_line(self) -> str:
        """What went wrong and what to do about it, for a log, an alert or a status line."""
        return f"{self.what}: {self.fix}" if self.fix else self.what

    def as_dict(self) -> dict[str, str]:
        """The error for `--json` output."""
        kind = type(self).__name__
        return {"error": kind, "what": self.what, "where": self.where, "fix": self.fix}


class UsageError(KitwrightError):
    """The command was called wrongly."""

    exit_code = 2


class ConfigError(KitwrightError):
    """A configuration file is wrong."""

    exit_code = 3


class DataError(KitwrightError):
    """The user's data cannot be used as it is."""

    exit_code = 3


class BundleError(KitwrightError):
    """A bundle is damaged, unsigned, or not for this program."""

    exit_code = 3


class MachineError(KitwrightError):
    """This machine lacks something: a package, a program, a driver, a permission."""

    exit_code = 4


class UnreachableError(KitwrightError):
    """The hub, the broker or a device does not answer."""

    exit_code = 5


class GateError(KitwrightError):
    """A quality gate was not met, so nothing was changed."""

    exit_code = 6


def plain_reason(error: object) -> str:
    """A network error in a few words: without the objects and numbers that libraries put before."""
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error).rsplit(": ", maxsplit=1)[-1])


def closest(word: str, known: Iterable[str]) -> str:
    """The known name that a misspelt word comes closest to; empty where none is close."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return close[0] if close else ""


def nearly(stated: Sequence[str], known: Collection[str]) -> dict[str, str]:
    """Stated names that are not known → the known one that each nearly is, and that is not stated itself.

    `close_date_2` is no misspelt `close_date_1`, nor `normal` a misspelt `abnormal`, nor `accel_x` a misspelt `accel_y`: digits,
    how a word begins and a letter that counts tell names apart.
    """
    free = {name.casefold(): name for name in known if name not in stated}
    found: dict[str, str] = {}
    for one in sorted(set(stated).difference(known)):
        near = [name for name in free if _is_slip(one, free[name])]
        close = difflib.get_close_matches(one.casefold(), near, n=1, cutoff=_NEARLY)
        if close:
            found[one] = free[close[0]]
    return found


def _is_slip(one: str, other: str) -> bool:
    """Whether a slip may have made one name of the other: names that are truly two are often as like."""
    if _DIGITS.findall(one) != _DIGITS.findall(other):
        return False
    words, others = (_WORDS.findall(_NEXT_WORD.sub(" ", name).casefold()) for name in (one, other))
    if len(words) != len(others):
        return "".join(words) == "".join(others)
    return all(a == b or _is_slip_of_word(a, b) for a, b in zip(words, others))


def _is_slip_of_word(one: str, other: str) -> bool:
    if one[0] != other[0] or (len(one) == len(other) and one[:-1] == other[:-1]):
        return False
    return difflib.SequenceMatcher(None, one, other).ratio() >= _WORD_NEARLY


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt word: `did you mean 'costs'?`, or the list of what is known."""
    names = sorted(known)
    close = closest(word, names)
    if close:
        return f"did you mean {close!r}?"
    return "known: " + ", ".join(names) if names else "nothing is known here"


def chosen(name: str, table: Mapping[str, _T], what: str) -> _T:
    """What a table holds for a name that a person gave.

    Args:
        what: begins the sentence about a name that is not in it: `unknown format`.

    Raises:
        UsageError: it is not in the table.
    """
    if name not in table:
        raise UsageError(f"{what} {name!r}", fix=did_you_mean(name, table))
    return table[name]


def not_installed(package: str, extra: str, instead: str = "") -> MachineError:
    """The error about a package that is absent.

    Args:
        extra: of Kitwright, that brings it.
        instead: what a person may do without it.
    """
    fix = f"pip install 'kitwright[{extra}]'"
    return MachineError(
        f"{package} is not installed", fix=f"{fix}, or {instead}" if instead else fix
    )
