"""What a run and a comparison of two bundles measured, in lines for a terminal.

It reads the JSON of `kit train` and `kit compare`; it runs nothing and judges nothing.
"""

from __future__ import annotations

from pydantic import JsonValue

from kits.core.stats import Estimate
from kits.toolchain.demo.gain import gain_text


def figures_text(metrics: JsonValue) -> str:
    """`image_auroc 0.91 [0.87, 0.94], …` from the JSON of a run."""
    rows = metrics if isinstance(metrics, dict) else {}
    shown = {name: Estimate.model_validate(value) for name, value in rows.items()}
    return ", ".join(f"{name} {estimate.text(2)}" for name, estimate in shown.items())


def compared_lines(compared: JsonValue, sample: str) -> list[str]:
    """Champion and challenger, what the change is worth, and on what it was measured.

    Args:
        sample: what one sample is called.
    """
    if not isinstance(compared, dict):
        return []
    cost = Estimate.model_validate(compared["cost_difference"])
    return [
        *(f"  {who:10}  {figures_text(compared[who])}" for who in ("champion", "challenger")),
        f"  cost per {sample}, challenger minus champion: {cost.text()}",
        f"  from where: {gain_text(compared['champion'], compared['challenger'])}",
        f"  on the {compared['split']} split of dataset {str(compared['dataset'])[:12]}, "
        f"{compared['n']} {sample}s, seed {compared['seed']}, 95 % intervals",
    ]
