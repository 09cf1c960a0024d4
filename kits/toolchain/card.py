"""The card: the README of a bundle, filled from its manifest and operating point.

Everything in it is measured or copied from the run; nothing is written by hand, so it cannot be
out of date. It is Markdown without HTML, because the hub shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kits.core.bundle import BundleManifest, LicenceNote
from kits.core.operating_point import OperatingPoint
from kits.core.stats import Estimate


def write_card(
    manifest: BundleManifest,
    point: OperatingPoint,
    *,
    task: str,
    counts: Mapping[str, Mapping[str, int]],
    golden: int,
    notes: Sequence[str] = (),
    ranked: bool = False,
) -> str:
    """The card of a bundle.

    Args:
        task: one sentence of the kit: what it decides.
        counts: split → label → number of samples of the training's dataset version.
        golden: number of golden samples in the bundle.
        notes: limits and remarks of the run.
        ranked: samples wait for people, who take the best first.
    """
    parts = [
        f"# {manifest.name} {manifest.version}",
        task,
        _facts(manifest),
        "## What it decides",
        _point(point, ranked=ranked),
        "## What it reaches",
        _metrics(manifest.metrics, manifest.dataset, manifest.seed),
        "## What it learned from",
        _data(counts, manifest.dataset),
        "## Limits",
        _limits(notes, golden),
        "## Licences",
        _licences(manifest.licences),
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


def _point(point: OperatingPoint, *, ranked: bool) -> str:
    costs = point.costs
    act, review = ("first", "then those") if ranked else (point.action, "review")
    prevalence = "" if ranked else f"; share of positives in production {costs.prevalence:.2%}"
    lines = [
        f"- {act} from a score of {point.default.act_at:.4g}; "
        f"{review} from {point.default.review_from:.4g}",
        *(
            f"- {label}: {point.action} from {band.act_at:.4g}, review from {band.review_from:.4g}"
            for label, band in sorted(point.per_label.items())
        ),
        f"- chosen by: {point.method}",
        f"- costs: escape {costs.escape:g}, overkill {costs.overkill:g}, review {costs.review:g} "
        f"{costs.currency}{prevalence}",
    ]
    lines += [f"- {name}: {estimate.text()}" for name, estimate in sorted(point.rates.items())]
    if point.guarantee:
        lines.append(f"- guarantee: {point.guarantee}")
    return "\n".join(lines)


def _metrics(metrics: Mapping[str, Estimate], dataset: str, seed: int) -> str:
    if not metrics:
        return "Not measured."
    rows = [
        (name, f"{e.value:.4g}", f"{e.low:.4g} to {e.high:.4g}", str(e.n), e.method)
        for name, e in metrics.items()
    ]
    table = _table(("metric", "value", "95 % interval", "n", "interval by"), rows)
    return f"{table}\n\nDataset version {dataset[:12]}, seed {seed}."


def _data(counts: Mapping[str, Mapping[str, int]], dataset: str) -> str:
    if not any(counts.values()):
        return "Nothing: it rests on what is known, not on data."
    rows = [
        (split, label or "(boxes only)", str(n))
        for split, labels in counts.items()
        for label, n in sorted(labels.items())
    ]
    return f"Dataset version `{dataset}`.\n\n{_table(('split', 'label', 'samples'), rows)}"


def _limits(notes: Sequence[str], golden: int) -> str:
    lines = [
        "- The figures hold for samples like those of the dataset version: same camera or "
        "sensor, light, parts and settings.",
        f"- {golden} golden samples travel with the bundle; a device that does not reproduce "
        "them refuses it.",
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
