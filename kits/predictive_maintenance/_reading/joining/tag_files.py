"""A file per tag (`TI101.csv`, `PI102.csv`: a time and a value) → one series of their machine.

Which files are tags of one machine is stated (`asset: folder`) or told by their names, headers and units; each guess is
said. Files that continue one record are joined in `_reading/joining/continued.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.predictive_maintenance._reading.columns.names import is_value_name
from kits.predictive_maintenance._reading.files import asset_of, stem_of
from kits.predictive_maintenance._reading.formats.table import Column, Floats, Texts, told_apart
from kits.predictive_maintenance._reading.joining.continued import continued
from kits.predictive_maintenance._reading.joining.grid import on_one_grid
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Series, runs
from kits.predictive_maintenance._reading.sidecar import Sidecar
from kits.predictive_maintenance._reading.times.periods import without_period

_SHARED = 0.5
"""Of the shortest record's time; tags of one machine were read at the same time."""
_ISA: Final = re.compile(
    r"(?:.*[-_. ])?[AEFIJLPQSTVWZ][DFQ]?[ITCEZRY]{1,3}[-_. ]?\d{1,6}[A-Z]?", re.I
)
"""Tags as ISA 5.1 has them: `TI101`, `PDT-33`, `10_LIC_4`."""
_ALONE = r"(?<![^\W\d_])(?:{})(?![^\W\d_])"
"""A word by itself, and no part of another: `rms`, not `terms`."""
_QUANTITIES: Final = re.compile(
    rf"(?P<temperature>temp[eé]rat|{_ALONE.format('temp|tmp')})"
    rf"|(?P<pressure>pressure|druck|presi[oó]n|{_ALONE.format('pression|pressione|druk')})"
    rf"|(?P<vibration>vibra|schwing|accelera|beschleunigung|{_ALONE.format('vib|rms|acc')})"
    rf"|(?P<current>strom|courant|corriente|corrente|{_ALONE.format('current|amps?')})"
    rf"|(?P<voltage>voltage|spannung|{_ALONE.format('volts?|tension|tensi[oó]n')})"
    rf"|(?P<power>leistung|puissance|potencia|potenza|vermogen|energi|energy|{_ALONE.format('power')})"
    rf"|(?P<speed>drehzahl|vitesse|velocidad|velocit[aà]|snelheid|{_ALONE.format('speed|rpm')})"
    rf"|(?P<flow>durchfluss|caudal|portata|debiet|{_ALONE.format('flow|d[eé]bit')})"
    rf"|(?P<level>füllstand|fuellstand|niveau|{_ALONE.format('level|nivel|livello')})"
    rf"|(?P<torque>torque|drehmoment|coppia|{_ALONE.format('couple|par')})"
    rf"|(?P<force>{_ALONE.format('force|kraft|fuerza|forza')})"
    r"|(?P<humidity>humid|feuchte|humedad|umidit)|(?P<noise>noise|sound|acoust|geräusch|schall)"
)
"""What is measured, as files are called after it."""


@dataclass(frozen=True)
class _Tag:
    """A file with one channel.

    Attributes:
        home: the machine it would belong to.
        name: of the file, without dates.
    """

    home: str
    name: str
    series: Series


def with_tags_joined(
    found: Sequence[Series], root: Path, sidecar: Sidecar, with_faults: Callable[[Series], Series], notes: Notes
) -> list[Series]:  # fmt: skip
    """Files with one channel each that belong to one machine become its one series.

    Args:
        with_faults: adds what a list of faults says of a machine.
    """
    if sidecar.asset not in ("", "folder"):
        return list(found)
    homes: dict[tuple[str, Split | None], list[_Tag]] = {}
    for one in found:
        tag = _as_tag(one, root, sidecar)
        if tag is not None:
            homes.setdefault((tag.home, one.split), []).append(tag)
    alike = _alike([{tag.name for tag in tags} for tags in homes.values()])
    joined: list[Series] = []
    taken: set[int] = set()
    for (home, _), tags in homes.items():
        parts = _parts(tags, notes)
        machine = _joined(home, parts, sidecar, alike, with_faults, notes)
        if machine is not None:
            joined.append(machine)
            taken |= {id(tag.series) for tag in tags}
    return [*(one for one in found if id(one) not in taken), *joined]


def _joined(
    home: str, parts: Sequence[_Tag], sidecar: Sidecar, alike: bool, with_faults: Callable[[Series], Series],
    notes: Notes,
) -> Series | None:  # fmt: skip
    """The series of a machine; None where its files stay machines of their own, which is said."""
    if len(parts) < 2 or not _at_one_time([part.series for part in parts]):
        return None
    stated = sidecar.asset == "folder"
    if not stated and _have_own_faults(home, parts, with_faults):
        return None
    why = "as machines.yaml states" if stated else _why(parts, alike=alike)
    if not why:
        _say_apart(parts, notes)
        return None
    try:
        machine = _of_machine(home, parts, notes)
    except DataError as error:
        text = f"files of tags are left as machines of their own: {error.what}"
        notes.warn("asset", text, home, error.fix)
        return None
    _say_joined(machine, why, notes)
    return with_faults(machine)


def _have_own_faults(
    home: str, parts: Sequence[_Tag], with_faults: Callable[[Series], Series]
) -> bool:
    """Whether faults are known file by file, as of machines, and not of the whole folder."""
    if not any(part.series.stated for part in parts):
        return False
    whole = replace(parts[0].series, asset=home, source=home, faults=(), stated=False)
    return not with_faults(whole).stated


