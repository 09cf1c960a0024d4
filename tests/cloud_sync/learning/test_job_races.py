"""What is said while a job runs counts when it ends: it was cancelled, its data withdrawn, another bundle became champion."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cloud_sync.errors import ConflictError
from cloud_sync.hub import Hub
from cloud_sync.intake import provenance
from cloud_sync.learning import jobs, retraining
from cloud_sync.learning.champions import register_challenger
from cloud_sync.learning.runner import Runner
from cloud_sync.retention.pictures import prune_pictures
from cloud_sync.store.models import Bundle, Job, Project
from kits.core.bundle import bundle_id
from kits.core.sample import digest_of, utc_now
from tests.cloud_sync.crossing import cross
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.hub_builders import PROJECT, add_dataset, add_person, add_sample, open_hub
from tests.cloud_sync.learning.test_retraining import KIT_YAML, bundle_bytes, champion, crowned
from tests.cloud_sync.postgres import url_of

KIT = """\
import json, pathlib, sys
verb, rest = sys.argv[1], sys.argv[2:]
if verb == "compile":
    content = pathlib.Path(__file__).with_name("challenger").read_bytes()
    pathlib.Path("made.kwb").write_bytes(content)
print(json.dumps({"path": "made.kwb", "run": "r", "better": True, "of": rest[:2]}))
"""


@pytest.fixture
def apart(tmp_path: Path, cluster: Path) -> Iterator[Hub]:
    """A hub whose workers do not see what others have not committed."""
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    with make_hub(tmp_path, database_url=url) as hub:
        yield hub


def running(hub: Hub) -> int:
    with hub.database.transaction() as session:
        jobs.enqueue(session, "x", {}, by="eve")
    job = jobs.claim(hub, "worker", utc_now())
    assert job is not None
    return job.id


@pytest.mark.parametrize(
    "end",
    [
        lambda hub, job: jobs.fail(hub, job, "worker", "a fault", utc_now()),
        lambda hub, job: jobs.complete(hub, job, "worker", {}, utc_now()),
    ],
    ids=["fails", "is done"],
)
def test_a_job_that_is_cancelled_while_it_ends_stays_cancelled(
    apart: Hub, end: Callable[[Hub, int], None]
) -> None:
    number = running(apart)
    fault = cross(
        apart, lambda session: jobs.cancel(session, number, by="eve"), lambda: end(apart, number)
    )
    assert fault is None
    with apart.database.session() as session:
        job = jobs.find_job(session, number)
    assert (job.state, job.error) == ("failed", "cancelled by eve")


def test_a_job_that_is_done_is_not_cancelled(apart: Hub) -> None:
    number = running(apart)

    def done(session: Session) -> None:
        assert jobs.is_mine(session, number, "worker")
        jobs.find_job(session, number).state = "done"

    def cancel() -> None:
        with apart.database.transaction() as session:
            jobs.cancel(session, number, by="eve")

    assert cross(apart, done, cancel) is None
    with apart.database.session() as session:
        assert jobs.find_job(session, number).state == "done"


def test_two_who_ask_for_a_retraining_at_once_get_one(apart: Hub) -> None:
    with apart.database.transaction() as session:
        session.add(Project(name=PROJECT, kit="visual-inspection", kit_yaml=KIT_YAML))
    crowned(apart, bundle_bytes())

    def ask() -> None:
        with apart.database.transaction() as session:
            retraining.request(session, PROJECT, by="ada")

    fault = cross(apart, lambda session: retraining.request(session, PROJECT, by="eve"), ask)
    assert isinstance(fault, ConflictError)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub in which a retraining is queued whose trainer answers at once that its bundle is better."""
    (tmp_path / "kit.py").write_text(KIT)
    (tmp_path / "challenger").write_bytes(bundle_bytes(5))
    command = [sys.executable, str(tmp_path / "kit.py")]
    monkeypatch.setattr(retraining, "kit_command", lambda: command)
    with open_hub(tmp_path / "hub") as (client, hub):
        eve = add_person(hub, "eve", "engineer")
        identity = champion(hub)
        add_dataset(hub, {"a": "train", "b": "val"})
        name = add_sample(hub, "new", bundle=identity)
        client.post("/v1/reviews", headers=eve, json={"sample_id": name, "decision": "accept"})
        with hub.database.transaction() as session:
            retraining.request(session, PROJECT, by="eve")
        yield hub


def retrain(hub: Hub, monkeypatch: pytest.MonkeyPatch, act: Callable[[Session], object]) -> Job:
    """The job when it has ended; `act` when the bundles have been compared for the first time."""
    plain, acts = retraining.run_command, [act]

    def slow(command: list[str], **named: Any) -> Any:
        done = plain(command, **named)
        if "compare" in command and acts:
            with hub.database.transaction() as session:
                acts.pop()(session)
        return done

    monkeypatch.setattr(retraining, "run_command", slow)
    assert Runner(hub, {retraining.KIND: retraining.retrain}).run_one()
    with hub.database.session() as session:
        return jobs.find_job(session, 1)


def is_known(hub: Hub) -> bool:
    """Whether the challenger is there, and its bytes."""
    prune_pictures(hub)
    content = bundle_bytes(5)
    with hub.database.session() as session:
        there = session.get(Bundle, bundle_id(content)) is not None
    assert hub.storage.has(digest_of(content)) is there
    return there


def test_a_retraining_that_nothing_disturbs_has_a_challenger(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = retrain(hub, monkeypatch, lambda _: None)
    assert (job.state, job.result["passed"], is_known(hub)) == ("done", True, True)


def test_of_a_retraining_that_is_cancelled_at_its_end_nothing_comes(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = retrain(hub, monkeypatch, lambda session: jobs.cancel(session, 1, by="ada"))
    assert (job.state, job.error, is_known(hub)) == ("failed", "cancelled by ada", False)


def test_a_challenger_that_learned_what_was_withdrawn_meanwhile_is_none(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = bundle_id(bundle_bytes())
    job = retrain(
        hub, monkeypatch,
        lambda session: provenance.withdraw(session, wrong, reason="rejects good parts", by="ada"),
    )  # fmt: skip
    assert job.state == "failed" and "1 of a withdrawn bundle" in job.error
    assert "cloud-sync retrain run" in job.error and not is_known(hub)


def test_a_challenger_has_to_beat_who_became_champion_meanwhile(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = bundle_bytes(2)
    register_challenger(hub, newer, PROJECT, {}, by="eve")

    def crown(session: Session) -> None:
        row = session.get_one(Bundle, bundle_id(newer))
        row.origin, row.champion, row.version = "publisher", True, 9

    job = retrain(hub, monkeypatch, crown)
    assert (job.state, is_known(hub)) == ("done", True)
    compare = job.result["compare"]
    assert isinstance(compare, dict) and bundle_id(newer)[:12] in str(compare["of"])
    with hub.database.session() as session:
        row = session.get_one(Bundle, str(job.result["bundle"]))
        assert row.comparison["beaten"] == bundle_id(newer)
