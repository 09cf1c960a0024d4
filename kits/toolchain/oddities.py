"""What a table of samples has that no single row shows: columns that all lack, cells that cannot be read, columns unlike
those that were learned from.

Kits tell the first two in a prediction's `details`, as `unknown_fields` and `unreadable_fields`, and the third by a runtime
that compares; where none does, nothing is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from pydantic import JsonValue

from kits.core.errors import DataError
from kits.core.ready import ReadyBundle
from kits.core.runtime import Compares, Skew
from kits.toolchain.predict import Input

_COMPARED = 2_000
"""Rows that are compared, drawn by lot from all."""
_LARGEST = 16 << 10
"""Bytes of a row that may be drawn: larger ones are no records of columns."""


@dataclass(frozen=True, slots=True)
class Odd:
    """What was found.

    Attributes:
        absent: fields that the bundle asks for and no sample had: of another spelling, or of another table.
        unreadable: field → samples in which it holds no number, date, or yes or no where the bundle learned from these.
        skews: fields in which samples are unlike those learned from.
    """

    absent: tuple[str, ...] = ()
    unreadable: Mapping[str, int] = field(default_factory=dict)
    skews: tuple[Skew, ...] = ()

    def as_json(self) -> dict[str, JsonValue]:
        """Its part of the answer of `kit predict --json`."""
        return {
            "absent": list(self.absent),
            "unreadable": dict(self.unreadable),
            "skews": [{"column": one.column, "text": one.text} for one in self.skews],
        }


class Oddities:
    """Looks on while samples are predicted, in memory that does not grow with their number."""

    def __init__(self) -> None:
        self._absent: dict[str, None] | None = None
        self._unreadable: Counter[str] = Counter()
        self._lots = np.random.default_rng(0)
        self._seen = 0
        self._drawn: list[Input] = []

    def passing(self, inputs: Iterable[Input]) -> Iterator[Input]:
        """The same inputs; some rows of tables are remembered, each as likely as any other (Vitter 1985, algorithm R)."""
        for given in inputs:
            if given.sample and given.content is not None and len(given.content) <= _LARGEST:
                self._seen += 1
                if len(self._drawn) < _COMPARED:
                    self._drawn.append(given)
                elif (place := int(self._lots.integers(self._seen))) < _COMPARED:
                    self._drawn[place] = given
            yield given

    def see(self, prediction: JsonValue) -> None:
        """Takes one prediction's JSON; one that is not there says nothing."""
        details = prediction.get("details") if isinstance(prediction, dict) else None
        if not isinstance(details, dict):
            return
        unknown, unreadable = details.get("unknown_fields"), details.get("unreadable_fields")
        if isinstance(unknown, list):
            asked = dict.fromkeys(map(str, unknown))
            left = asked if self._absent is None else self._absent
            self._absent = {name: None for name in left if name in asked}
        if isinstance(unreadable, list):
            self._unreadable.update(map(str, unreadable))

    def found(self, ready: Callable[[], ReadyBundle]) -> Odd:
        """What all of them showed, the most frequent first.

        Args:
            ready: gives the bundle that predicted; not called where there is nothing to compare.
        """
        absent = tuple(self._absent or ())
        skews = self._skews(ready()) if self._drawn else ()
        told = tuple(one for one in skews if one.column not in absent)
        return Odd(absent, dict(self._unreadable.most_common()), told)

    def _skews(self, ready: ReadyBundle) -> tuple[Skew, ...]:
        runtime = ready.runtime
        if not isinstance(runtime, Compares):
            return ()
        payloads = []
        for given in self._drawn:
            try:
                payloads.append(runtime.decode(given.content or b"", given.media_type))
            except DataError:
                # its own row tells what is wrong with it
                continue
        return runtime.skews(payloads)
