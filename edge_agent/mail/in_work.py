"""Which mail is being judged: one that ended the agent more than once goes to a person unjudged.

A mail may be made to break a parser or a model in a way that ends the process; without this, each new life would
take it up again and end the same way. The note is written without `fsync`: it is for ends of the process, and a power
cut is no fault of a mail's.
"""

from __future__ import annotations

from pathlib import Path

DEATHS = 2
"""Lives that may end over a mail before a person gets it."""


class InWork:
    """The note.

    Args:
        path: of its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, sample_id: str) -> int:
        """A mail is taken up; how many lives have ended over it before."""
        before, ended = self._read()
        deaths = ended + 1 if before == sample_id else 0
        self._path.write_text(f"{sample_id} {deaths}", encoding="ascii")
        return deaths

    def end(self) -> None:
        """It was judged."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> tuple[str, int]:
        try:
            sample_id, _, deaths = self._path.read_text(encoding="ascii").partition(" ")
            return sample_id, int(deaths)
        except (OSError, ValueError):
            return "", 0
