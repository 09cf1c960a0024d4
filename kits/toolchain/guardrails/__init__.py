"""The guardrails: is this project worth training, and what may be claimed afterwards?

One module per family of rules; each yields every finding with its evidence, none stops at the
first. They read the project and its dataset and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kits.core.kit import Finding, NoProgress, Progress
from kits.toolchain.guardrails import baseline, costs, data, kit, problem
from kits.toolchain.guardrails.context import Context
from kits.toolchain.progress import counted
from kits.toolchain.project import Project

Rule = Callable[[Context], Iterable[Finding]]

RULES: tuple[Rule, ...] = (problem.check, costs.check, baseline.check, data.check, kit.check)
"""In the order in which a person thinks: why, what for, how much, with what."""
_STAGES: Mapping[Rule, str] = {
    data.check: "checking the splits",
    kit.check: "checking what the kit knows of such data",
}
"""What may take long, as its progress is called."""

__all__ = ["RULES", "Context", "check_project"]


def check_project(project: Project, progress: Progress | None = None) -> list[Finding]:
    """Every finding of every rule.

    Raises:
        DataError: the current dataset version is damaged.
    """
    shown = progress or NoProgress()
    dataset = project.dataset() if project.current_dataset_id else None
    context = Context(project, dataset)
    found: list[tuple[Rule, Finding]] = []
    for rule in RULES:
        told = rule(context)
        stage = _STAGES.get(rule) if dataset is not None else None
        found.extend((rule, one) for one in (counted(told, shown, stage) if stage else told))
    # a kit that knows better what its data is says it under the same name
    known = {one.check for rule, one in found if rule is kit.check}
    return [one for rule, one in found if rule is kit.check or one.check not in known]
