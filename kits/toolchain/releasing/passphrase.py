"""Where passphrases come from: the environment, else the keyboard; each is asked for once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

from kits.core.errors import UsageError

PASSPHRASE_VARIABLE = "KIT_KEY_PASSPHRASE"  # noqa: S105  the variable's name
MIN_CHARACTERS = 8
_TRIES = 3


class Passphrases:
    """The passphrases of one command. They are in no repr and no log.

    Args:
        ask: shows a question and reads without echo; None: there is nobody to ask.
    """

    def __init__(self, ask: Callable[[str], str] | None = None) -> None:
        self._ask = ask
        self._known: list[bytes] = []

    def new(self) -> bytes:
        """The passphrase for new keys, typed twice.

        Raises:
            UsageError: nobody to ask, too short, or typed differently.
        """
        given = os.environ.get(PASSPHRASE_VARIABLE, "")
        if not given:
            given = self._asked("passphrase for the new keys: ")
            if given != self._asked("the same again: "):
                raise UsageError("these were two different passphrases", fix="repeat the command")
        if len(given) < MIN_CHARACTERS:
            raise UsageError(
                f"a passphrase has at least {MIN_CHARACTERS} characters",
                fix="a longer one: a few words",
            )
        self.worked(given.encode())
        return given.encode()

    def tries(self, name: str) -> Iterator[bytes]:
        """What may open the key `name`: what worked before, the environment, the keyboard."""
        yield from list(self._known)
        given = os.environ.get(PASSPHRASE_VARIABLE, "")
        if given:
            if given.encode() not in self._known:
                yield given.encode()
            return
        for _ in range(_TRIES):
            yield self._asked(f"passphrase of {name}: ").encode()

    def worked(self, passphrase: bytes) -> None:
        """Remembers one for the next key of this command."""
        if passphrase not in self._known:
            self._known.append(passphrase)

    def _asked(self, question: str) -> str:
        if self._ask is None:
            raise UsageError(
                "a passphrase is needed and there is no terminal to ask at",
                fix=f"set {PASSPHRASE_VARIABLE}",
            )
        return self._ask(question)


def from_terminal() -> Passphrases:
    """Asks at the terminal when there is one."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return Passphrases()
    from getpass import getpass

    return Passphrases(getpass)
