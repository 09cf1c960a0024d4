"""Which samples stay together because they are of one week or day: its lamp, place and material are those of all its pictures.

By lot each day would be learned from and judged on, and figures would be of days that the model knows. Material lasts longer than
a day, so weeks are kept whole where there are many. Values only; who goes where is `splitting.py`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from kits.core.dataset import Split
from kits.core.kit import Finding
from kits.core.placing import BY_DAY, BY_GROUP, BY_WEEK
from kits.core.sample import week_of

NO_SPELLS: Mapping[str, str] = {}
_ALMOST_ALL = 0.95
_LARGEST_SHARE = 0.2
"""Where days that hang together have more of a label, a split would go without it."""
_WEEKS = 20
"""So many weeks leave a few of them for each split."""
_COUNTED = 20
"""A label with fewer samples stands where its days are."""
Pairs = list[tuple[str, str]]


class InDays(Protocol):
    """What of a candidate counts here, see `splitting.Candidate`."""

    @property
    def id(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def given(self) -> Split | None: ...
    @property
    def fixed(self) -> Split | None: ...
    @property
    def day(self) -> str: ...


class Union:
    """Union-find with path halving."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, node: str) -> str:
        parent = self._parent
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def join(self, one: str, two: str) -> None:
        self._parent[self.root(one)] = self.root(two)


def joined(
    candidates: Sequence[InDays],
    pairs: Iterable[tuple[str, str]],
    spells: Mapping[str, str] = NO_SPELLS,
) -> Union:
    """Samples (`s:` and the id) with those of their group, their pairs and their spell."""
    union = Union()
    for candidate in candidates:
        union.join(f"s:{candidate.id}", f"g:{candidate.group}")
        if spell := spells.get(candidate.id):
            union.join(f"s:{candidate.id}", f"d:{spell}")
    for one, two in pairs:
        union.join(f"s:{one}", f"s:{two}")
    return union


def whole_spells(
    candidates: Sequence[InDays], pairs: Pairs, findings: list[Finding]
) -> tuple[str, Mapping[str, str], Pairs]:
    """The rule, sample id → week or day of those that stay together by it, and the pairs that still hold; no spells: too few days.

    A spell that the data itself, or the version before, has in several splits stays as it is.
    """
    known = [one for one in candidates if one.day]
    if not known or len(known) < _ALMOST_ALL * len(candidates):
        return BY_GROUP, NO_SPELLS, pairs
    days = _undivided(known, {one.id: one.day for one in known})
    weeks = _undivided(known, {one.id: week_of(one.day) for one in known})
    if not days:
        return BY_GROUP, NO_SPELLS, pairs
    if label := _too_much(candidates, _by_spell_alone(days)):
        findings.append(_few(label, len(set(days.values()))))
        return BY_GROUP, NO_SPELLS, pairs
    rule, spells = BY_DAY, days
    if len(set(weeks.values())) >= _WEEKS and not _too_much(
        candidates, joined(candidates, (), weeks)
    ):
        rule, spells = BY_WEEK, weeks
    elif _too_much(candidates, joined(candidates, (), days)):
        findings.append(_over_days())
        return BY_GROUP, NO_SPELLS, pairs
    kept = pairs
    if _too_much(candidates, joined(candidates, pairs, spells)):
        kept = [(one, two) for one, two in pairs if spells.get(one) == spells.get(two)]
        findings.append(_alike_over_days(len(pairs) - len(kept)))
    findings.append(_whole(len(set(spells.values())), rule))
    return rule, spells, kept


def _undivided(known: Sequence[InDays], spells: Mapping[str, str]) -> Mapping[str, str]:
    """Without the spells that stand in several splits."""
    stated: dict[str, set[Split]] = defaultdict(set)
    for one in known:
        stated[spells[one.id]] |= {split for split in (one.fixed or one.given,) if split}
    return {one: spell for one, spell in spells.items() if len(stated[spell]) < 2}


def _by_spell_alone(spells: Mapping[str, str]) -> Union:
    union = Union()
    for identity, spell in spells.items():
        union.join(f"s:{identity}", f"d:{spell}")
    return union


def _too_much(candidates: Sequence[InDays], union: Union) -> str:
    """A label of which one set of samples that stay together has too large a share; empty: none."""
    sets: dict[str, Counter[str]] = defaultdict(Counter)
    for one in candidates:
        for label in set(one.labels) or {"(none)"}:
            sets[label][union.root(f"s:{one.id}")] += 1
    for label, sizes in sorted(sets.items()):
        total = sizes.total()
        if total >= _COUNTED and max(sizes.values()) > _LARGEST_SHARE * total:
            return label
    return ""


def _whole(count: int, rule: str) -> Finding:
    what = "week" if rule == BY_WEEK else "day"
    return Finding(
        "whole-days", "pass", f"pictures of one {what} stay together ({count} {what}s): figures are of {what}s that were not learned from"
    )  # fmt: skip


def _few(label: str, count: int) -> Finding:
    return Finding(
        "whole-days", "warn", f"most samples of {label!r} are of few days ({count} in all), so days are divided: figures are of days that the "
        "model has seen, and another day, with another lamp, place or material, may be worse", (),
        "collect over ten days or more, some of each label a day, and import with --replace",
    )  # fmt: skip


def _over_days() -> Finding:
    return Finding(
        "whole-days", "pass", "days are divided, because what data.group_by keeps together reaches over many of them: figures are of groups "
        "that were not learned from",
    )  # fmt: skip


def _alike_over_days(count: int) -> Finding:
    return Finding(
        "near-duplicates-everywhere", "warn", f"{count} pairs that look alike are of different days and were not kept together: they would chain most "
        "days into one", (), "set data.group_by to what belongs together, for example a part's serial",
    )  # fmt: skip
