"""The whole circle, step by step: from a folder of data to a line that learned.

Each step runs one of Kitwright's commands or calls the hub's API, and says in one line what came
of it. Nothing here knows how a step works inside, nor what kind of samples a kit has: its words and
folders come from the kit's own story.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from kits.core.addresses import free_port
from kits.core.discovery import get_kit
from kits.core.errors import ConfigError, GateError, UnreachableError
from kits.core.story import DemoStory, ExtraStep, HubStep, OwnStep
from kits.toolchain.demo.device import agent_yaml
from kits.toolchain.demo.hub import HubApi
from kits.toolchain.demo.programs import Json, Programs
from kits.toolchain.demo.reviewer import ScriptedReviewer
from kits.toolchain.demo.stage import AtHub, Stage
from kits.toolchain.demo.summary import figures_text

DEVICE = "line-1"
_AGAIN_S = 12.0


@dataclass
class Circle:
    """What the steps hand on to each other."""

    kit: str
    story: DemoStory
    root: Path
    seed: int
    programs: Programs
    project: Path
    keep: bool = False
    name: str = "demo-line"
    hub: HubApi | None = None
    token: str = ""
    engineer: dict[str, str] = field(default_factory=dict, repr=False)
    champion: Json = field(default_factory=dict)
    first: Json = field(default_factory=dict)
    retraining: Json = field(default_factory=dict)
    rollout: JsonValue = None
    agent: subprocess.Popen[bytes] | None = None
    notes: Json = field(default_factory=dict)


Step = Callable[[Circle], str]


def steps_of(story: DemoStory, *, short: bool) -> list[tuple[str, Step]]:
    """The steps with their titles, in order.

    Args:
        short: leaves out what the kit shows beside the circle.
    """
    steps: list[tuple[str, Step]] = [
        ("make demo data", _generate),
        (f"scaffold a project, import {story.learns_from}", _scaffold),
        ("check the data", _check),
        (f"train on {story.learns_from} only", _train),
        ("compile for this machine", _compile),
    ]
    if story.extra is not None and not short:
        extra = story.extra
        steps.append((extra.title, lambda circle: _second_way(circle, extra)))
    return [
        *steps,
        ("start the hub", _start_hub),
        ("sign the first release, publish it", _publish),
        *(_first_steps(story)),
        ("retrain, challenge the champion", _retrain),
        ("sign the better model", _approve),
        *(_second_steps(story)),
        *(() if short else ((own.title, partial(_own_step, own)) for own in story.own)),
    ]


def _first_steps(story: DemoStory) -> list[tuple[str, Step]]:
    if story.hub is not None:
        return [(step.title, partial(_hub_step, step)) for step in story.hub.first]
    return [
        ("enroll a device, roll out the bundle", _enroll),
        ("run the line", _run_line),
        ("review what the device kept", _review),
    ]


def _second_steps(story: DemoStory) -> list[tuple[str, Step]]:
    if story.hub is not None:
        return [(step.title, partial(_hub_step, step)) for step in story.hub.second]
    return [("roll it out", _roll_out), ("run the line again", _run_line_again)]


def _hub_step(step: HubStep, circle: Circle) -> str:
    """What the hub does itself, with the bundle that it scores with now."""
    bundle = circle.project / str(circle.champion["path"])
    stage = AtHub(
        circle.root, circle.seed, bundle, circle.programs, hub_of(circle), circle.name, circle.notes
    )
    return step.show(stage)


def _generate(circle: Circle) -> str:
    data = circle.root / "data"
    get_kit(circle.kit).demo.generate(data, circle.seed)
    story = circle.story
    learn, line = (_files(data / folder) for folder in (story.data, story.line))
    if story.hub is not None:
        return f"{story.learns_from} to learn from ({_plural(learn, 'file')}): {data}"
    return (
        f"{story.learns_from} to learn from ({_plural(learn, 'file')}), {line} {story.sample}s for the line: "
        f"{data}"
    )


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def _scaffold(circle: Circle) -> str:
    circle.programs.text(
        *("kit", "new", circle.kit, str(circle.project), "--defaults"),
        *("--data", str(circle.root / "data" / circle.story.data)),
        *("--answer", f"name={circle.name}"),
        *(
            word
            for key, value in circle.story.answers.items()
            for word in ("--answer", f"{key}={value}")
        ),
        # a busy laptop stutters more than a line may
        *("--answer", "latency_limit_ms=1000"),
    )
    for name in circle.story.project:
        shutil.rmtree(circle.project / name, ignore_errors=True)
        shutil.copytree(circle.root / "data" / name, circle.project / name)
    found = circle.programs.json("kit", "data", "show", "-C", str(circle.project), "--json")
    return f"dataset {str(found['id'])[:12]}: {found['n']} samples"


def _check(circle: Circle) -> str:
    found = circle.programs.json("kit", "check", "-C", str(circle.project), "--json")
    findings = found["findings"]
    levels = (
        [f["level"] for f in findings if isinstance(f, dict)] if isinstance(findings, list) else []
    )
    return ", ".join(f"{levels.count(level)} {level}" for level in ("pass", "warn", "fail"))


def _train(circle: Circle) -> str:
    circle.first = circle.programs.json(
        *("kit", "train", "-C", str(circle.project), "--json", "--seed", str(circle.seed))
    )
    return figures_text(circle.first["metrics"], circle.story.figures)


def _compile(circle: Circle) -> str:
    made = circle.programs.json("kit", "compile", "-C", str(circle.project), "--json")
    circle.champion = made
    return f"bundle {str(made['bundle'])[:12]}, {made['precision']} for {made['target']}"


def _second_way(circle: Circle, extra: ExtraStep) -> str:
    folder = str(circle.root / "second")
    circle.programs.text(
        *("kit", "new", circle.kit, folder, "--defaults"),
        *("--data", str(circle.root / "data" / extra.data), "--answer", "name=demo-second"),
    )
    sets = [word for setting in extra.settings for word in ("--set", setting)]
    run = circle.programs.json("kit", "train", "-C", folder, "--json", *sets)
    return f"{extra.outcome}: bundle {str(run['bundle_id'])[:12]}"


def _start_hub(circle: Circle) -> str:
    data = str(circle.root / "hub")
    port = free_port()
    circle.programs.json("cloud-sync", "init", "--data", data, "--port", str(port), "--json")
    made = circle.programs.json(
        *("cloud-sync", "token", "add", "demo", "--role", "engineer", "--data", data, "--json")
    )
    circle.token = str(made["token"])
    circle.programs.env["KITWRIGHT_HUB_TOKEN"] = circle.token
    command = ("cloud-sync", "serve", "--data", data)
    serve = circle.programs.start(*command)
    circle.hub = HubApi(f"http://127.0.0.1:{port}", circle.token)
    try:
        circle.hub.wait_until_up(lambda: serve.poll() is None)
    except UnreachableError as error:
        said = circle.programs.last_words(*command)
        raise UnreachableError(f"{error.what}:\n{said}" if said else error.what) from error
    return f"{circle.hub.url} (SQLite, local folder, own MQTT 5 broker)"


def _publish(circle: Circle) -> str:
    hub = hub_of(circle)
    answer = circle.programs.json(
        *("kit", "publish", "-C", str(circle.project), "--hub", hub.url, "--json"),
        secrets=circle.engineer,
    )
    return (
        f"release {answer['release']} of {answer['project']}; the keys are in "
        f"{circle.root}/engineer, never at the hub"
    )


def _enroll(circle: Circle) -> str:
    hub = hub_of(circle)
    added = circle.programs.json(
        *("cloud-sync", "device", "add", DEVICE, "--data", str(circle.root / "hub"), "--json")
    )
    _write_agent_config(circle)
    circle.programs.text(
        *("edge-agent", "enroll", "--hub", hub.url, "--token", str(added["token"])),
        *("--config", _config(circle)),
    )
    rollout = hub.roll_out(str(circle.champion["bundle"]), DEVICE)
    circle.rollout = rollout["rollout"]
    return f"device {DEVICE} has its own key; rollout {circle.rollout} waits for it"


def _run_line(circle: Circle) -> str:
    agent = circle.programs.start("edge-agent", "run", "--config", _config(circle), "--until-empty")
    circle.programs.wait(agent, "edge-agent run", timeout_s=180)
    return _decisions(circle, str(circle.champion["bundle"]))


def _review(circle: Circle) -> str:
    truth = circle.root / "data" / circle.story.truth
    done = ScriptedReviewer(hub_of(circle), truth, circle.story.harmless).review_all(circle.name)
    return (
        f"{done.total} reviewed by a scripted person: {done.accepted} accepted, "
        f"{done.corrected} corrected, {done.found} {circle.story.finds} among them"
    )


def _retrain(circle: Circle) -> str:
    hub = hub_of(circle)
    job = hub.call("POST", "/v1/retrainings", {"project": circle.name})["job"]
    circle.retraining = hub.wait_for_job(job, timeout_s=240)
    compared = circle.retraining["compare"]
    reason = compared.get("reason", "") if isinstance(compared, dict) else ""
    if not circle.retraining["passed"]:
        raise GateError(f"the challenger did not beat the champion: {reason}", where=f"job {job}")
    return f"dataset {str(circle.retraining['dataset'])[:12]}: {reason}"


def _approve(circle: Circle) -> str:
    """What the hub trained goes nowhere before the release engineer has signed it."""
    bundle = str(circle.retraining["bundle"])
    answer = circle.programs.json(
        *("kit", "approve", bundle, "--hub", hub_of(circle).url, "--yes", "--json"),
        *("--expect-changes", str(_changes(circle.retraining))),
        secrets=circle.engineer,
    )
    return f"kit approve {bundle[:12]}: release {answer['release']}, after its digest was checked"


def _changes(retraining: Mapping[str, JsonValue]) -> float:
    """What the person at the demo's keyboard lets change: the first bundle knew what is usual alone."""
    compared = retraining["compare"]
    seen = compared.get("disagreement") if isinstance(compared, dict) else None
    high = seen.get("high") if isinstance(seen, dict) else None
    return round(float(high), 4) if isinstance(high, int | float) else 0.0


