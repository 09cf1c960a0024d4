"""The file beside the outbox: which epoch must be there, and ends of epochs that nobody was told of.

It tells a file that vanished, was emptied or exchanged from one that never was. What is to be told stays
in it until the alert is committed, so that no crash in between leaves the hub waiting for rows that will
never come. On a full disk it lives in memory and is written as soon as it can be.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from edge_agent.log import warn
from kits.core.files import write_atomically


class Marker:
    """What is known of the outbox's file from outside of it.

    Attributes:
        present: whether there was an outbox here before.
        epoch: of that outbox; empty when it is not known.
        untold: epoch that ended → how.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.present = path.exists()
        self.epoch = ""
        self.untold: dict[str, str] = {}
        if self.present:
            self._read()

    def _read(self) -> None:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            self.epoch = str(found["epoch"])
            self.untold = {str(key): str(text) for key, text in found["untold"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            warn("epoch_marker_unreadable", error=error)

    def ended(self, epoch: str, how: str) -> bool:
        """Notes the end of an epoch once; False when it was known."""
        epoch = epoch or "unknown"
        if epoch in self.untold:
            return False
        self.untold[epoch] = how
        self._write()
        return True

    def runs(self, epoch: str) -> None:
        """The outbox that is here now."""
        if self.present and epoch == self.epoch:
            return
        self.epoch = epoch
        self._write()

    def told(self, epochs: Iterable[str]) -> None:
        """The alerts about these ends are committed."""
        for epoch in epochs:
            self.untold.pop(epoch, None)
        self._write()

    def _write(self) -> None:
        content = json.dumps({"epoch": self.epoch, "untold": self.untold})
        try:
            write_atomically(self._path, content.encode())
            self.present = True
        except OSError as error:
            warn("epoch_marker_not_written", error=error)
