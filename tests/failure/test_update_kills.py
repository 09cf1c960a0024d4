"""An installation killed at every step and commit point: always the old bundle or the new one.

The agent is the real one in a process of its own, at a simulated hub over HTTP. Each place is hit by
`kill -9` and by an emulated power cut, after which what was not synced is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from tests.edge_agent.parts import bundle_id_of, make_bundle, write_tiny_kit
from tests.edge_agent.test_update import STEPS
from tests.failure.conftest import Record
from tests.failure.device import Death
from tests.failure.station import Station
from tests.failure.tuf_simulator import Simulator, served
from tests.waiting import wait_for

OLD = make_bundle(1)
GOOD = make_bundle(2, act_at=0.79)
BAD = make_bundle(3, act_at=0.78, config={"bad": "nan", "bad_after": 100})
BACK = ("before going back", "went back")
GRACE_S = 1.0
AT_ONCE = 3


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kit")
    write_tiny_kit(folder)
    return folder


@pytest.fixture(scope="module")
def hub() -> Iterator[tuple[Simulator, str]]:
    simulator = Simulator()
    with served(simulator) as url:
        yield simulator, url


@pytest.fixture(scope="module")
def template(
    kit: Path, hub: tuple[Simulator, str], tmp_path_factory: pytest.TempPathFactory
) -> Station:
    """A device that has decided with the old bundle and was stopped."""
    station = Station(tmp_path_factory.mktemp("template") / "device", kit, *hub)
    station.prepare(OLD, rate_hz=300)
    return station


@pytest.fixture(scope="module")
def long_template(template: Station, tmp_path_factory: pytest.TempPathFactory) -> Station:
    """The same with a longer probation: a model may turn bad after it was good in the shadow."""
    station = template.copy(tmp_path_factory.mktemp("long") / "device")
    values = yaml.safe_load(station.config.read_text())
    values["update"]["probation_samples"] = 2000
    station.config.write_text(yaml.safe_dump(values))
    return station


def die_and_come_back(template: Station, folder: Path, content: bytes, death: Death) -> bool:
    """One death during an installation, and what comes of it; False when it was never met."""
    station, hub = template.copy(folder), template.hub
    allowed = {bundle_id_of(OLD), bundle_id_of(content)}
    wanted = ("committed", content) if content is not BAD else ("rolled_back", OLD)
    station.live(death)
    died = station.wait_for_death(lambda: is_settled(station, *wanted), GRACE_S)
    slots = station.slots
    assert slots.state.active in allowed
    assert slots.open(slots.state.active).id == slots.state.active
    if died:
        station.live()
    try:
        wait_for(lambda: is_settled(station, *wanted), 60)
    finally:
        station.kill()
    assert {r.bundle for r in hub.reported} <= allowed
    assert station.slots.open(station.slots.state.active).id == bundle_id_of(wanted[1])
    assert (bundle_id_of(content) in station.slots.state.denied) == (content is BAD)
    return died


def is_settled(station: Station, state: str, content: bytes) -> bool:
    """Whether the wanted bundle runs and no installation is on its way."""
    try:
        kept = station.written()
    except (OSError, ValueError):
        return False  # a power cut is just taking back what was not synced
    done = kept["active"] == bundle_id_of(content) and kept["job"] is None
    return done and (state == "committed" or kept["denied"] != {})


def count_commits(template: Station, folder: Path, content: bytes) -> int:
    """Commit points of an installation without any death, from the start to its last step."""
    station = template.copy(folder)
    template.hub.reported.clear()
    station.live()
    wait_for(lambda: station.ended in {"committed", "rolled_back"})
    station.kill()
    return station.commits_before("committed" if content is not BAD else "went back")


def kill_everywhere(
    template: Station, folder: Path, content: bytes, named: list[Death], every: int
) -> dict[str, object]:
    """Named deaths, and one before and one after each `every`th commit point."""
    template.hub.publish(content, 2 if content is GOOD else 3)
    commits = count_commits(template, folder / "whole", content)
    deaths = list(named)
    for number in range(every, commits + 1, every):
        deaths += [Death(commit=number, before=before, power=True) for before in (True, False)]

    def die(number: int) -> bool:
        return die_and_come_back(template, folder / f"{number}", content, deaths[number])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        met = list(pool.map(die, range(len(deaths))))
    missed = [death for death, was_met in zip(deaths, met) if not was_met]
    assert missed == []
    steps = len({death.step for death in named})
    return {"steps": steps, "commit_points": commits, "deaths": len(deaths), "neither": 0}


def both(steps: tuple[str, ...]) -> list[Death]:
    """At each step killed, and without power."""
    return [Death(step=step, power=power) for step in steps for power in (False, True)]


def test_killed_during_an_installation_it_is_the_old_or_the_new(
    template: Station, tmp_path: Path, record: Record
) -> None:
    named = [
        Death(step="accepted"),
        Death(step="before switch", power=True),
        Death(step="switched", power=True),
        Death(step="before commit"),
    ]
    record(kill_everywhere(template, tmp_path, GOOD, named, every=25))


def test_killed_while_going_back_it_is_the_old(
    long_template: Station, tmp_path: Path, record: Record
) -> None:
    named = [Death(step=BACK[0]), Death(step=BACK[1], power=True)]
    record(kill_everywhere(long_template, tmp_path, BAD, named, every=1000))


@pytest.mark.slow
def test_killed_at_every_step_and_commit_point_of_an_installation(
    template: Station, tmp_path: Path, record: Record
) -> None:
    record(kill_everywhere(template, tmp_path, GOOD, both(STEPS), every=1))


@pytest.mark.slow
def test_killed_at_every_commit_point_of_going_back(
    long_template: Station, tmp_path: Path, record: Record
) -> None:
    record(kill_everywhere(long_template, tmp_path, BAD, both(BACK), every=1))
