"""What a column of words is, decided over all files of an import: a recipe that stood still for a month is no condition of it.

A channel where it changes in any file, or from one file of a machine to another; of too many words in all of them none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kits.predictive_maintenance._device.words import CODE, code_of
from kits.predictive_maintenance._reading.columns.channels import MAX_CODES, say_codes
from kits.predictive_maintenance._reading.columns.roles import LEFT_OUT, LEFT_OUT_TEXT
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Floats, Series


def of_one_meaning(found: Sequence[Series], notes: Notes) -> list[Series]:
    """Series in which a column of words is the same everywhere: a channel, a condition or left out."""
    coded = {name for one in found for name in _coded(one)}
    still = {name for one in found for name in _still(one)}
    channels = coded | _changing(found)
    many = {name for one in found for name in one.many}
    many |= {name for name in channels if len(_codes(found, name)) > MAX_CODES}
    affected = (channels & still) | many
    if not affected:
        return list(found)
    for name in sorted(affected - many):
        if name not in coded:
            say_codes(
                name,
                sorted({str(one.attributes[name]) for one in found if name in one.attributes}),
                notes,
            )
        text = (
            "texts that stand still in some files are channels there, too, as they change in others"
        )
        notes.say(
            "columns-coded", text, f"{name}: {sum(name in _still(one) for one in found)} files"
        )
    for name in sorted(many & (channels | still)):
        notes.say(LEFT_OUT, LEFT_OUT_TEXT, f"{name}: a text of many values")
    return [_with_words(one, sorted(affected - many), affected) for one in found]


def _coded(series: Series) -> list[str]:
    return [name for name, unit in zip(series.names, series.units) if unit == CODE]


def _still(series: Series) -> list[str]:
    return [name for name, value in series.attributes.items() if isinstance(value, str)]


def _codes(found: Sequence[Series], name: str) -> set[float]:
    """All its words in all files, by their numbers."""
    codes: set[float] = set()
    for one in found:
        if name in one.names:
            told = one.values[one.names.index(name)]
            codes |= set(np.unique(told[np.isfinite(told)]).tolist())
        elif name in _still(one):
            codes.add(code_of(str(one.attributes[name])))
    return codes


def _changing(found: Sequence[Series]) -> set[str]:
    """Words that hold for a file each and change from one to another in the record of a machine."""
    words: dict[tuple[str, str], set[float]] = {}
    for one in found:
        if one.seconds is not None and one.absolute:
            for name in _still(one):
                code = code_of(str(one.attributes[name]))
                words.setdefault((one.asset, name), set()).add(code)
    return {name for (_, name), codes in words.items() if len(codes) > 1}


def _with_words(series: Series, channels: Sequence[str], affected: set[str]) -> Series:
    """A series whose columns of words are channels at the end, in one order in all files, or gone."""
    kept = [i for i, name in enumerate(series.names) if name not in affected]
    own = [name for name in channels if name in series.names or name in _still(series)]
    rows = [series.values[kept], *(_row(series, name)[None] for name in own)]
    return replace(
        series,
        names=(*(series.names[i] for i in kept), *own),
        units=(*(series.units[i] for i in kept), *[CODE] * len(own)),
        values=np.concatenate(rows),
        attributes={k: v for k, v in series.attributes.items() if k not in affected},
        blank={},
    )


def _row(series: Series, name: str) -> Floats:
    if name in series.names:
        own: Floats = series.values[series.names.index(name)]
        return own
    row: Floats = np.full(series.rows, code_of(str(series.attributes[name])))
    row[series.blank.get(name, np.zeros(series.rows, np.bool_))] = np.nan
    return row