def _as_tag(one: Series, root: Path, sidecar: Sidecar) -> _Tag | None:
    """A series of one channel that nothing in its file gives to a machine; None of all others."""
    file = root / one.source
    if len(one.names) != 1 or one.seconds is None or not one.absolute or not one.rows:
        return None
    if not root.is_dir():
        return None
    if one.asset == asset_of(file, root, sidecar, one.seconds):
        name = without_period(stem_of(file), one.seconds)
    elif one.asset == asset_of(file, root, sidecar):  # its period is none (`times/families.py`)
        name = stem_of(file)
    else:
        return None
    if sidecar.asset == "folder":
        return _Tag(one.asset, name, one) if name else None
    path = PurePosixPath(one.asset)
    home = path.parent.as_posix()
    return _Tag(home if home != "." else root.resolve().name, path.name, one)


def _parts(tags: Sequence[_Tag], notes: Notes) -> list[_Tag]:
    """One for each tag: its files of several months are joined."""
    by_name: dict[str, list[_Tag]] = {}
    for tag in tags:
        by_name.setdefault(tag.name, []).append(tag)
    parts = []
    for name, own in by_name.items():
        one = [replace(tag.series, asset=f"{tag.home}/{name}") for tag in own]
        whole = continued(one, notes) if len(one) > 1 else one
        parts += [_Tag(own[0].home, name, series) for series in whole]
    return parts


def _at_one_time(found: Sequence[Series]) -> bool:
    times = [one.seconds for one in found if one.seconds is not None]
    begins, ends = max(float(t[0]) for t in times), min(float(t[-1]) for t in times)
    shortest = min(float(t[-1] - t[0]) for t in times)
    return ends > begins and ends - begins >= _SHARED * shortest


def _alike(names: Sequence[set[str]]) -> bool:
    """Whether several folders hold files of the same names, as machines with the same sensors do."""
    return len(names) > 1 and all(len(own) > 1 and own == names[0] for own in names)


def _why(parts: Sequence[_Tag], *, alike: bool) -> str:
    """What tells that these files are tags of one machine; empty: nothing does."""
    headers = [part.series.names[0] for part in parts]
    units = {part.series.units[0] for part in parts}
    names = [part.name for part in parts]
    words = [_QUANTITIES.search(name.lower()) for name in names]
    quantities = {word.lastgroup for word in words if word}
    signs = (
        (
            len(set(headers)) == len(headers) and not any(map(is_value_name, headers)),
            "each names another channel in its header",
        ),
        (alike, "other folders have files of the same names"),
        (len(units) == len(parts) and "" not in units, "each has another unit"),
        (all(map(_ISA.fullmatch, names)), "their names are names of tags"),
        (all(words) and len(quantities) > 1, "their names say what is measured"),
    )
    return next((text for holds, text in signs if holds), "")


def _say_apart(parts: Sequence[_Tag], notes: Notes) -> None:
    notes.warn(
        "asset",
        "files of one channel each, read at the same time, are taken for machines of their own",
        ", ".join(part.name for part in parts[:10]),
        "are they tags of one machine? state asset: folder in machines.yaml",
    )


def _say_joined(machine: Series, why: str, notes: Notes) -> None:
    text = f"files of one channel each are taken for tags of one machine: {why}"
    names = ", ".join(machine.names[:10]) + (" …" if len(machine.names) > 10 else "")
    fix = "is each a machine of its own? state asset: file in machines.yaml"
    notes.warn("asset", text, f"{machine.asset}: {names}", fix)


def _of_machine(home: str, parts: Sequence[_Tag], notes: Notes) -> Series:
    """The tags on common rows.

    Raises:
        DataError: too many tags or rows.
    """
    series = dict(zip(_names(parts), (part.series for part in parts)))
    columns, seconds = on_one_grid(
        {n: (one.seconds, one.values[0]) for n, one in series.items() if one.seconds is not None},
        notes,
        home,
    )
    labels = _labels(list(series.values()), seconds)
    first = parts[0].series
    return replace(
        first,
        asset=home,
        source=home,
        names=tuple(columns),
        units=tuple(one.units[0] for one in series.values()),
        values=np.stack(list(columns.values())),
        seconds=seconds,
        attributes={n: v for one in series.values() for n, v in one.attributes.items()},
        faults=runs(labels),
        stated=any(one.stated for one in series.values()),
    )


def _names(parts: Sequence[_Tag]) -> list[str]:
    """What the channels are called: as their headers say, else as their files."""
    headers = [part.series.names[0] for part in parts]
    found: list[str] = []
    for part, header in zip(parts, headers):
        name = header
        if is_value_name(header):
            name = part.name
        elif headers.count(header) > 1:
            name = f"{part.name} {header}"
        found.append(name)
    columns = tuple(Column(name, "", "number", np.empty(0)) for name in found)
    return [column.name for column in told_apart(columns)]


def _labels(found: Sequence[Series], seconds: Floats) -> Texts:
    """The label of each row, where any of the files has one."""
    labels: Texts = np.full(seconds.size, "", dtype=object)
    for one in found:
        if one.seconds is None:
            continue
        near = 0.5 * one.period_s
        for start, end, label in one.faults:
            begins, ends = one.seconds[start] - near, one.seconds[end - 1] + near
            labels[np.searchsorted(seconds, begins) : np.searchsorted(seconds, ends, "right")] = (
                label
            )
    return labels
