"""Runs the steps of the circle one after the other and tells what came of each: as text, or as one JSON document."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from kits.core.discovery import get_kit
from kits.core.errors import ConfigError, UsageError
from kits.core.story import DemoStory
from kits.toolchain.demo.circle import Circle, Step, hub_of, judged, steps_of
from kits.toolchain.demo.programs import Programs
from kits.toolchain.demo.summary import compared_lines, verdict_table
from kits.toolchain.releasing.passphrase import PASSPHRASE_VARIABLE

MARK = ".kitwright-demo"
_KEEPS = {True: "leaves hub and CRM running", False: "leaves hub and agent running"}
"""By whether the circle is one at the hub."""


def run_demo(
    kit: str, folder: Path, *, seed: int, keep: bool, short: bool, as_json: bool = False
) -> None:
    """Runs the circle in `folder`.

    Args:
        short: leaves out what the kit shows beside the circle.
        as_json: one document at the end instead of text.

    Raises:
        UsageError: `keep` and `as_json` together.
        ConfigError: the kit has no story, or the folder holds something that is not an earlier demo.
        KitwrightError: a step failed; says where its log is.
    """
    if keep and as_json:
        raise UsageError("--keep talks to a person, --json to a program", fix="leave one out")
    story = _story(kit)
    root = _fresh(folder)
    programs = Programs(root / "logs", {"XDG_CONFIG_HOME": str(root / "engineer")})
    circle = Circle(kit, story, root, seed, programs, root / "project", keep=keep)
    # a person types a passphrase; only the commands that sign are given this one
    circle.engineer = {PASSPHRASE_VARIABLE: secrets.token_urlsafe(16)}
    began = time.monotonic()
    told: list[JsonValue] = []
    try:
        for number, (title, step) in enumerate(steps_of(story, short=short), start=1):
            told.append(_run_step(number, title, step, circle, quiet=as_json))
        took_s = time.monotonic() - began
        if as_json:
            print(json.dumps(_document(circle, told, took_s), indent=2, ensure_ascii=False))  # noqa: T201  the answer
            return
        print(_summary(circle, took_s))  # noqa: T201  the answer
        if keep:
            _keep_running(circle)
        else:
            kept = _KEEPS[story.hub is not None]
            print(f"next: kit demo {kit} --keep     ({kept} and prints the page's address)")  # noqa: T201  the last line
    finally:
        circle.programs.stop_all()


def _story(kit: str) -> DemoStory:
    story = get_kit(kit).story
    if story is None:
        raise ConfigError(
            f"the kit {kit!r} does not say how its demo goes",
            fix="give its demo.py a STORY, see docs/how-to/write-your-own-kit.md",
        )
    return story


def _fresh(folder: Path) -> Path:
    root = folder.resolve()
    if root.exists() and any(root.iterdir()):
        if not (root / MARK).exists():
            raise ConfigError(
                "this folder is not empty and not an earlier demo",
                where=str(root),
                fix="choose another with --dir",
            )
        shutil.rmtree(root)
    root.mkdir(parents=True, exist_ok=True)
    (root / MARK).write_text("made by `kit demo`; may be deleted\n")
    return root


def _run_step(
    number: int, title: str, step: Step, circle: Circle, *, quiet: bool
) -> dict[str, JsonValue]:
    if not quiet:
        sys.stdout.write(f"[{number:2}] {title} … ")
        sys.stdout.flush()
    started = time.monotonic()
    outcome = step(circle)
    took_s = time.monotonic() - started
    if not quiet:
        lines = "\n     ".join(outcome.splitlines())
        print(f"{took_s:.0f} s\n     {lines}", flush=True)  # noqa: T201  what came of it
    return {"number": number, "title": title, "seconds": round(took_s, 1), "outcome": outcome}


def _document(circle: Circle, told: list[JsonValue], took_s: float) -> dict[str, JsonValue]:
    """The whole demo for a program."""
    return {
        "kit": circle.kit,
        "seed": circle.seed,
        "seconds": round(took_s, 1),
        "steps": told,
        "champion": circle.champion["bundle"],
        "challenger": circle.retraining["bundle"],
        "compare": circle.retraining["compare"],
        "honest": circle.story.honest,
        **_places(circle),
    }


def _places(circle: Circle) -> dict[str, JsonValue]:
    action = {circle.story.action + "s": f"{circle.root}/agent/actuator.jsonl"}
    return {
        "report": f"{circle.project}/runs/{circle.first['run']}/report.html",
        **({} if circle.story.hub is not None else action),
        "hub's data": f"{circle.root}/hub",
        "logs": f"{circle.root}/logs",
    }


def _summary(circle: Circle, took_s: float) -> str:
    story = circle.story
    lines = [
        f"\nThe circle is closed after {took_s:.0f} s. What happened:",
        *_side_by_side(circle),
        *compared_lines(circle.retraining["compare"], story.sample, story.figures),
        *(f"  {line}" for line in story.honest.splitlines()),
        *(f"  {what:11} {where}" for what, where in _places(circle).items()),
    ]
    return "\n".join(lines)


def _side_by_side(circle: Circle) -> list[str]:
    """What both bundles said of the same samples of the line, by what these truly were; nothing without a line."""
    if circle.story.hub is not None:
        return []
    first, second = (
        {Path(str(row["source"])).name: str(row["verdict"]) for row in judged(circle, str(bundle))}
        for bundle in (circle.champion["bundle"], circle.retraining["bundle"])
    )
    truth: Mapping[str, Mapping[str, JsonValue]] = json.loads(
        (circle.root / "data" / circle.story.truth).read_text()
    )
    # a row for each pair of matters would say little of each
    labels = {
        name: "several" if "|" in str(said["label"]) else str(said["label"])
        for name, said in truth.items()
    }
    return verdict_table(labels, first, second, circle.story.sample)


def _keep_running(circle: Circle) -> None:
    password = circle.programs.text(
        *("cloud-sync", "user", "add", "demo-person", "--role", "engineer", "--print-password"),
        *("--data", str(circle.root / "hub")),
    )
    print(f"open {hub_of(circle).url}   {password.strip()}\nCtrl-C stops all of it")  # noqa: T201
    try:
        circle.programs.running[0].wait()
    except KeyboardInterrupt:
        print("stopping")  # noqa: T201
