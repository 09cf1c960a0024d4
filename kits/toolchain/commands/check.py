"""The verb `check`: all guardrails, all findings, one verdict."""

from __future__ import annotations

from collections import Counter

import typer

from kits.core.console import Console
from kits.core.errors import GateError
from kits.toolchain.commands.options import HERE, JsonOption, ProjectOption, QuietOption


def register(app: typer.Typer) -> None:
    """Adds the verb to `app`."""
    app.command()(check)


def check(
    project: ProjectOption = HERE, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """The guardrails: problem, costs, baseline, data. Exit code 6 when one fails."""
    from kits.toolchain.commands.data import findings_text
    from kits.toolchain.datasets import findings_as_json
    from kits.toolchain.guardrails import check_project
    from kits.toolchain.labelling.wanted import wants_labels
    from kits.toolchain.progress import make_progress
    from kits.toolchain.project import Project

    console = Console(as_json, quiet)
    opened = Project.open(project)
    findings = check_project(opened, make_progress(console))
    count = Counter(f.level for f in findings)
    passed = not count["fail"]
    head = "check passed" if passed else "check failed"
    figures = ", ".join(f"{count[level]} {level}" for level in ("pass", "warn", "fail"))
    lines = [f"{head}: {figures}"]
    if not quiet:
        for level in ("pass", "warn", "fail"):
            lines += findings_text(f for f in findings if f.level == level)
    console.answer(
        "\n".join(lines),
        {
            "passed": passed,
            "dataset": opened.current_dataset_id,
            "counts": {level: count[level] for level in ("pass", "warn", "fail")},
            "findings": findings_as_json(findings),
        },
    )
    if not passed:
        raise typer.Exit(GateError.exit_code)
    wanted = opened.current_dataset_id and wants_labels(opened, opened.dataset())
    console.next("kit label" if wanted else "kit train")
