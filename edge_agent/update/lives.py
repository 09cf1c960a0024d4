"""The agent's lives: ends without a stop (crashes) and boots, counted on a clock nobody can set.

A crash is a start that finds the mark of the life before it, in the same boot of the machine. Times
are monotonic and belong to one boot; after another boot counting begins anew. An end that something
else than the bundle led to, as a driver that hangs, is no crash.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent.clock import boot_id
from edge_agent.log import warn
from kits.core.files import write_atomically

_REMEMBERED = 20


class _Record(BaseModel):
    """`lives.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    boot: str = ""
    running: bool = False
    excused: bool = False
    crashes: tuple[float, ...] = ()


@dataclass(frozen=True)
class Clocks:
    """What tells lives apart; tests bring their own."""

    monotonic: Callable[[], float] = time.monotonic
    boot: Callable[[], str] = boot_id


class Lives:
    """Counts the agent's crashes.

    Args:
        path: where they are kept.
        window_s: a crash longer ago does not count.
    """

    def __init__(self, path: Path, window_s: float, clocks: Clocks = Clocks()) -> None:
        self._path = path
        self._window_s = window_s
        self._clocks = clocks
        self._record = self._read()
        self.after_crash = False
        """Whether the life before this one ended without a stop, in this boot or an earlier one."""
        self.after_reboot = False
        """Whether the machine went down under it."""

    def _read(self) -> _Record:
        try:
            return _Record.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return _Record()
        except (OSError, ValidationError) as error:
            warn("lives_damaged", file=self._path.name, error=type(error).__name__)
            return _Record()

    @property
    def boot(self) -> str:
        """The id of this boot of the machine."""
        return self._clocks.boot()

    def begin(self) -> None:
        """The agent starts."""
        self.after_crash = self._record.running and not self._record.excused
        self.after_reboot = self.after_crash and self._record.boot != self.boot
        crashes: tuple[float, ...] = ()
        if self._record.boot == self.boot:
            crashes = self._record.crashes
            if self.after_crash:
                crashes = (*crashes, self._clocks.monotonic())[-_REMEMBERED:]
        self._save(_Record(boot=self.boot, running=True, crashes=crashes))

    def end(self) -> None:
        """The agent stops because it was told to, or has nothing more to do.

        Not said when an exception ends it: to who waits for a line that is a crash like any other.
        """
        self._save(self._record.model_copy(update={"running": False}))

    def excuse(self, excused: bool) -> None:
        """Whether an end from now on is something else's doing: the watchdog starves, not by a model."""
        if excused != self._record.excused:
            self._save(self._record.model_copy(update={"excused": excused}))

    def forget(self) -> None:
        """What crashed is not there any more: counting begins anew."""
        self._save(self._record.model_copy(update={"crashes": ()}))

    @property
    def crashes(self) -> int:
        """Crashes within the window."""
        since = self._clocks.monotonic() - self._window_s
        return sum(at >= since for at in self._record.crashes)

    def _save(self, record: _Record) -> None:
        self._record = record
        try:
            write_atomically(self._path, record.model_dump_json().encode())
        except OSError as error:
            # a full disk must not keep the line from starting; this life is not counted
            warn("lives_not_written", error=error)
