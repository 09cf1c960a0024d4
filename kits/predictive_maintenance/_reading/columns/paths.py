"""Signals that are called by paths (`Park/R80711/Power`): the level that tells machines apart, and what each one measures.

It is the topmost level with names of one kind (`R80711`, `R80721`) and the same signals below them, or that of which a list of
faults names some. Levels of places are passed by, and parts of a machine (`Bearing 1`, `Bearing 2`) are none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._reading.columns.channels import Chosen
from kits.predictive_maintenance._reading.columns.names import plain, split_unit
from kits.predictive_maintenance._reading.formats.table import Texts, short_name
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Series
from kits.predictive_maintenance._reading.times.placing import PATH_SIGNS, loose

_SIGNALS = 2
"""So many at least below each machine: a level of the same single signal is one of its places."""
_SAME = 0.8
"""Of the signals of all machines each has so many: one may lack a sensor."""
_NUMBER = re.compile(r"\d+|(?<=[\W_])[a-z]$")
_PLACES = re.compile(
    r"(?:site|plant|factory|werk|standort|location|area|bereich|hall|halle|line|linie|building|geb[aä]ude|park|unit_area)_?#"
)
_PARTS = re.compile(
    r"#|(?:.*_)?(?:bearing|brg|lager|phase|l|axis|achse|ax|zone|blade|blatt|cylinder|cyl|zylinder|spindle|spindel|stage|stufe|gear|getriebe|sensor|probe|"
    r"channel|ch|kanal|string|cell|module|modul|slot|port|db|input|output|ai|ao|di|do|leg|winding|wicklung|cutter|nozzle|düse|tank|valve|ventil|joint|j|motor|drive|antrieb|servo|encoder|fan|heater)_?#"
)
"""Of what one machine has several."""

_Path = tuple[str, ...]


@dataclass(frozen=True)
class Paths:
    """The machines of one file.

    Attributes:
        machines: signal's name → machines that it is measured of: several share what lies beside them.
        signals: signal's name → what it is called below its machine.
    """

    machines: Mapping[str, frozenset[str]]
    signals: Mapping[str, str]

    def rows(self, tags: Texts) -> Iterator[tuple[str, NDArray[np.intp]]]:
        """Rows of each machine, with those that it shares."""
        words = tags.tolist()
        number = {tag: at for at, tag in enumerate(dict.fromkeys(words))}
        codes = np.fromiter((number[tag] for tag in words), np.int64, len(words))
        of = [self.machines.get(_key(tag), frozenset()) for tag in number]
        for machine in self.all():
            yield machine, np.flatnonzero(np.array([machine in own for own in of])[codes])

    def columns(self, chosen: Chosen) -> Iterator[tuple[str, Chosen]]:
        """What is measured of each machine, with what it shares."""
        for machine in self.all():
            own = (c for c in chosen.channels if machine in self.machines[c.name])
            yield machine, replace(chosen, channels=tuple(own))

    def named(self, series: Series) -> Series:
        """With its signals called as they are below the machine."""
        return replace(series, names=tuple(self.signals[name] for name in series.names))

    def all(self) -> list[str]:
        """Names of the machines."""
        return sorted(set().union(*self.machines.values()))


def paths_in(
    names: Collection[str], listed: Collection[str], notes: Notes, where: str
) -> Paths | None:
    """The machines that names of signals tell apart; None where they are of one.

    Args:
        listed: machines that a list of faults names.
    """
    keys = sorted({_key(name) for name in names if name})
    wanted = {loose(one.lower()) for one in listed if one}
    for signs in PATH_SIGNS:
        parts: dict[str, _Path] = {
            key: tuple(re.split(f"[{re.escape(signs)}]+", key)) for key in keys
        }
        depth = _level(list(parts.values()), wanted)
        if depth is not None:
            found = _of_level(parts, depth)
            text = (
                "signals of several machines in one file are told apart by a level of their names"
            )
            shown = ", ".join(found.all()[:10])
            fix = "are they parts of one machine? state asset: file in machines.yaml"
            notes.warn("asset", text, f"{where}: {shown}", fix)
            return found
    return None


def as_elsewhere(
    found: Sequence[Series], known: Collection[Paths], owned: set[str]
) -> list[Series]:
    """Recordings whose file holds one machine alone, called as in the files that hold several.

    Args:
        owned: files that name their machines; those of such recordings are added.
    """
    called = [_called_so(one, known) for one in found]
    owned.update(new.source for one, new in zip(found, called) if new is not one)
    return called


def _called_so(series: Series, known: Collection[Paths]) -> Series:
    for paths in known:
        if paths.signals.keys() >= set(series.names):
            machines = frozenset.intersection(*(paths.machines[name] for name in series.names))
            if len(machines) == 1:
                return paths.named(replace(series, asset=min(machines)))
    return series


def _key(name: str) -> str:
    """A signal's name as its channel is called."""
    return short_name(split_unit(name)[0])


