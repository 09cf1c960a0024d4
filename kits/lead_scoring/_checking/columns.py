"""Rules about columns that are no crime: what is missing, what has too many values, who does not want to be scored.

Leaks, drift, constants, identities and protected columns are the court's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal, cast

import numpy as np
import yaml

from kits.core.column_names import plain
from kits.core.errors import did_you_mean
from kits.core.kit import Finding
from kits.lead_scoring._features.cells import to_truth
from kits.lead_scoring._lead import Value
from kits.lead_scoring._objecting import objects
from kits.lead_scoring._reading.columns.mapping import known_mappings, load_mappings
from kits.lead_scoring._reading.columns.names import load_words
from kits.lead_scoring._stand_ins import as_filled_in
from kits.lead_scoring._stated import GUARDS, misspelt
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

_MOSTLY = 0.5
_POINTS = 0.1
_SURE = 5.0
_LEAST = 50
_MANY_VALUES = 0.3
_FEW_ROWS = 200


def missing(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Columns that are empty for most leads."""
    shares = {name: _empty(table.column(name)).mean() for name in table.names}
    mostly = {name: share for name, share in shares.items() if share > _MOSTLY}
    if mostly:
        ranked = sorted(mostly.items(), key=lambda pair: -pair[1])
        yield Finding(
            "missing-values", "pass",
            f"{len(mostly)} of {len(shares)} columns {'is' if len(mostly) == 1 else 'are'} empty for more than half of the leads",
            tuple(f"{name}: {share:.0%} empty" for name, share in ranked),
        )  # fmt: skip


def missing_tells(
    table: LeadTable, config: Config, excluded: Sequence[str] = ()
) -> Iterator[Finding]:
    """Columns whose being empty tells the outcome: often they are filled in when a lead is worked on.

    Args:
        excluded: columns that are left out anyway.
    """
    decided = table.decided
    told = []
    for name in decided.names:
        empty = _empty(as_filled_in(name, decided.column(name)))
        n = int(empty.sum()), int((~empty).sum())
        if min(n) < _LEAST or name in {*config.columns.keep, *excluded}:
            continue
        rates = float(decided.won[empty].mean()), float(decided.won[~empty].mean())
        overall = float(decided.won.mean())
        spread = (overall * (1 - overall) * (1 / n[0] + 1 / n[1])) ** 0.5
        gap = abs(rates[0] - rates[1])
        if gap >= _POINTS and spread and gap / spread >= _SURE:
            told.append(
                (
                    gap,
                    f"{name}: {rates[0]:.1%} of {n[0]} won where empty, {rates[1]:.1%} of {n[1]} where filled in",
                )
            )
    if told:
        yield Finding(
            "missing-tells-outcome", "warn",
            "whether one column is filled in at all tells the outcome" if len(told) == 1
            else f"whether {len(told)} columns are filled in at all tells the outcome",
            tuple(text for _, text in sorted(told, reverse=True)),
            "ask when each is filled in: if by a rep after the first contact, model.columns.exclude; if by the lead, keep it",
        )  # fmt: skip


def too_many_values(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Texts that hardly come again: nothing can be learned of a value seen once."""
    many = []
    for name in table.names:
        texts = [value for value in table.column(name) if isinstance(value, str)]
        distinct = len(set(texts))
        if len(texts) >= _FEW_ROWS and distinct > _MANY_VALUES * len(texts):
            many.append(f"{name}: {distinct} values in {len(texts)} leads")
    if many:
        one = len(many) == 1
        they = (
            "one column of texts hardly has" if one else f"{len(many)} columns of texts hardly have"
        )
        filled, it = ("it is", "it") if one else ("they are", "them")
        yield Finding(
            "many-values", "pass",
            f"{they} the same value twice; a model sees at most whether {filled} filled in and the words of {it} that several leads share",
            tuple(many),
        )  # fmt: skip


def opt_out(table: LeadTable, config: Config) -> Iterator[Finding]:
    """Whether people who do not want to be scored are known."""
    stated, names = config.columns.opt_out, table.names
    for lacking in (name for name in stated if name not in names):
        yield Finding(
            "opt-out", "warn", f"no lead has the column {lacking!r}, so nobody is taken for opted out by it",
            fix=f"correct model.columns.opt_out: {did_you_mean(lacking, names)}",
        )  # fmt: skip
    there = [name for name in stated if name in names]
    if there:
        out = sum(objects(lead, there) for lead in table.leads)
        yield Finding("opt-out", "pass", f"{out} leads do not want to be scored ({', '.join(there)})")  # fmt: skip
    elif not stated:
        yield from _may_object(table)


def _may_object(table: LeadTable) -> Iterator[Finding]:
    """Columns that may say it; those in which somebody did are proposed."""
    words = [_whole(word) for word in cast("list[str]", load_words("cells.yaml")["opt_out"])]
    vendors = {
        name
        for crm in known_mappings()
        for one in load_mappings(crm)
        for name in one.find(one.names.opt_out, table.names)
    }
    said = {
        name: sum(to_truth(value) == 1.0 for value in table.column(name))
        for name in table.names
        if name in vendors or any(word in f"_{plain(name)}_" for word in words)
    }
    alike = sorted(said, key=lambda name: -said[name])
    if alike:
        proposed = [name for name in alike if said[name]] or alike[:1]
        several = len(proposed) > 1
        yield Finding(
            "opt-out", "warn", f"{', '.join(alike[:5])} may say that a person does not want this; everybody is scored",
            fix=f"if {'they do' if several else 'it does'}: model.columns.opt_out: {_in_yaml(proposed)}",
        )  # fmt: skip


def _in_yaml(names: list[str]) -> str:
    """A name, or a list of several, as kit.yaml has it."""
    text = yaml.safe_dump(names, default_flow_style=True, allow_unicode=True, width=math.inf)
    listed = str(text).strip()
    return listed if len(names) > 1 else listed[1:-1]


def not_there(table: LeadTable, config: Config) -> Iterator[Finding]:
    """Columns that settings name and no lead has, though one of a like name is there."""
    for one in misspelt(table.names, config.columns):
        level: Literal["warn", "fail"] = "fail" if one.key in GUARDS else "warn"
        yield Finding("misspelt-column", level, one.said, fix=one.fix)


def _whole(word: str) -> str:
    return f"_{plain(word)}_"


def _empty(values: Sequence[Value]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([value is None for value in values], dtype=bool)
