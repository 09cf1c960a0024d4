"""What a project is judged by: its goal metric, and what a model that does not learn reaches of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from kits.core.files import write_atomically
from kits.core.stats import Estimate
from kits.toolchain.pairing import SMALLER_IS_BETTER
from kits.toolchain.project import Project

Standing = Literal["reached", "reached, but not beyond chance", "not reached"]


def goal_metric(project: Project, measured: Iterable[str] = ()) -> str:
    """The metric the project is judged by: its own, else the first of the kit's that was measured.

    Where its own could not be measured on this data, the first that was takes its place in what is shown.
    """
    known, found = project.kit.manifest.metrics, set(measured)
    default = next((name for name in known if name in found), known[0])
    named = project.config.metric.name
    return named if named and (named in found or not found) else default


def standing(goal: str, target: float, measured: Estimate) -> Standing:
    """Whether a metric reached its target, and whether all of its interval did."""
    smaller = goal in SMALLER_IS_BETTER
    if not (measured.value <= target if smaller else measured.value >= target):
        return "not reached"
    sure = measured.high <= target if smaller else measured.low >= target
    return "reached" if sure else "reached, but not beyond chance"


def save_baseline(run_dir: Path, baseline: Mapping[str, Estimate]) -> None:
    """Writes `baseline.json`: the goal for a model that does not learn."""
    text = json.dumps({k: e.model_dump(mode="json") for k, e in baseline.items()}, indent=1)
    write_atomically(run_dir / "baseline.json", text.encode())


def load_baseline(run_dir: Path) -> dict[str, Estimate]:
    """The opposite of `save_baseline`; empty when there is none."""
    path = run_dir / "baseline.json"
    if not path.exists():
        return {}
    return {k: Estimate.model_validate(v) for k, v in json.loads(path.read_text()).items()}
