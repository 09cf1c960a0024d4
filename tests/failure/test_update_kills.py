"""An installation killed at every step and commit point: always the old bundle or the new one.

The agent is the real one in a process of its own, at a simulated hub over HTTP. Each place is hit by
`kill -9` and by an emulated power cut, after which what was not synced is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.edge_agent.parts import bundle_id_of, make_bundle, wait_for, write_tiny_kit
from tests.edge_agent.test_update import STEPS
from tests.failure.conftest import Record
from tests.failure.device import Death
from tests.failure.station import Station
from tests.failure.tuf_simulator import Simulator, served

OLD = make_bundle(1)
GOOD = make_bundle(2, act_at=0.79)
BAD = make_bundle(3, act_at=0.78, config={"bad": "nan", "bad_after": 100})
BACK = ("before going back", "went back")


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
    station.prepare(OLD)
    return station


@pytest.fixture(scope="module")
def long_template(template: Station, tmp_path_factory: pytest.TempPathFactory) -> Station:
    """The same with a longer probation: a model may turn bad after it was good in the shadow."""
    station = template.copy(tmp_path_factory.mktemp("long") / "device")
    values = yaml.safe_load(station.config.read_text())
    values["update"]["probation_samples"] = 200
    station.config.write_text(yaml.safe_dump(values))
    return station


def die_and_come_back(template: Station, folder: Path, content: bytes, death: Death) -> bool:
    """One death during an installation, and what comes of it; False when it was never met."""
    station, hub = template.copy(folder), template.hub
    allowed = {bundle_id_of(OLD), bundle_id_of(content)}
    hub.reported.clear()
    wanted = ("committed", content) if content is not BAD else ("rolled_back", OLD)
    station.live(death)
    died = station.wait_for_death(lambda: is_settled(station, *wanted))
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
    kept = station.written()
    done = kept["active"] == bundle_id_of(content) and kept["job"] is None
    return done and (state == "committed" or kept["denied"] != {})


def deaths_at_steps(steps: tuple[str, ...]) -> list[Death]:
    return [Death(step=step, power=power) for step in steps for power in (False, True)]


def count_commits(template: Station, folder: Path, content: bytes) -> int:
    """Commit points of an installation without any death."""
    station = template.copy(folder)
    template.hub.reported.clear()
    station.live()
    wait_for(lambda: station.ended in {"committed", "rolled_back"}, 30)
    station.stop()
    return int((folder / "commits.txt").read_text())


def kill_everywhere(
    template: Station, folder: Path, content: bytes, steps: tuple[str, ...], every: int
) -> dict[str, object]:
    template.hub.publish(content, 2 if content is GOOD else 3)
    commits = count_commits(template, folder / "whole", content)
    deaths = deaths_at_steps(steps)
    named = len(deaths)
    for number in range(1, commits + 1, every):
        deaths += [Death(commit=number, before=before, power=True) for before in (True, False)]
    met = [
        death
        for number, death in enumerate(deaths)
        if die_and_come_back(template, folder / f"{number}", content, death)
    ]
    assert sum(bool(death.step) for death in met) == named
    # the last commit points are those of the stop, which a life that goes on never meets
    assert len(met) >= named + (len(deaths) - named) * 0.8
    return {"steps": len(steps), "commit_points": commits, "deaths": len(met), "neither": 0}


def test_killed_during_an_installation_it_is_the_old_or_the_new(
    template: Station, tmp_path: Path, record: Record
) -> None:
    steps = ("accepted", "before switch", "switched", "before commit")
    record(kill_everywhere(template, tmp_path, GOOD, steps, every=16))


def test_killed_while_going_back_it_is_the_old(
    long_template: Station, tmp_path: Path, record: Record
) -> None:
    record(kill_everywhere(long_template, tmp_path, BAD, BACK, every=1000))


@pytest.mark.slow
def test_killed_at_every_step_and_commit_point_of_an_installation(
    template: Station, tmp_path: Path, record: Record
) -> None:
    record(kill_everywhere(template, tmp_path, GOOD, STEPS, every=1))


@pytest.mark.slow
def test_killed_at_every_commit_point_of_going_back(
    long_template: Station, tmp_path: Path, record: Record
) -> None:
    record(kill_everywhere(long_template, tmp_path, BAD, BACK, every=1))
