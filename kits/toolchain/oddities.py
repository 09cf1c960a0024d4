"""What a table of samples has that no single row shows: columns that all lack, cells that cannot be read, columns unlike
those that were learned from, rows of which the kit's reader made no sample.

Kits tell the first two in a prediction's `details`, as `unknown_fields` (`unheard_fields` of those that say who does not want
a prediction) and `unreadable_fields`, and the third by a runtime that compares; where none does, nothing is found.
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
        left_out: why there is no prediction of some rows.
        unheard: fields that no sample had and that say who does not want a prediction.
    """

    absent: tuple[str, ...] = ()
    unreadable: Mapping[str, int] = field(default_factory=dict)
    skews: tuple[Skew, ...] = ()
    left_out: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()

    def as_json(self) -> dict[str, JsonValue]:
        """Its part of the answer of `kit predict --json`."""
        return {
            "absent": list(self.absent),
            "unreadable": dict(self.unreadable),
            "skews": [{"column": one.column, "text": one.text} for one in self.skews],
            "left_out": list(self.left_out),
            "unheard": list(self.unheard),
        }


class Oddities:
    """Looks on while samples are predicted, in memory that does not grow with their number.

    Attributes:
        left_out: why there is no prediction of some rows, so far.
    """

    def __init__(self) -> None:
        self._absent: list[str] | None = None
        self._unheard: list[str] | None = None
        self._unreadable: Counter[str] = Counter()
        self._lots = np.random.default_rng(0)
        self._seen = 0
        self._drawn: list[Input] = []
        self.left_out: list[str] = []

    def passing(self, inputs: Iterable[Input]) -> Iterator[Input]:
        """The same inputs but for what is none; some rows of tables are remembered, each as likely as any other (Vitter
        1985, algorithm R)."""
        for given in inputs:
            if given.left_out:
                self.left_out.append(given.left_out)
                continue
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
        unreadable = details.get("unreadable_fields")
        self._absent = _in_all(self._absent, details.get("unknown_fields"))
        self._unheard = _in_all(self._unheard, details.get("unheard_fields"))
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
        unheard = tuple(self._unheard or ())
        return Odd(
            absent, dict(self._unreadable.most_common()), told, tuple(self.left_out), unheard
        )

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


def _in_all(before: list[str] | None, said: JsonValue) -> list[str] | None:
    """Those of `before` that this sample lacks, too; None: no sample has said so far what it lacks."""
    if not isinstance(said, list):
        return before
    lacks = list(map(str, said))
    return lacks if before is None else [name for name in before if name in lacks]
