"""What a pretended CRM holds: its records in memory, each change of them told to whoever listens.

How records are named and shown outside is the vendor's; who made them up is `simulator.py`.
"""

from __future__ import annotations

import itertools
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal

from pydantic import JsonValue

from cloud_sync.crm.simulator.values import Change, Fields, Held, What

COURSE = 100
"""Writes into one record that are remembered."""
_TICK = timedelta(milliseconds=1)


class Records:
    """Records by id.

    Args:
        now: the CRM's clock; each change of a record is later than the one before by a millisecond at least.
        make_id: number, from 1 → id.
        told: gets every change, in the order in which they happened.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        make_id: Callable[[int], str],
        told: Callable[[Change], None],
    ) -> None:
        self._now = now
        self._make_id = make_id
        self._told = told
        self._held: dict[str, Held] = {}
        self._numbers = itertools.count(1)
        self._names: dict[str, None] = {}
        self.lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        with self.lock:
            return iter(list(self._held.values()))

    def names(self) -> list[str]:
        """All fields that any record ever had."""
        with self.lock:
            return list(self._names)

    def get(self, object_id: str) -> Held | None:
        """The record, unless it is unknown or deleted."""
        held = self._held.get(object_id)
        return None if held is None or held.deleted else held

    def any(self, object_id: str) -> Held | None:
        """The record, deleted or not."""
        return self._held.get(object_id)

    def add(
        self,
        fields: Mapping[str, JsonValue],
        *,
        object_id: str = "",
        columns: Mapping[str, str | float | bool] | None = None,
        truth: float = 0.0,
        created_at: datetime | None = None,
        quiet: bool = False,
    ) -> Held:
        """A new record; `quiet`: nobody is told, as of what was there before the webhook.

        An id that is given and not taken is kept.
        """
        with self.lock:
            at = created_at or self._now()
            held = Held(
                object_id if object_id and object_id not in self._held else self._fresh_id(),
                dict(fields), at, at, dict(columns or {}), truth,
            )  # fmt: skip
            self._held[held.object_id] = held
            self._names.update(dict.fromkeys(held.fields))
            if not quiet:
                self._told(self._change(held, "created", dict(fields), {}, "user"))
            return held

    def note(self, object_id: str, values: Mapping[str, JsonValue], *, same: bool) -> None:
        """Something was written about a record that is no field of it; of an unknown one nothing is noted."""
        with self.lock:
            held = self._held.get(object_id)
            if held is not None:
                _note(held, values, same=same)

    def _fresh_id(self) -> str:
        while (made := self._make_id(next(self._numbers))) in self._held:
            pass
        return made

    def set(
        self,
        object_id: str,
        values: Mapping[str, JsonValue],
        *,
        by: Literal["user", "api"] = "user",
        outcome: str = "",
    ) -> bool:
        """Sets fields; whether there was such a record. Nothing is told when nothing changed."""
        with self.lock:
            held = self.get(object_id)
            if held is None:
                return False
            previous = {name: held.fields.get(name) for name in values}
            changed = {name: value for name, value in values.items() if previous[name] != value}
            if by == "api":
                _note(held, values, same=not changed)
            if not changed:
                return True
            held.fields.update(changed)
            self._names.update(dict.fromkeys(changed))
            self._touch(held)
            held.written_last = by == "api"
            if outcome:
                held.outcome, held.outcome_at = outcome, held.modified_at
            told = {name: previous[name] for name in changed}
            self._told(self._change(held, "changed", changed, told, by))
            return True

    def remove(self, object_id: str, *, merged_into: str = "") -> bool:
        """Deletes a record, or merges it into another; whether it was there."""
        with self.lock:
            held = self.get(object_id)
            if held is None:
                return False
            held.deleted, held.merged_into = True, merged_into
            self._touch(held)
            what: What = "merged" if merged_into else "deleted"
            values: Fields = {"merged_into": merged_into} if merged_into else {}
            self._told(self._change(held, what, values, {}, "user"))
            return True

    def join(self, object_id: str, kept: str) -> bool:
        """Makes a new record of two, and its values are those of the one that is kept; whether both were there.

        Both are gone then, and say which record they are now.
        """
        with self.lock:
            one, other = self.get(object_id), self.get(kept)
            if one is None or other is None or one is other:
                return False
            own = {name: value for name, value in other.fields.items() if value not in (None, "")}
            made = self.add(
                {**one.fields, **own}, columns=other.columns, truth=other.truth,
                created_at=other.created_at, quiet=True,
            )  # fmt: skip
            made.fate, made.after, made.outcome = other.fate, other.after, other.outcome
            made.outcome_at = other.outcome_at
            for held in (other, one):
                made.made_of += [*held.made_of, held.object_id]
                held.deleted, held.merged_into = True, made.object_id
                self._touch(held)
            self._touch(made)
            values: Fields = {"merged_into": made.object_id, "kept": kept}
            self._told(self._change(one, "merged", values, {}, "user"))
            return True

    def became(self, object_id: str) -> str:
        """The id that a record has now: another one, if it was merged away."""
        with self.lock:
            while (held := self._held.get(object_id)) is not None and held.merged_into:
                object_id = held.merged_into
            return object_id

    def _touch(self, held: Held) -> None:
        held.modified_at = max(self._now(), held.modified_at + _TICK)
        held.version += 1

    def _change(
        self,
        held: Held,
        what: What,
        values: Fields,
        previous: Fields,
        by: Literal["user", "api"],
    ) -> Change:
        return Change(
            held.object_id, what, held.modified_at, values, previous, by, dict(held.fields)
        )


class Shown:
    """Records as the hub's user sees them: it may have lost the right to see some, and then they are not there.

    Attributes:
        hidden: share of the records that it does not see, always the same ones of them.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self.lock = records.lock
        self.names = records.names
        self.hidden = 0.0

    def __iter__(self) -> Iterator[Held]:
        return (held for held in self._records if self._sees(held.object_id))

    def get(self, object_id: str) -> Held | None:
        """As of `Records`."""
        return self._records.get(object_id) if self._sees(object_id) else None

    def any(self, object_id: str) -> Held | None:
        """As of `Records`."""
        return self._records.any(object_id) if self._sees(object_id) else None

    def became(self, object_id: str) -> str:
        """As of `Records`."""
        return self._records.became(object_id)

    def set(
        self, object_id: str, values: Mapping[str, JsonValue], *, by: Literal["user", "api"]
    ) -> bool:
        """As of `Records`."""
        return self._sees(object_id) and self._records.set(object_id, values, by=by)

    def note(self, object_id: str, values: Mapping[str, JsonValue], *, same: bool) -> None:
        """As of `Records`."""
        if self._sees(object_id):
            self._records.note(object_id, values, same=same)

    def _sees(self, object_id: str) -> bool:
        return zlib.crc32(object_id.encode()) / 2**32 >= self.hidden


def _note(held: Held, values: Mapping[str, JsonValue], *, same: bool) -> None:
    written = held.written
    written.times += 1
    written.same += same
    written.values = dict(values)
    written.course.append(dict(values))
    del written.course[:-COURSE]
