"""Runs the failure tests in full and writes their figures into docs/reliability.md.

`python -m benchmarks.reliability [--select EXPR] [--write-only] [--figures FILE]`, or
`make reliability` for all of it. Each test appends figures and outcome to the figures file; of a test
that ran more than once the newest run counts, so parts can be run again by `--select` (pytest's -k).
What was not run stands on the page as not run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.reliability_goals import GOALS, Goal

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
FIGURES = ROOT / "reliability-figures.jsonl"
HEAD = """\
# What survives what

Each claim here is a test in `tests/failure/` that runs the real programs: `edge-agent`, `cloud-sync serve`, mosquitto, SQLite on a real disk. `make reliability` runs all of them in full and writes this page; nothing in it is typed by hand. `make test` runs the short forms, in memory where there is enough of it.

Whether a row was lost is decided by a file outside the program under test: a device appends a row's number to it *after* `COMMIT` has returned. In the end every number in that file must be at the hub exactly once. A row that was committed but not written down before the kill must be there too, because the numbers of an outbox have no holes."""

LIMITS = """\
**What this does not show.** Power cuts are simulated: writes that no `fsync` had made durable are thrown away; no plug was pulled, and no worn-out SD card was used. The bad lines drop and delay real IP packets between two network namespaces by a program of ours, because `tc netem` is missing in many kernels; nothing was measured over a radio. The week is a week of rows, not of hours: what depends on the clock alone (certificates, daily tasks) is tested elsewhere with other clocks. All programs share one machine. Nothing here ran on a Jetson or a GPU."""


@dataclass
class Run:
    """The newest run of one test."""

    outcome: str = "not run"
    reason: str = ""
    took_s: float = 0.0
    figures: list[Mapping[str, Any]] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--select", default="", help="as pytest's -k")
    parser.add_argument("--write-only", action="store_true", help="only the page, from the figures")
    parser.add_argument("--figures", type=Path, default=FIGURES, help="lines of JSON")
    options = parser.parse_args()
    code = 0 if options.write_only else run(options.figures, options.select)
    PAGE.write_text(page(read(options.figures)))
    print(f"{PAGE.relative_to(ROOT)} written from {options.figures}")
    sys.exit(code)


def run(figures: Path, select: str) -> int:
    """Runs the tests, one after another; pytest's exit code."""
    with figures.open("a") as file:
        file.write(json.dumps({"machine": machine()}) + "\n")
    command = [sys.executable, "-m", "pytest", "tests/failure", "-q", "-s"]
    command += ["-m", "not gpu and not hardware", *(["-k", select] if select else [])]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "KITWRIGHT_FIGURES": str(figures)}, check=False
    )
    return done.returncode


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    git = ["git", "rev-parse", "--short", "HEAD"]
    revision = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "revision": revision.stdout.strip() or "unknown",
        "machine": f"{os.cpu_count()} cores {platform.machine()}, {memory:.0f} GiB, Linux "
        f"{platform.release().partition('-')[0]}, Python {platform.python_version()}",
        "load": round(os.getloadavg()[0], 1),
    }


def read(path: Path) -> tuple[dict[str, Run], list[dict[str, Any]]]:
    """The newest run of each test, and the machines they ran on."""
    runs: dict[str, Run] = {}
    machines: list[dict[str, Any]] = []
    waiting: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines(path):
        if "machine" in line:
            machines.append(line["machine"])
        elif "figures" in line:
            waiting.setdefault(line["test"], []).append(line["figures"])
        else:
            told = waiting.pop(line["test"], None)
            before = runs.get(line["test"])
            figures = told if told is not None or before is None else before.figures
            runs[line["test"]] = Run(line["outcome"], line["reason"], line["took_s"], figures or [])
    return runs, machines


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The figures file; nothing when there is none."""
    if path.exists():
        for text in path.read_text().splitlines():
            yield json.loads(text)


def page(found: tuple[dict[str, Run], list[dict[str, Any]]]) -> str:
    """docs/reliability.md."""
    runs, machines = found
    parts = [HEAD, measured_on(machines), "| test | aim | measured | |\n|---|---|---|---|"]
    parts[-1] += "".join(f"\n{row(goal, runs)}" for goal in GOALS)
    parts += [LIMITS, "## All figures\n\n" + details(runs)]
    return "\n\n".join(parts) + "\n"


def measured_on(machines: list[dict[str, Any]]) -> str:
    """Date, revision, machine of the newest run, and the load at the start of each."""
    if not machines:
        return "Nothing was run."
    last = machines[-1]
    loads = sorted(float(m["load"]) for m in machines)
    revisions = ", ".join(dict.fromkeys(str(m["revision"]) for m in machines))
    return (
        f"Measured on {last['date']}, revision {revisions}, on {last['machine']}. Load of the machine"
        f" at the start of the runs: {loads[0]} to {loads[-1]}."
    )


def row(goal: Goal, runs: Mapping[str, Run]) -> str:
    """One line of the table."""
    mine = {name: run for name, run in sorted(runs.items()) if name.startswith(goal.tests)}
    for test in goal.tests:
        if not any(name.startswith(test) for name in mine):
            mine[test] = Run()
    measured = goal.measured({name: run.figures[-1] for name, run in mine.items() if run.figures})
    outcomes = [run.outcome for run in mine.values()]
    if all(outcome == "passed" for outcome in outcomes):
        verdict = "met"
    elif "failed" in outcomes:
        verdict = "**missed**"
    else:
        verdict = "**not run in full**"
    return f"| {goal.title} | {goal.aim} | {measured or 'nothing yet'} | {verdict} |"


def details(runs: Mapping[str, Run]) -> str:
    """Every test with its outcome and figures, by file."""
    shown = []
    for name, one in sorted(runs.items()):
        head = f"**`{name}`**: {one.outcome}, {one.took_s:g} s"
        if one.outcome == "skipped":
            head += f" ({one.reason.removeprefix('Skipped: ')})"
        told = [f"- {key}: {shown_value(value)}" for f in one.figures for key, value in f.items()]
        shown.append("\n".join([head, "", *told]) if told else head)
    return "\n\n".join(shown)


def shown_value(value: object) -> str:
    """A figure in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(map(shown_value, value)) or "none"
    return str(value)


if __name__ == "__main__":
    main()
