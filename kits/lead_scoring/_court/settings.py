"""The last word: what settings and people say of each verdict. A person's word beats the court, and the verdict says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kits.lead_scoring._court.verdicts import Action, Charge, Verdict
from kits.lead_scoring.config import Config


def worded(
    verdicts: Iterable[Verdict], columns: Iterable[str], config: Config
) -> tuple[Verdict, ...]:
    """The settings' and a person's word on each verdict, and on columns that have none."""
    said = config.columns
    out = [_under_settings(verdict, config) for verdict in verdicts]
    for column in columns:
        if column in said.exclude and all(one.column != column for one in out):
            out.append(Verdict(column, "leak", "cleared", 0.0, (_EXCLUDED,), "exclude"))
    return tuple(out)


_EXCLUDED = "left out by a person's word: columns.exclude names it"
_KEPT = "kept by a person's word against the court: columns.keep names it"
_SETTINGS: tuple[tuple[Charge, str, str, Action], ...] = (
    ("leak", "leaks", "warn", "warn"),
    ("drift", "drift", "warn", "warn"),
    ("drift", "drift", "exclude", "exclude"),
)
"""Charge, key under `court`, its value, and what becomes of guilty columns then."""


def _under_settings(verdict: Verdict, config: Config) -> Verdict:
    said = config.columns
    if verdict.column in said.exclude:
        return replace(verdict, evidence=(*verdict.evidence, _EXCLUDED), action="exclude")
    stated = verdict.charge == "protected" and verdict.column in said.protected
    if verdict.column in said.keep and not stated:
        kept = verdict.finding != "cleared"
        return replace(
            verdict,
            evidence=(*verdict.evidence, _KEPT) if kept else verdict.evidence,
            action="keep",
        )
    for charge, key, value, action in _SETTINGS:
        if (
            verdict.charge == charge
            and verdict.finding == "guilty"
            and getattr(config.court, key) == value
        ):
            return replace(verdict, action=action)
    return verdict


def names_with(verdicts: Iterable[Verdict], action: Action) -> tuple[str, ...]:
    """Columns with an action, each once, in order."""
    return tuple(dict.fromkeys(one.column for one in verdicts if one.action == action))


def drifting(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Columns inner folds decide about, that nothing else excludes."""
    out = set(names_with(verdicts, "exclude"))
    return tuple(name for name in names_with(verdicts, "fold-decides") if name not in out)
