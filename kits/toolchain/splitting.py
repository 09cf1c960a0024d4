"""Who goes where: samples into train, val and test, whole groups at a time.

A function of values: no files, no bytes. What belongs together is found by union-find over groups
and pairs; what the data says itself is respected; the rest is shared out by label. The same input
and seed give the same split, whatever the order.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kits.core.dataset import SPLITS, Split
from kits.core.kit import Finding
from kits.core.placing import BY_GROUP, STRICTNESS
from kits.toolchain.splitting_spells import NO_SPELLS, Union, joined, whole_spells

Shares = Mapping[Split, float]
LARGEST_CLUSTER = 0.1
"""Near-duplicates that chain up to more than this share of the data are not believed."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sample to place.

    Attributes:
        group: what the reader or `group_by` says; never empty (a lone file is its own group).
        labels: everything stated on it: its class, the classes of its boxes.
        given: the split the data itself names.
        fixed: the split it has in the version before; stays unless that would leak.
        order: its place in time; None: not known, which only samples split by lot may be.
        day: the day it was made on, whose samples are alike in what days differ in; empty: not known.
    """

    id: str
    source: str
    group: str
    labels: tuple[str, ...] = ()
    given: Split | None = None
    fixed: Split | None = None
    order: float | None = None
    day: str = ""


@dataclass(frozen=True)
class Placed:
    """Split and group by sample id, and what a person should know about it.

    Attributes:
        rule: how samples were placed, for the version's header.
    """

    splits: Mapping[str, Split]
    groups: Mapping[str, str]
    findings: tuple[Finding, ...]
    rule: str = BY_GROUP


@dataclass
class _Cluster:
    group: str
    members: list[Candidate]
    split: Split | None = None
    labels: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for member in self.members:
            self.labels.update(set(member.labels) or {"(none)"})


def place(
    candidates: Sequence[Candidate],
    near_duplicates: Iterable[tuple[str, str]],
    shares: Shares,
    seed: int,
) -> Placed:
    """Splits the candidates so that no group and no near-duplicate pair is in two splits, nor a week or day where there are many."""
    pairs = list(near_duplicates)
    findings: list[Finding] = []
    believed = _believable(candidates, pairs, findings)
    rule, spells, believed = whole_spells(candidates, believed, findings)
    parts = _cluster(candidates, believed)
    clusters = _cluster(candidates, believed, spells) if spells else parts
    if believed:
        findings.append(_pair_finding(candidates, believed))
    for cluster in clusters:
        cluster.split = _stated_split(cluster)
    findings += _leaks(clusters)
    _share_out(clusters, shares, seed, findings)
    splits = {m.id: c.split for c in clusters for m in c.members if c.split is not None}
    groups = {m.id: c.group for c in parts for m in c.members}
    return Placed(splits, groups, tuple(findings), rule)


def _cluster(
    candidates: Sequence[Candidate],
    pairs: Iterable[tuple[str, str]],
    spells: Mapping[str, str] = NO_SPELLS,
) -> list[_Cluster]:
    """Connected sets of samples; a cluster is called by its smallest group."""
    union = joined(candidates, pairs, spells)
    members: dict[str, list[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda c: c.id):
        members.setdefault(union.root(f"s:{candidate.id}"), []).append(candidate)
    clusters = [_Cluster(min(m.group for m in found), found) for found in members.values()]
    return sorted(clusters, key=lambda c: c.group)


def _believable(
    candidates: Sequence[Candidate], pairs: list[tuple[str, str]], findings: list[Finding]
) -> list[tuple[str, str]]:
    """The pairs, without those that chain a large share of the data into one cluster.

    Parts on a fixed camera all look alike, and many threads end with the same thanks; a chain of "nearly the same" then
    says nothing. What joins most groups goes first, so that copies which merely lie in its way stay together.
    """
    limit = max(10, int(LARGEST_CLUSTER * len(candidates)))
    own = {c.id: c.group for c in candidates}
    alone = joined(candidates, ())
    stated = Counter(alone.root(f"s:{c.id}") for c in candidates)
    kept, largest = pairs, 0
    while too_large := _chained(candidates, kept, alone, stated, limit):
        union = joined(candidates, kept)
        largest = largest or max(too_large.values())
        copies = Union()
        for one, two in kept:
            copies.join(one, two)
        joins: dict[str, set[str]] = {}
        for one in {sample for pair in kept for sample in pair}:
            joins.setdefault(copies.root(one), set()).add(own[one])
        widest: dict[str, int] = {}
        for one, _ in kept:
            root = union.root(f"s:{one}")
            widest[root] = max(widest.get(root, 0), len(joins[copies.root(one)]))
        kept = [
            (one, two)
            for one, two in kept
            if (root := union.root(f"s:{one}")) not in too_large
            or len(joins[copies.root(one)]) * 2 < widest[root]
        ]
    if len(kept) < len(pairs):
        apart = {sample for pair in set(pairs) - set(kept) for sample in pair}
        findings.append(
            Finding(
                "near-duplicates-everywhere",
                "warn",
                f"{len(apart)} of {len(candidates)} samples look alike, and would keep {largest} together; "
                "they were not kept together for that",
                fix="set data.group_by to what belongs together, for example a part's serial; nothing to do where many "
                "say the same, as notices and thanks do",
            )
        )
    return kept


def _chained(
    candidates: Sequence[Candidate],
    pairs: Iterable[tuple[str, str]],
    alone: Union,
    stated: Mapping[str, int],
    limit: int,
) -> dict[str, int]:
    """Size by root of each cluster that pairs make too large.

    What is stated as one group may be as large as it is: what looks alike adds to it.
    """
    union = joined(candidates, pairs)
    sizes = Counter(union.root(f"s:{c.id}") for c in candidates)
    largest_stated: dict[str, int] = {}
    for candidate in candidates:
        root, own = union.root(f"s:{candidate.id}"), stated[alone.root(f"s:{candidate.id}")]
        largest_stated[root] = max(largest_stated.get(root, 0), own)
    return {root: n for root, n in sizes.items() if n - largest_stated[root] >= limit}


def _pair_finding(candidates: Sequence[Candidate], pairs: list[tuple[str, str]]) -> Finding:
    names = {c.id: c.source for c in candidates}
    return Finding(
        "near-duplicates",
        "warn",
        f"{len(pairs)} pairs of near-duplicates; each pair is kept in one split",
        tuple(f"{names.get(a, a)} ~ {names.get(b, b)}" for a, b in pairs[:50]),
        "nothing to do, unless many: then collect more varied samples",
    )


def _stated(cluster: _Cluster) -> list[Split]:
    """Every split that the version before or the data names for its members, the strictest last."""
    stated = {m.fixed or m.given for m in cluster.members} - {None}
    return sorted((s for s in stated if s), key=lambda s: STRICTNESS[s])


def _stated_split(cluster: _Cluster) -> Split | None:
    """What the version before or the data says; in a conflict the stricter side."""
    wishes = _stated(cluster)
    return wishes[-1] if wishes else None


def _leaks(clusters: Sequence[_Cluster]) -> list[Finding]:
    """One line for all groups that stood in several splits, the largest groups as examples."""
    torn = [(cluster, _stated(cluster)) for cluster in clusters if len(_stated(cluster)) > 1]
    if not torn:
        return []
    torn.sort(key=lambda pair: (-len(pair[0].members), pair[0].group))
    moved = sum(
        (m.fixed or m.given) not in (None, cluster.split)
        for cluster, _ in torn
        for m in cluster.members
    )
    groups = "1 group" if len(torn) == 1 else f"{len(torn)} groups"
    return [
        Finding(
            "leakage",
            "warn",
            f"{groups} stood in more than one split: {moved} samples were moved, each group to its strictest",
            tuple(_torn(cluster, wishes) for cluster, wishes in torn[:20]),
            "nothing to do: the figures would have been too good",
        )
    ]


def _torn(cluster: _Cluster, wishes: Sequence[Split]) -> str:
    """A group with one sample of each split that it stood in."""
    first = {m.fixed or m.given: m.source for m in reversed(cluster.members)}
    named = ", ".join(f"{first[split]} ({split})" for split in wishes)
    return f"{len(cluster.members)} samples, now all {cluster.split}: {named}"


def _share_out(
    clusters: list[_Cluster], shares: Shares, seed: int, findings: list[Finding]
) -> None:
    stated = {c.split for c in clusters} - {None}
    missing: list[Split] = [s for s in SPLITS if s not in stated]
    if stated and missing and "train" in stated:
        _carve(clusters, missing, shares, seed)
        findings.append(_carved_finding(clusters, missing))
    _stratify(clusters, shares, seed)


def _carve(clusters: list[_Cluster], missing: list[Split], shares: Shares, seed: int) -> None:
    """Makes the splits the data lacks out of those it has, label by label.

    For each label the missing split gets its share of the samples: first from the other held-out
    split (half of it at most), then from train.
    """
    total = Counter[str]()
    for cluster in clusters:
        total.update(cluster.labels)
    # what was just made for one missing split is not spare for the other
    given = next((s for s in SPLITS if s != "train" and s not in missing), None)
    for split in missing:
        for label in sorted(total, key=lambda name: (total[name], name)):
            wanted = shares[split] * total[label]
            have = float(sum(c.labels[label] for c in clusters if c.split == split))
            for cluster in _donors(clusters, label, given, seed):
                if have >= wanted:
                    break
                have += cluster.labels[label]
                cluster.split = split


def _donors(
    clusters: list[_Cluster], label: str, held_out: Split | None, seed: int
) -> list[_Cluster]:
    having = [c for c in clusters if c.labels[label] and c.split is not None]
    spare = _shuffled([c for c in having if c.split == held_out], seed)
    train = _shuffled([c for c in having if c.split == "train"], seed)
    # one cluster of a label always stays where it was learnt from
    return spare[: len(spare) // 2] + train[:-1]


def _carved_finding(clusters: list[_Cluster], missing: list[Split]) -> Finding:
    made = {s: sum(len(c.members) for c in clusters if c.split == s) for s in missing}
    what = " and ".join(f"{s} ({n} samples)" for s, n in made.items())
    return Finding(
        "split-made",
        "warn",
        f"the data has no {' and no '.join(missing)} split: {what} taken out of the others",
        fix="nothing to do; to decide it yourself, give the data train, val and test folders",
    )


def _stratify(clusters: list[_Cluster], shares: Shares, seed: int) -> None:
    """Iterative stratification (Sechidis et al. 2011) on whole clusters.

    The rarest label is shared out first, of each label the largest clusters; a label with at least three clusters
    reaches all splits. Each split has its share of what was shared out so far, so large clusters and small ones are
    in all splits alike: threads differ from single mails, and what is judged on must be like what comes.
    """
    total, have = Counter[str](), {s: Counter[str]() for s in SPLITS}
    for cluster in clusters:
        total.update(cluster.labels)
        if cluster.split is not None:
            have[cluster.split].update(cluster.labels)
    waiting = [c for c in clusters if c.split is None]
    count = Counter(label for c in clusters for label in c.labels)
    left = Counter(label for c in waiting for label in c.labels)
    rank = {label: n for n, label in enumerate(sorted(total, key=lambda k: (total[k], k)))}
    order = sorted(
        _shuffled(waiting, seed),
        key=lambda c: (min(rank[name] for name in c.labels), -len(c.members)),
    )
    for cluster in order:
        label = min(cluster.labels, key=lambda name: rank[name])
        without = _without(label, have, count[label])
        if without and left[label] <= len(without):
            cluster.split = without[0]
        else:
            cluster.split = _neediest(cluster, label, have, shares)
        left.subtract(dict.fromkeys(cluster.labels, 1))
        have[cluster.split].update(cluster.labels)


def _without(label: str, have: Mapping[Split, Counter[str]], clusters: int) -> list[Split]:
    """Splits that a label has not reached, the one first that needs it most; a lone cluster needs to reach none."""
    order: tuple[Split, ...] = (
        ("train", "test", "val") if clusters < 3 else ("test", "val", "train")
    )
    return [split for split in order if not have[split][label]] if clusters > 1 else []


def _neediest(
    cluster: _Cluster, label: str, have: Mapping[Split, Counter[str]], shares: Shares
) -> Split:
    """The split that is furthest below its share of what was shared out, this cluster included."""
    so_far = cluster.labels[label] + sum(have[split][label] for split in SPLITS)
    return max(SPLITS, key=lambda s: shares[s] * so_far - have[s][label])


def _shuffled(clusters: Iterable[_Cluster], seed: int) -> list[_Cluster]:
    """By hash of seed and name: adding data does not reorder what was there."""
    return sorted(clusters, key=lambda c: hashlib.sha256(f"{seed}:{c.group}".encode()).digest())
