"""Is the data enough, clean and honestly split? And what does its size allow to claim?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from kits.core.dataset import SPLITS, Dataset, DatasetItem, Split
from kits.core.kit import Finding
from kits.core.labelling import NamesLabels, WithLabelling, labels_in, misspelt, spelling
from kits.core.stats import upper_bound
from kits.toolchain import without_data
from kits.toolchain.datasets import load_findings
from kits.toolchain.guardrails.context import Context, is_positive

ENOUGH_BOUND = 0.05
"""A rate bounded to 5 % is the least that is worth claiming when no target is set."""
FEW_FOR_TRAINING = 20
IMBALANCE = 20
_ONLY_UNLABELLED = "no-labels"
"""What an import says of missing labels is over once a person stated some."""
_HOW_TO_LABEL = {
    True: "kit label shows the most telling ones first; not all of them are needed",
    False: "label them in the review pages, or import them with --label",
}
_HOW_TO_SPELL = {
    True: "kit label --rename OLD=NEW makes them one",
    False: "spell them alike where they come from, and import again with --replace",
}
_NEEDED_FOR: Mapping[Split, str] = {
    "train": "there is nothing to learn from",
    "val": "thresholds cannot be chosen",
    "test": "no figure can be measured",
}


def _nothing_yet(context: Context) -> Finding:
    project = context.project
    if without_data.possible(project, without_data.dataset_of(project)):
        text = "there is no data yet; training goes without, but nothing can be measured"
        return Finding("data", "warn", text, fix="kit data import PATH, once something is recorded")
    return Finding("data", "fail", "there is no data yet", fix="kit data import PATH")


def check(context: Context) -> Iterator[Finding]:
    """Counts, claims, labels, imbalance, leakage, and what the import found."""
    dataset = context.dataset
    if dataset is None:
        yield _nothing_yet(context)
        return
    yield from _splits(dataset)
    yield from _claims(context, dataset)
    yield from _labels(context, dataset)
    yield _leakage(dataset)
    labelled = any(item.annotation and item.annotation.label for item in dataset.items)
    found = load_findings(context.project, dataset.id)
    yield from _from_import(f for f in found if not (labelled and f.check == _ONLY_UNLABELLED))


def _splits(dataset: Dataset) -> Iterator[Finding]:
    n = {split: len(dataset.of(split)) for split in SPLITS}
    shown = tuple(f"{split}: {count}" for split, count in n.items())
    for split, why in _NEEDED_FOR.items():
        if not n[split]:
            yield Finding(
                "empty-split",
                "fail",
                f"the {split} split is empty: {why}",
                shown,
                "import more data; groups that are too large leave nothing for small splits",
            )
    if 0 < n["train"] < FEW_FOR_TRAINING:
        yield Finding(
            "few-samples",
            "warn",
            f"only {n['train']} samples to learn from",
            shown,
            f"collect at least {FEW_FOR_TRAINING}, better some hundred",
        )
    elif all(n.values()):
        yield Finding("counts", "pass", f"{sum(n.values())} samples", shown)


def _claims(context: Context, dataset: Dataset) -> Iterator[Finding]:
    test = dataset.of("test")
    positives = sum(map(is_positive, test))
    negatives = sum(i.annotation is not None for i in test) - positives
    metric = context.project.config.metric
    reported = context.project.kit.manifest.metrics
    for name, check_name, n, what in (
        ("escape_rate", "claim-escape", positives, "defects or other positives"),
        ("overkill_rate", "claim-overkill", negatives, "good samples"),
    ):
        if name not in reported:
            # a kit that sorts by intent has no defects and no good samples
            continue
        target = metric.target if metric.name == name and metric.target else ENOUGH_BOUND
        yield _claim(check_name, name, n, what, target)


def _claim(check_name: str, rate: str, n: int, what: str, target: float) -> Finding:
    if n == 0:
        return Finding(
            check_name,
            "warn",
            f"the test split has no {what}: the {rate} cannot be measured",
            fix=f"import labelled {what}",
        )
    bound = upper_bound(0, n)
    text = (
        f"{n} {what} in test: even 0 mistakes only bound the {rate} to {bound:.1%} "
        "(95 % confidence)"
    )
    if bound <= target:
        return Finding(check_name, "pass", text)
    needed = needed_for(target)
    fix = f"to claim {target:.1%}, {needed} are needed in test: collect {needed - n} more"
    return Finding(check_name, "warn", text, fix=fix)


def needed_for(bound: float, confidence: float = 0.95) -> int:
    """Smallest n at which 0 mistakes bound the rate to `bound`."""
    low, high = 1, 1
    while upper_bound(0, high, confidence) > bound:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if upper_bound(0, middle, confidence) > bound:
            low = middle + 1
        else:
            high = middle
    return high


def _labels(context: Context, dataset: Dataset) -> Iterator[Finding]:
    train = dataset.of("train")
    bare = [i for i in train if i.annotation is None]
    ranked = context.project.kit.manifest.ranked
    if bare and not ranked:
        # what is ranked waits for its outcome: nobody can state it, and the kit says how many wait
        yield Finding(
            "not-annotated",
            "warn",
            f"{len(bare)} of {len(train)} training samples have no label",
            _names(bare),
            _HOW_TO_LABEL[isinstance(context.project.kit.train, WithLabelling)],
        )
    counts = Counter(name for item in train for name in _stated(item))
    elsewhere = {n for i in (*dataset.of("val"), *dataset.of("test")) for n in _stated(i)}
    for label in sorted(elsewhere - counts.keys()):
        yield Finding(
            "class-not-in-training",
            "warn",
            f"the class {label!r} is in val or test but not in train: it cannot be learnt by name",
            fix="fine when learning from good parts only; else import samples of it",
        )
    yield from _empty_classes(dataset)
    yield from _spelled_apart(context, dataset)
    yield from _described(context, counts.keys() | elsewhere)
    if len(counts) > 1:
        (most, n_most), (least, n_least) = counts.most_common()[0], counts.most_common()[-1]
        shown = tuple(f"{label}: {n}" for label, n in counts.most_common())
        if n_most > IMBALANCE * n_least and not ranked:
            yield Finding(
                "imbalance",
                "warn",
                f"{n_most} of {most!r} against {n_least} of {least!r} in train",
                shown,
                f"collect more of {least!r}, or merge rare classes",
            )
        elif n_most <= IMBALANCE * n_least:
            yield Finding("imbalance", "pass", "no class is rare beside another", shown)


def _empty_classes(dataset: Dataset) -> Iterator[Finding]:
    used = {name for item in dataset.items for name in _stated(item)}
    for label in sorted(_each(dataset.header.labels) - used):
        yield Finding(
            "empty-class",
            "warn",
            f"the class {label!r} has no sample at all",
            fix="import samples of it, or drop the class",
        )


def _spelled_apart(context: Context, dataset: Dataset) -> Iterator[Finding]:
    counts = Counter(name for item in dataset.items for name in _stated(item))
    alike: dict[str, list[str]] = defaultdict(list)
    for label in sorted(counts):
        alike[spelling(label)].append(label)
    for labels in alike.values():
        if len(labels) > 1:
            yield Finding(
                "labels-spelled-apart",
                "warn",
                f"{' and '.join(map(repr, labels))} are learnt as {len(labels)} classes: is that one, spelled apart?",
                tuple(f"{label}: {counts[label]}" for label in labels),
                _HOW_TO_SPELL[isinstance(context.project.kit.train, WithLabelling)],
            )


def _described(context: Context, used: Collection[str]) -> Iterator[Finding]:
    config = context.project.kit_config
    if not isinstance(config, NamesLabels):
        return
    for name, label in misspelt(config.labels, used).items():
        yield Finding(
            "label-described",
            "warn",
            f"the configuration describes {name!r}, which no sample has: is {label!r} meant?",
            fix="spell it in kit.yaml as the samples do",
        )


def _leakage(dataset: Dataset) -> Finding:
    seen: dict[str, DatasetItem] = {}
    pairs = []
    for item in dataset.items:
        first = seen.setdefault(item.sample.digest or item.sample.id, item)
        if first.split != item.split:
            pairs.append(
                f"{first.sample.source} ({first.split}) = {item.sample.source} ({item.split})"
            )
    if pairs:
        return Finding(
            "leakage",
            "fail",
            f"{len(pairs)} samples are byte for byte in two splits",
            tuple(pairs[:50]),
            "import the data again with --replace: the import keeps duplicates together",
        )
    groups = len({i.sample.group or i.sample.id for i in dataset.items})
    return Finding("leakage", "pass", f"none of {groups} groups is in two splits")


def _from_import(findings: Iterable[Finding]) -> Iterator[Finding]:
    """What was refused then is no longer in the data: worth a warning, not a failure."""
    alike: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.level != "pass":
            alike[finding.check, finding.text].append(finding)
    for (check, text), found in alike.items():
        times = f" ({len(found)} times)" if len(found) > 1 else ""
        evidence = tuple(line for finding in found for line in finding.evidence)
        yield replace(
            found[0], check=f"import-{check}", level="warn", text=text + times, evidence=evidence
        )


def _stated(item: DatasetItem) -> set[str]:
    if item.annotation is None:
        return set()
    return _each({item.annotation.label, *(b.label for b in item.annotation.boxes)})


def _each(labels: Iterable[str]) -> set[str]:
    return {part for label in labels for part in labels_in(label)}


def _names(items: Iterable[DatasetItem]) -> tuple[str, ...]:
    return tuple(i.sample.source or i.sample.id for i in items)[:20]
