"""Manners of the three command-line programs: answers, errors, exit codes.

The first line of output is the answer, the last the next command to type. With `--json` standard
output carries one JSON document and nothing else. Errors go to standard error, without traceback
when a user can fix them.
"""

from __future__ import annotations

import atexit
import errno
import gc
import getpass
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from pydantic import JsonValue

from kits.core.ending import ending_as_by_ctrl_c
from kits.core.errors import KitwrightError, MachineError
from kits.core.harmless import printable, printable_json

_INTERRUPTED = 130
"""How typer ends a program that somebody stops, without a word; one without typer gets the signal itself."""
_BY_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a program."""
_NO_RIGHTS = "use an account that may; for the files of a service: sudo -u kitwright …"
_IN_THE_WAY = "check the path: something else lies in the way"
_FIXES = {
    errno.ENOENT: "check the path",
    errno.EACCES: _NO_RIGHTS,
    errno.EPERM: _NO_RIGHTS,
    errno.EROFS: "this disk can only be read: choose another place",
    errno.EEXIST: _IN_THE_WAY,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EISDIR: _IN_THE_WAY,
    errno.ENOSPC: "make room on this disk",
}
"""What to do about an error of the operating system that concerns a file."""


@dataclass(frozen=True, slots=True)
class Console:
    """Where a command puts what it has to say.

    Args:
        as_json: one JSON document instead of text.
        quiet: only the answer.
    """

    as_json: bool = False
    quiet: bool = False

    def answer(self, text: str, data: Mapping[str, JsonValue] | Sequence[JsonValue]) -> None:
        """The answer: `text` for people, `data` for programs."""
        print(printable_json(data, 2) if self.as_json else printable(text), flush=True)

    def note(self, text: str) -> None:
        """Something worth knowing besides the answer; silent with `--json` and `-q`."""
        if not (self.as_json or self.quiet):
            print(printable(text), flush=True)

    def next(self, command: str) -> None:
        """The command a user most likely types next: the last line of output."""
        self.note(f"next: {command}")

    @property
    def interactive(self) -> bool:
        """Whether progress may be drawn."""
        return sys.stderr.isatty() and not (self.as_json or self.quiet)


def account_name() -> str:
    """The name of the account that types, behind `sudo` too; empty: it has none, as in some containers."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return ""


def run(app: Callable[[], object]) -> None:
    """Runs a command-line program; turns user errors into text and exit code."""
    # all that was loaded is not gone through for garbage before it is thrown away: a sixth of a verb of the hub
    atexit.register(gc.freeze)
    with ending_as_by_ctrl_c() as came:
        _run(app, came)


def _run(app: Callable[[], object], came: Sequence[signal.Signals]) -> None:
    try:
        app()
    except (SystemExit, KeyboardInterrupt) as end:
        if isinstance(end, SystemExit) and end.code != _INTERRUPTED:
            raise
        with suppress(OSError):  # of a terminal that was closed
            print(f"stopped by {came[0].name if came else 'Ctrl-C'}", file=sys.stderr, flush=True)
        sys.exit(_BY_SIGNAL + came[0] if came else _INTERRUPTED)
    except KitwrightError as error:
        _end(error)
    except BrokenPipeError:
        # the reader went away (`kit data list | head`); closing stdout silences Python's complaint
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.filename is None:  # a socket's, for example: whoever opened it should have said
            raise
        fix = _FIXES.get(error.errno or 0, "check the path and this disk")
        what = error.strerror or str(error)
        _end(MachineError(what, where=str(error.filename), fix=fix))


def _end(error: KitwrightError) -> NoReturn:
    if "--json" in sys.argv:
        print(printable_json({**error.as_dict()}, None))
    print(printable(f"error: {error}"), file=sys.stderr)
    sys.exit(error.exit_code)