def _roll_out(circle: Circle) -> str:
    hub = hub_of(circle)
    bundle = str(circle.retraining["bundle"])
    rollout = hub.roll_out(bundle, DEVICE)["rollout"]
    _write_agent_config(circle, loop=True)
    circle.agent = circle.programs.start("edge-agent", "run", "--config", _config(circle))
    state = hub.wait_for_rollout(rollout, timeout_s=120)
    if state != "committed":
        raise GateError(f"the device reports {state}", where=f"rollout {rollout}")
    return f"device {DEVICE} verified, shadowed, switched and committed {bundle[:12]}"


def _run_line_again(circle: Circle) -> str:
    """Waits until the second bundle has seen what the first one saw, but not for ever."""
    bundle, wanted = str(circle.retraining["bundle"]), circle.root / "data" / circle.story.line
    deadline = time.monotonic() + _AGAIN_S
    while time.monotonic() < deadline:
        time.sleep(1)
        seen = {Path(str(row["source"])).name for row in judged(circle, bundle)}
        if len(seen) >= _files(wanted):
            break
    return _decisions(circle, bundle)


def _own_step(own: OwnStep, circle: Circle) -> str:
    """What only this kit shows, with the bundle that the device runs."""
    if circle.agent is not None and not circle.keep:
        circle.programs.stop(circle.agent)  # the line goes round and round, and has been seen
    kept = circle.root / "agent" / "bundles" / f"{circle.retraining['bundle']}.kwb"
    if circle.story.hub is not None:
        kept = circle.project / str(circle.champion["path"])
    return own.show(Stage(circle.root, circle.seed, kept, circle.programs))


