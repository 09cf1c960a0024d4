"""Reports take two ways and arrive twice, late or out of order: the hub believes the newest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from cloud_sync.fleet import deployments, rollouts
from cloud_sync.fleet.plan import Plan
from cloud_sync.hub import Hub
from cloud_sync.store.models import Device
from kits.core.events import MAX_WORDS
from kits.core.hub_api import MAX_FIGURES, Reported
from tests.cloud_sync.fleet_builders import add_device, approved_bundle, make_hub

OLD = "a" * 64


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        add_device(hub, "press-1", group="line")
        add_device(hub, "press-2", group="line")
        yield hub


@pytest.fixture
def new(hub: Hub) -> str:
    return approved_bundle(hub)


def start(hub: Hub, bundle: str) -> int:
    """A rollout whose first wave is press-1; the number of its deployment there."""
    plan = Plan(timedelta(hours=1), waves=("1", "100%"), canary="press-1")
    with hub.database.transaction() as session:
        rollout = rollouts.start(session, bundle, plan=plan, who="ada", group="line")
        return next(d.id for d in rollout.deployments if d.device == "press-1")


def hear(hub: Hub, sequence: int, boot: str = "boot-1", **fields: object) -> None:
    with hub.database.transaction() as session:
        told = Reported(boot=boot, sequence=sequence, **fields)
        deployments.apply_report(session, "press-1", told)


def stands(hub: Hub) -> tuple[str, str, str]:
    """(state of the rollout, of press-1's deployment, what press-1 runs)."""
    with hub.database.session() as session:
        rollout = rollouts.find(session, 1)
        deployed = next(d for d in rollout.deployments if d.device == "press-1")
        return rollout.state, deployed.state, session.get_one(Device, "press-1").running_bundle


def error(hub: Hub) -> str:
    with hub.database.session() as session:
        found = rollouts.find(session, 1).deployments
        return next(d.error for d in found if d.device == "press-1")


def test_old_news_after_an_outage_does_not_look_like_going_back(hub: Hub, new: str) -> None:
    """By MQTT "committed" came at once; what had queued up for HTTP comes afterwards."""
    number = start(hub, new)
    hear(hub, 10, bundle=OLD, deployment=number, state="downloading")
    hear(hub, 40, bundle=new, deployment=number, state="committed")
    hear(hub, 20, bundle=OLD, deployment=number, state="shadow")
    hear(hub, 30, bundle=new, deployment=number, state="active")
    hear(hub, 40, bundle=new, deployment=number, state="committed")
    assert stands(hub) == ("running", "committed", new)


def test_an_end_that_arrives_late_is_no_less_an_end(hub: Hub, new: str) -> None:
    number = start(hub, new)
    hear(hub, 10, bundle=new, deployment=number, state="active")
    hear(hub, 30, bundle=OLD)
    hear(hub, 20, bundle=OLD, deployment=number, state="rolled_back", error="too slow")
    assert stands(hub) == ("failed", "rolled_back", OLD)
    assert error(hub) == "too slow"


def test_a_commit_that_arrives_late_is_held_against_what_runs_since(hub: Hub, new: str) -> None:
    number = start(hub, new)
    hear(hub, 30, bundle=OLD)
    hear(hub, 20, bundle=new, deployment=number, state="committed")
    assert stands(hub) == ("failed", "failed", OLD)


def test_after_a_reboot_counting_begins_anew_and_the_boot_before_is_past(
    hub: Hub, new: str
) -> None:
    number = start(hub, new)
    hear(hub, 900, "boot-1", bundle=OLD, deployment=number, state="building")
    hear(hub, 5, "boot-2", bundle=new, deployment=number, state="committed")
    hear(hub, 999, "boot-1", bundle=OLD, deployment=number, state="shadow")
    assert stands(hub) == ("running", "committed", new)


def test_what_a_device_says_of_itself_takes_little_room_however_often_it_boots(hub: Hub) -> None:
    with hub.database.transaction() as session:
        # as a hub kept it that had no bounds
        session.get_one(Device, "press-1").reported = {
            "boot": "b" * 9000,
            "past_boots": ["p" * 9000],
        }
    figures = {f"{name:x<64}": 1.0 for name in range(MAX_FIGURES)}
    for number in range(40):
        boot = f"{number:b<64}"
        hear(hub, 1, boot, bundle=OLD, error="e" * 9000, waits_for="w" * 9000, figures=figures,
             agent="a" * 9000, provider="p" * 9000)  # fmt: skip
    with hub.database.session() as session:
        kept = session.get_one(Device, "press-1").reported
    assert len(json.dumps(kept)) < 12_000
    assert kept["error"] == "e" * (MAX_WORDS - 1) + "…"


@pytest.mark.parametrize(
    "field",
    [
        {"bundle": "b" * 65},
        {"boot": "b" * 65},
        {"deployment": 1 << 64},
        {"sequence": 1 << 64},
        {"figures": {"n" * 65: 1.0}},
        {"figures": {str(n): 1.0 for n in range(MAX_FIGURES + 1)}},
    ],
)
def test_a_report_whose_names_and_numbers_are_out_of_bounds_is_refused(
    field: dict[str, object],
) -> None:
    with pytest.raises(ValidationError):
        Reported.model_validate(field)


def test_a_device_that_says_nothing_of_its_boot_is_believed_as_ever(hub: Hub, new: str) -> None:
    number = start(hub, new)
    hear(hub, 0, "", bundle=OLD, deployment=number, state="downloading")
    hear(hub, 0, "", bundle=new, deployment=number, state="committed")
    assert stands(hub) == ("running", "committed", new)
