"""The guardrails: is this project worth training, and what may be claimed afterwards?

One module per family of rules; each yields every finding with its evidence, none stops at the
first. They read the project and its dataset and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kits.core.kit import Finding
from kits.toolchain.guardrails import baseline, costs, data, kit, problem
from kits.toolchain.guardrails.context import Context
from kits.toolchain.project import Project

Rule = Callable[[Context], Iterable[Finding]]

RULES: tuple[Rule, ...] = (problem.check, costs.check, baseline.check, data.check, kit.check)
"""In the order in which a person thinks: why, what for, how much, with what."""

__all__ = ["RULES", "Context", "check_project"]


def check_project(project: Project) -> list[Finding]:
    """Every finding of every rule.

    Raises:
        DataError: the current dataset version is damaged.
    """
    dataset = project.dataset() if project.current_dataset_id else None
    context = Context(project, dataset)
    return [finding for rule in RULES for finding in rule(context)]
