"""The earliest time it can be: what a device with a wrong clock still knows for certain.

The floor is the latest of the agent's own build and of the times that the hub has signed. It is
kept on disk and only rises, so that a clock set back cannot make expired metadata fresh again. The
device's clock itself is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from edge_agent.clock import BUILT_AT
from edge_agent.log import warn
from kits.core.files import write_atomically
from kits.core.sample import utc_now

AHEAD = timedelta(days=1)
"""A clock further ahead of the hub's signed time than this is wrong."""


class _Kept(BaseModel):
    """`time_floor.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    time: AwareDatetime
    key_id: str


class TimeFloor:
    """The persisted floor.

    Args:
        path: where it is kept.
        wall: the device's clock, as it is.
        on_rise: is told the floor at the start and whenever it rises.
    """

    def __init__(
        self,
        path: Path,
        *,
        built_at: datetime = BUILT_AT,
        wall: Callable[[], datetime] = utc_now,
        on_rise: Callable[[datetime], None] = lambda _time: None,
    ) -> None:
        self._path = path
        self._built_at = built_at
        self._wall = wall
        self._on_rise = on_rise
        self._kept = self._read()
        self._heard: tuple[datetime, float] | None = None
        on_rise(self.time)

    def _read(self) -> _Kept | None:
        try:
            return _Kept.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            # the line must start; the hub signs the time again
            warn("time_floor_damaged", file=self._path.name, error=type(error).__name__)
            return None

    @property
    def time(self) -> datetime:
        """It is not earlier than this."""
        return max(self._built_at, self._kept.time) if self._kept else self._built_at

    @property
    def synced(self) -> bool:
        """Whether the device's clock is at least possible."""
        return self._wall() >= self.time

    def now(self, signed: datetime | None = None) -> datetime:
        """The time that metadata is checked against.

        Args:
            signed: what the hub has just signed; a clock far ahead of it is not believed.
        """
        wall = self._wall()
        if signed is None:
            return max(wall, self.time)
        if wall - signed > AHEAD:
            return max(signed, self.time)
        return max(wall, signed, self.time)

    def rise(self, time: datetime, key_id: str) -> None:
        """Remembers a time that the hub has signed with `key_id`, when it is a later one."""
        if time > self.time:
            self._kept = _Kept(time=time, key_id=key_id)
            write_atomically(self._path, self._kept.model_dump_json().encode())
            self._on_rise(time)

    def hear(self, time: datetime) -> None:
        """Takes note of a time that the hub has just signed, for as long as the agent runs."""
        self._heard = (time, monotonic())

    @property
    def signed(self) -> datetime | None:
        """Now by what the hub signed last, earlier than the floor or not; None: nothing was heard.

        A hub whose clock was ahead has raised the floor for good; this comes back with its clock.
        """
        heard = self._heard
        return heard[0] + timedelta(seconds=monotonic() - heard[1]) if heard else None

    def trust_only(self, key_ids: Iterable[str]) -> None:
        """Forgets a time signed by a key that is not trusted any more.

        A stolen timestamp key could sign a time far ahead and so lock every device out; replacing
        the key in the root metadata brings them back.
        """
        if self._kept is not None and self._kept.key_id not in set(key_ids):
            warn("time_floor_forgotten", key=self._kept.key_id[:12])
            self._kept = None
            self._path.unlink(missing_ok=True)
