"""A release that the engineer took back: the hub takes the mark, shows it, and rolls it out no more."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from tuf.api.metadata import TargetFile
from typer.testing import CliRunner

from cloud_sync.cli import make_app
from cloud_sync.config import FILE, dump
from cloud_sync.errors import ConflictError
from cloud_sync.fleet import bundles, rollouts, tuf, waves
from cloud_sync.fleet.deployments import apply_report, desired_for
from cloud_sync.hub import Hub
from cloud_sync.learning.champions import champion_of
from cloud_sync.sections import RolloutConfig
from cloud_sync.store.models import Release, Rollout
from kits.core import bundle as formats
from kits.core.errors import BundleError, GateError
from kits.core.hub_api import Reported
from tests.cloud_sync.fleet.released import Device, accept, begun, bring
from tests.cloud_sync.fleet_builders import add_device, make_bundle, token_for
from tests.cloud_sync.hub_builders import open_hub
from tests.release_engineer import Engineer

PLAN = rollouts.plan_of(RolloutConfig())


def marked(engineer: Engineer, *numbers: int, **custom: object) -> str:
    """The next list, with these releases marked."""
    changed: dict[str, TargetFile] = {}
    for number in numbers:
        path = f"line-1/{number}.kwb"
        target = copy.deepcopy(engineer.targets.targets[path])
        target.unrecognized_fields["custom"].update(custom or {"withdrawn": "misses scratches"})
        changed[path] = target
    return engineer.sign_targets(changed)


def released(hub: Hub, engineer: Engineer, count: int) -> list[str]:
    """So many releases; the ids of their bundles."""
    begun(hub, engineer)
    contents = [make_bundle(version=1)]
    for version in range(2, count + 1):
        contents.append(bring(hub, version))
        accept(hub, targets=engineer.release(contents[-1]))
    return [formats.bundle_id(content) for content in contents]


def champion(hub: Hub) -> str:
    with hub.database.session() as session:
        row = champion_of(session, "line-1")
        return row.id if row is not None else ""


def test_a_withdrawn_release_is_noted_and_cannot_be_rolled_out(
    hub: Hub, engineer: Engineer
) -> None:
    first, second = released(hub, engineer, 2)
    add_device(hub)
    accept(hub, targets=marked(engineer, 2))
    assert len(Device(hub).refresh().targets) == 2
    with hub.database.transaction() as session:
        with pytest.raises(GateError, match="release 2 of this bundle was withdrawn: misses"):
            rollouts.start(session, second, device="press-1", plan=PLAN, who="ada")
        assert rollouts.start(session, first, device="press-1", plan=PLAN, who="ada").release == 1


def test_the_release_before_it_is_the_champion_again(hub: Hub, engineer: Engineer) -> None:
    first, second = released(hub, engineer, 2)
    assert champion(hub) == second
    accept(hub, targets=marked(engineer, 2))
    assert champion(hub) == first
    accept(hub, targets=marked(engineer, 1))
    assert champion(hub) == ""
    accept(hub, targets=engineer.release(make_bundle(version=1)))
    assert champion(hub) == first


def test_a_bundle_that_is_released_again_can_be_rolled_out_again(
    hub: Hub, engineer: Engineer
) -> None:
    begun(hub, engineer)
    accept(hub, targets=marked(engineer, 1))
    content = make_bundle(version=1)
    accept(hub, targets=engineer.release(content))
    with hub.database.session() as session:
        assert tuf.release_of(session, formats.bundle_id(content)).release == 2


def test_its_rollouts_end_and_who_runs_it_goes_on(hub: Hub, engineer: Engineer) -> None:
    _first, second = released(hub, engineer, 2)
    for name in ("press-1", "press-2"):
        add_device(hub, name, group="presses")
    with hub.database.transaction() as session:
        rollout = rollouts.start(session, second, group="presses", plan=PLAN, who="ada")
        number, canary = rollout.id, rollout.deployments[0].id
        report = Reported(bundle=second, deployment=canary, state="committed")
        apply_report(session, "press-1", report)
    accept(hub, targets=marked(engineer, 2))
    with hub.database.session() as session:
        rollout = rollouts.find(session, number)
        assert rollout.state == "aborted"
        assert "release 2 was withdrawn: misses scratches" in rollout.reason
        assert [d.state for d in rollout.deployments] == ["committed", "failed"]
        assert all(d.state in waves.FINAL for d in rollout.deployments)
        wish = desired_for(session, "press-1").bundle
        assert wish is not None and wish.bundle == second
        assert desired_for(session, "press-2").bundle is None


def lifted(engineer: Engineer) -> str:
    target = copy.deepcopy(engineer.targets.targets["line-1/1.kwb"])
    del target.unrecognized_fields["custom"]["withdrawn"]
    return engineer.sign_targets({"line-1/1.kwb": target})


def longer(engineer: Engineer) -> str:
    target = copy.deepcopy(engineer.targets.targets["line-1/1.kwb"])
    target.length += 1
    return engineer.sign_targets({"line-1/1.kwb": target})


def reworded(engineer: Engineer) -> str:
    return marked(engineer, 1, withdrawn="another reason")


def test_a_mark_stays_as_it_is(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    accept(hub, targets=marked(engineer, 1))
    for change in (lifted, reworded, longer):
        before = engineer.targets
        with pytest.raises(ConflictError, match="left out or changed"):
            accept(hub, targets=change(engineer))
        engineer.targets = before


@pytest.mark.parametrize(
    ("custom", "error"),
    [
        ({"withdrawn": "why", "version": 9}, ConflictError),
        ({"withdrawn": None}, ConflictError),
        ({"withdrawn": True}, ConflictError),
        ({"withdrawn": ""}, BundleError),
        ({"withdrawn": "x" * 201}, BundleError),
        ({"note": "why"}, ConflictError),
    ],
)
def test_no_other_change_passes_as_a_withdrawal(
    hub: Hub, engineer: Engineer, custom: dict[str, object], error: type[Exception]
) -> None:
    begun(hub, engineer)
    with pytest.raises(error):
        accept(hub, targets=marked(engineer, 1, **custom))
    with hub.database.session() as session:
        assert session.scalars(select(Release.withdrawn_at)).all() == [None]


def test_a_hub_restored_from_before_both_takes_release_and_mark_at_once(
    hub: Hub, engineer: Engineer
) -> None:
    begun(hub, engineer)
    second = bring(hub, 2)
    engineer.release(second)
    accept(hub, targets=marked(engineer, 2))
    assert champion(hub) == formats.bundle_id(make_bundle(version=1))
    with hub.database.session() as session:
        [row] = bundles.releases_of(session, formats.bundle_id(second))
        assert (row.release, row.withdrawn) == (2, "misses scratches")


def test_pages_api_and_commands_show_it(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        engineer = Engineer(hub.keys.public_keys()[0])
        first, second = released(hub, engineer, 2)
        add_device(hub)
        with hub.database.transaction() as session:
            apply_report(session, "press-1", Reported(bundle=second))
        accept(hub, targets=marked(engineer, 2))
        look(client, token_for(hub), first, second)
        (hub.config.data_dir / FILE).write_text(dump(hub.config))
        words = ["bundle", "list", "--json", "--data", str(hub.config.data_dir)]
        listed = CliRunner().invoke(make_app(), words)
    rows = json.loads(listed.stdout)
    assert {row["id"]: row["withdrawn"] for row in rows} == {first: False, second: True}


def look(client: TestClient, who: dict[str, str], first: str, second: str) -> None:
    page = client.get(f"/bundles/{second}", headers=who).text
    for words in ("Withdrawn", "misses scratches", "1 device runs it still"):
        assert words in page
    assert "Roll out" not in page
    assert "Roll out" in client.get(f"/bundles/{first}", headers=who).text
    assert "withdrawn" in client.get("/bundles", headers=who).text
    offered = client.get("/rollouts", headers=who).text
    assert f'value="{first}"' in offered and f'value="{second}"' not in offered
    told = client.get(f"/v1/bundles/{second}", headers=who).json()
    assert (told["releases"], told["withdrawn"]) == ([2], {"2": "misses scratches"})
    body = {"bundle": second, "device": "press-1"}
    answer = client.post("/v1/rollouts", headers=who, json=body)
    assert answer.status_code >= 400 and "withdrawn" in answer.text


def test_a_finished_rollout_stays_what_it_was(hub: Hub, engineer: Engineer) -> None:
    _first, second = released(hub, engineer, 2)
    add_device(hub)
    with hub.database.transaction() as session:
        rollout = rollouts.start(session, second, device="press-1", plan=PLAN, who="ada")
        report = Reported(bundle=second, deployment=rollout.deployments[0].id, state="committed")
        apply_report(session, "press-1", report)
    accept(hub, targets=marked(engineer, 2))
    with hub.database.session() as session:
        assert session.scalars(select(Rollout.state)).all() == ["done"]
