"""What a run and a comparison of two bundles measured, in lines for a terminal.

It reads the JSON of `kit train` and `kit compare`; it runs nothing and judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from kits.core.stats import Estimate
from kits.toolchain.demo.gain import gain_text


def figures_text(metrics: JsonValue, words: Mapping[str, str] | None = None) -> str:
    """`image_auroc 0.91 [0.87, 0.94], …` from the JSON of a run.

    Args:
        words: metrics that are told, in this order, with what each is called; none: all by their names.
    """
    rows = metrics if isinstance(metrics, dict) else {}
    names = words or {name: name for name in rows}
    shown = {
        called: Estimate.model_validate(rows[name])
        for name, called in names.items()
        if name in rows
    }
    return ", ".join(f"{name} {estimate.text(2)}" for name, estimate in shown.items())


_SAID = ("act", "review", "pass")
_LONGEST_LABEL = 24


def verdict_table(
    truth: Mapping[str, str], first: Mapping[str, str], second: Mapping[str, str], sample: str
) -> list[str]:
    """How often each of two bundles acted, asked a person or passed, by what the samples truly were.

    Args:
        truth: sample → label.
        first: sample → verdict of the first bundle; only samples that both judged count.
        sample: what one sample is called.
    """
    both = [name for name in truth if name in first and name in second]
    if not both:
        return []
    labels = sorted({truth[name] for name in both})
    width = min(_LONGEST_LABEL, max(16, *map(len, labels)))
    lines = [
        f"  of the same {len(both)} {sample}s of the line, act / review / pass"
        " (some were learned from; the figures below are of others):",
        f"  {'what it was':{width}} {'number':>6}   {'first model':>15}   {'after review':>15}",
    ]
    for label in labels:
        mine = [name for name in both if truth[name] == label]
        counts = (
            " / ".join(f"{sum(said[n] == word for n in mine):3}" for word in _SAID)
            for said in (first, second)
        )
        lines.append(f"  {label[:width]:{width}} {len(mine):6}   " + "   ".join(counts))
    return lines


def compared_lines(
    compared: JsonValue, sample: str, words: Mapping[str, str] | None = None
) -> list[str]:
    """Champion and challenger, what the change is worth, and on what it was measured.

    Args:
        sample: what one sample is called.
        words: as in `figures_text`.
    """
    if not isinstance(compared, dict):
        return []
    cost = Estimate.model_validate(compared["cost_difference"])
    return [
        *(
            f"  {who:10}  {figures_text(compared[who], words)}"
            for who in ("champion", "challenger")
        ),
        f"  cost per {sample}, challenger minus champion: {cost.text()} {compared['currency']}",
        f"  from where: {gain_text(compared['champion'], compared['challenger'])}",
        f"  on the {compared['split']} split of dataset {str(compared['dataset'])[:12]}, "
        f"{compared['n']} {sample}s, seed {compared['seed']}, 95 % intervals",
    ]