def judged(circle: Circle, bundle: str) -> list[Json]:
    """What a bundle decided; what was recorded around an alarm has a row of its own, which nobody judged."""
    return [row for row in hub_of(circle).samples(bundle) if row["score"] is not None]


def _decisions(circle: Circle, bundle: str) -> str:
    """How the device decided with one bundle, by the hub's own records."""
    rows = judged(circle, bundle)
    verdicts = [str(row["verdict"]) for row in rows]
    kept = sum(bool(row["has_blob"]) for row in rows)
    parts = ", ".join(f"{verdicts.count(v)} {v}" for v in ("act", "review", "pass"))
    cases = sum(case.get("bundle") == bundle for case in hub_of(circle).cases(DEVICE))
    opened = f"; {cases} cases opened" if cases else ""
    return (
        f"{len(rows)} decisions arrived ({parts}), {kept} with their {circle.story.content}{opened}"
    )


def _write_agent_config(circle: Circle, *, loop: bool = False) -> None:
    written = agent_yaml(circle.root, circle.story, hub_of(circle).url, seed=circle.seed, loop=loop)
    Path(_config(circle)).write_text(written)


def _config(circle: Circle) -> str:
    return str(circle.root / "agent.yaml")


def hub_of(circle: Circle) -> HubApi:
    """The hub. Raises ConfigError before it was started."""
    if circle.hub is None:
        raise ConfigError("the hub has not been started")
    return circle.hub