def _level(paths: Sequence[_Path], listed: Collection[str]) -> int | None:
    """The level that tells machines apart."""
    found: list[tuple[int, str]] = []
    for depth in range(max(map(len, paths), default=1) - 1):
        below: dict[_Path, set[_Path]] = {}
        for path in paths:
            if len(path) > depth + 1:
                below.setdefault(path[: depth + 1], set()).add(path[depth + 1 :])
        if any(loose(home[-1].lower()) in listed for home in below):
            return depth if len(below) > 1 else None
        least = max(_SIGNALS, _SAME * len(set().union(*below.values())))
        forms = {_form(home[-1]) for home in below}
        alike = len(below) > 1 and all(len(own) >= least for own in below.values())
        if alike and len(forms) == 1 and not _are_parts(below, paths):
            found += [(depth, form) for form in forms]
    return min(found, key=lambda one: (bool(_PLACES.fullmatch(one[1])), one[0]), default=(None,))[0]


def _are_parts(homes: Collection[_Path], paths: Sequence[_Path]) -> bool:
    """Whether what has the same signals are parts of a machine, by their names or by what is measured beside them."""
    forms = {_form(home[-1]) for home in homes}
    if any("#" not in form or _PARTS.fullmatch(form) for form in forms):
        return True
    above = {_form(home[-2]) for home in homes if len(home) > 1}
    depth = len(next(iter(homes)))
    beside = any(len(path) == depth for path in paths)
    return beside and any("#" in form and not _PLACES.fullmatch(form) for form in above)


def _form(name: str) -> str:
    """A name whatever number it has: `r#` of `R80711`."""
    return "#".join(plain(part) for part in re.split(_NUMBER, name.lower()))


def _of_level(parts: Mapping[str, _Path], depth: int) -> Paths:
    homes = {path[: depth + 1] for path in parts.values() if len(path) > depth + 1}
    last = Counter(home[-1] for home in homes)
    same = len(list(takewhile(lambda level: len(set(level)) == 1, zip(*homes))))
    called = {h: h[-1] if max(last.values()) == 1 else "/".join(h[same:]) for h in homes}
    below = {key: "/".join(path[depth + 1 :]) for key, path in parts.items()}
    taken, above = set(below.values()) | set(parts), {home[:-1] for home in homes}
    for key, path in parts.items():
        # what stands beside the machines is called alike in each line
        alike = path[:-1] in above and path[-1] not in taken
        below[key] = below[key] or (path[-1] if alike else key)
    return Paths({key: _of(path, depth, called) for key, path in parts.items()}, below)


def _of(path: _Path, depth: int, called: Mapping[_Path, str]) -> frozenset[str]:
    """The machines of a signal: of one beside machines those that stand there, of one elsewhere all."""
    if len(path) > depth + 1:
        return frozenset([called[path[: depth + 1]]])
    there = {name for home, name in called.items() if home[: len(path) - 1] == path[:-1]}
    return frozenset(there or called.values())
