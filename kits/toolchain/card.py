"""The card: the README of a bundle, filled from its manifest and operating point.

Everything in it is measured or copied from the run; nothing is written by hand, so it cannot be
out of date. It is Markdown without HTML, because the hub shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kits.core.bundle import BundleManifest, LicenceNote
from kits.core.kit_manifest import KitManifest, Words
from kits.core.operating_point import OperatingPoint
from kits.core.stats import Estimate
from kits.toolchain.worth import amount, figure_text, is_money, worth_of


def write_card(
    manifest: BundleManifest,
    point: OperatingPoint,
    *,
    kit: KitManifest,
    counts: Mapping[str, Mapping[str, int]],
    golden: int,
    notes: Sequence[str] = (),
) -> str:
    """The card of a bundle.

    Args:
        kit: what it decides, and what it calls things.
        counts: split → label → number of samples of the training's dataset version.
        golden: number of golden samples in the bundle.
        notes: limits and remarks of the run.
    """
    words = kit.words
    parts = [
        f"# {manifest.name} {manifest.version}",
        _worth(manifest, point, words) if kit.ranked else "",
        kit.task,
        "## What it decides",
        _ranks(manifest, point, words) if kit.ranked else _point(point),
        "## What it reaches",
        _metrics(manifest, words, point.costs.currency),
        "## What it learned from",
        _data(counts, manifest.dataset),
        "## Limits",
        _limits(notes, golden, kit),
        "## Licences",
        _licences(manifest.licences),
        "## How it was made",
        _facts(manifest),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(manifest: BundleManifest) -> str:
    artefacts = ", ".join(f"{a.role} {a.precision} for {a.target}" for a in manifest.artefacts)
    rows = {
        "kit": manifest.kit,
        "project": manifest.project,
        "run": manifest.run,
        "made": f"{manifest.created_at:%Y-%m-%d %H:%M} UTC",
        "seed": str(manifest.seed),
        "project revision": manifest.revision,
        "models": artefacts,
        "packages": ", ".join(f"{k} {v}" for k, v in sorted(manifest.packages.items())),
    }
    return _table(("", ""), [(key, value) for key, value in rows.items() if value])


def _worth(manifest: BundleManifest, point: OperatingPoint, words: Words) -> str:
    worth = worth_of(manifest.metrics, point, words, point.costs.currency)
    if worth is None:
        return "What it is worth was not measured."
    return (
        f"**{worth.headline}** beside working on as many {words.sample}s in random order: {worth.interval}, "
        f"{worth.sureness}. {worth.work}. Counted as if working on one that was {words.bad} is what made it so: an upper end."
    )


def _ranks(manifest: BundleManifest, point: OperatingPoint, words: Words) -> str:
    costs = point.costs
    act, review, rest = (words.verdict(one) for one in ("act", "review", "pass"))
    lines = [
        f"- {act} from a score of {point.default.act_at:.4g}, {review} from {point.default.review_from:.4g}, {rest} below; "
        f"nothing is decided without a person",
        f"- chosen by: {point.method}",
        f"- costs: {costs.escape:g} {costs.currency} for each that is {words.mistake('escape')}, "
        f"{costs.overkill:g} {costs.currency} for each that is {words.mistake('overkill')}",
    ]
    rates = [
        f"- {_told(name, words)}: {_rate(name, estimate, costs.currency)}"
        for name, estimate in sorted(point.rates.items())
        if name not in manifest.metrics
    ]
    said = "\n".join(lines)
    if not rates:
        return said
    return f"{said}\n\nOn the {words.sample}s that this was chosen on:\n\n" + "\n".join(rates)


def _told(name: str, words: Words) -> str:
    """A figure in plain words, with its name."""
    said = words.figures.get(name)
    return f"{said} (`{name}`)" if said else name


def _rate(name: str, rate: Estimate, currency: str) -> str:
    """A rate for people: a share in per cent, money with its currency; what somebody stated has no interval."""
    ends = (rate.value, rate.low, rate.high)
    money = is_money(name)
    value, low, high = (amount(end) if money else f"{100 * end:.1f}" for end in ends)
    unit = currency if money else "%"
    return f"{value} {unit}" if rate.low == rate.high else f"{value} [{low}, {high}] {unit}"


def _point(point: OperatingPoint) -> str:
    costs = point.costs
    lines = [
        f"- {point.action} from a score of {point.default.act_at:.4g}; "
        f"review from {point.default.review_from:.4g}",
        *(
            f"- {label}: {point.action} from {band.act_at:.4g}, review from {band.review_from:.4g}"
            for label, band in sorted(point.per_label.items())
        ),
        f"- chosen by: {point.method}",
        f"- costs: escape {costs.escape:g}, overkill {costs.overkill:g}, review {costs.review:g} "
        f"{costs.currency}; share of positives in production {costs.prevalence:.2%}",
    ]
    lines += [
        f"- {name}: {figure_text(name, estimate, costs.currency)}"
        for name, estimate in sorted(point.rates.items())
    ]
    if point.guarantee:
        lines.append(f"- guarantee: {point.guarantee}")
    return "\n".join(lines)


def _metrics(manifest: BundleManifest, words: Words, currency: str) -> str:
    if not manifest.metrics:
        return "Not measured."
    rows = [
        (_told(name, words), *_figures(name, e, currency), str(e.n), e.method)
        for name, e in manifest.metrics.items()
    ]
    table = _table(("metric", "value", "95 % interval", "n", "interval by"), rows)
    return f"{table}\n\nDataset version {manifest.dataset[:12]}, seed {manifest.seed}."


def _figures(name: str, figure: Estimate, currency: str) -> tuple[str, str]:
    if is_money(name):
        value, low, high = (amount(end) for end in (figure.value, figure.low, figure.high))
        return f"{value} {currency}", f"{low} to {high}"
    return f"{figure.value:.4g}", f"{figure.low:.4g} to {figure.high:.4g}"


def _data(counts: Mapping[str, Mapping[str, int]], dataset: str) -> str:
    if not any(counts.values()):
        return "Nothing: it rests on what is known, not on data."
    rows = [
        (split, label or "(boxes only)", str(n))
        for split, labels in counts.items()
        for label, n in sorted(labels.items())
    ]
    return f"Dataset version `{dataset}`.\n\n{_table(('split', 'label', 'samples'), rows)}"


def _limits(notes: Sequence[str], golden: int, kit: KitManifest) -> str:
    where = "hub" if kit.at_hub else "device"
    lines = [
        f"- The figures hold for {kit.words.sample}s like those of the dataset version: same {kit.words.alike}.",
        f"- {golden} golden samples travel with the bundle; a {where} that does not reproduce them refuses it.",
        *(f"- {note}" for note in notes),
    ]
    return "\n".join(lines)


def _licences(licences: Sequence[LicenceNote]) -> str:
    if not licences:
        return "No part from outside was declared."
    return _table(("part", "from", "licence"), [(n.part, n.source, n.licence) for n in licences])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
