"""The whole learning loop with the real `kit`: reviews become a version, a challenger, a verdict."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from cloud_sync.errors import ConflictError
from cloud_sync.intake import provenance
from cloud_sync.learning import datasets, freezing, retraining
from cloud_sync.learning.champions import check_approvable, register_challenger
from cloud_sync.learning.planning import plan
from cloud_sync.learning.runner import Runner
from cloud_sync.learning.watch import DriftWatch
from cloud_sync.sections import Prices
from cloud_sync.store.models import Alert, Bundle, Job, Project
from cloud_sync.store.storage import Storage
from kits.cli import make_app
from kits.core import bundle as bundles
from kits.core.blobs import FolderBlobStore
from kits.core.dataset import load
from kits.core.errors import GateError
from tests.cloud_sync.hub_builders import (
    PROJECT,
    add_dataset,
    add_person,
    add_sample,
    open_hub,
    picture,
)
from tests.release_engineer import Engineer

KIT_YAML = f"""\
kit: visual-inspection
name: {PROJECT}
costs: {{escape: 100, overkill: 2, review: 0.5, prevalence: 0.1}}
data: {{split: {{train: 0.5, val: 0.25, test: 0.25}}, seed: 3}}
model:
  approach: good-parts
  good_parts: {{image_size: 96, tiles: [1, 1], bank_size: 50, max_patches: 1000, augment: false}}
"""


def part(seed: int, *, scratched: bool) -> bytes:
    """A grey part with a round hole; a scratched one has a bright line across it."""
    rng = np.random.default_rng(seed)
    image = np.full((96, 96, 3), 110, np.uint8)
    image = np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    cv2.circle(image, (48 + int(rng.integers(-4, 5)), 48), 20, (40, 40, 40), -1)
    if scratched:
        x = int(rng.integers(8, 40))
        cv2.line(image, (x, 10), (x + 45, 86), (250, 250, 250), 4)
    done, packed = cv2.imencode(".png", image)
    assert done
    return packed.tobytes()


def kit(root: Path, *arguments: str) -> dict:
    """In this process: it is the hub's own runs of the command that are tested here."""
    done = CliRunner().invoke(make_app(), [*arguments, "-C", str(root), "--json"])
    assert done.exit_code == 0, f"{done.output} {done.exception!r}"
    return json.loads(done.stdout)


def publish(hub, root: Path, path: Path) -> str:
    """What `kit publish` leaves in the hub."""
    current = (root / "datasets" / "current").read_text().strip()
    blobs = FolderBlobStore(root / ".kit" / "blobs")
    file = root / "datasets" / f"{current}.jsonl"
    for item in load(file, blobs).items:
        hub.storage.put(blobs.get(item.sample.digest))
    hub.storage.put(file.read_bytes())
    version = datasets.describe(datasets.read(hub.storage, current), hub.storage)
    with hub.database.transaction() as session:
        session.get_one(Project, PROJECT).kit_yaml = KIT_YAML
        datasets.register(session, version, PROJECT, by="eve")
    return crowned(hub, path.read_bytes())


def crowned(hub, content: bytes) -> str:
    """The champion, as it was published; its id."""
    identity = register_challenger(hub, content, PROJECT, {}, by="eve").id
    with hub.database.transaction() as session:
        row = session.get_one(Bundle, identity)
        row.origin, row.champion = "publisher", True
    return identity


def test_reviewed_samples_become_a_challenger_with_a_verdict(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    root, pictures = tmp_path / "project", tmp_path / "pictures"
    root.mkdir()
    (root / "kit.yaml").write_text(KIT_YAML)
    for number in range(32):
        folder = pictures / ("scratch" if number % 4 == 0 else "good")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"part{number:02}.png").write_bytes(part(number, scratched=number % 4 == 0))
    kit(root, "data", "import", str(pictures))
    kit(root, "train")
    champion = root / str(kit(root, "compile", "--precision", "fp32")["path"])
    with open_hub(tmp_path / "hub", jobs={"threads": 1}) as (client, hub):
        eve = add_person(hub, "eve", "engineer")
        champion_id = publish(hub, root, champion)
        for number in range(12):
            name = add_sample(
                hub, f"n{number:02}", content=part(1000 + number, scratched=number % 3 == 0),
                bundle=champion_id, kept_for="audit",
            )  # fmt: skip
            label = "scratch" if number % 3 == 0 else "good"
            body = {"sample_id": name, "decision": "correct", "label": label}
            assert client.post("/v1/reviews", headers=eve, json=body).status_code == 200
        job_id = client.post("/v1/retrainings", headers=eve, json={"project": PROJECT}).json()[
            "job"
        ]
        assert Runner(hub, {retraining.KIND: retraining.retrain}).run_one()
        job = client.get(f"/v1/jobs/{job_id}", headers=eve).json()
        assert job["state"] == "done", job["log_tail"] + job["error"]
        result = job["result"]
        assert result["passed"] is result["compare"]["better"]
        assert result["compare"]["dataset"] == result["dataset"]
        version = datasets.read(hub.storage, result["dataset"])
        assert version.header.parent and len(version.items) == 44
        with hub.database.transaction() as session:
            row = session.get(Bundle, result["bundle"])
            assert (row is not None) == result["passed"]
            if row is not None:
                assert (row.origin, row.approved_at, row.champion) == ("hub", None, False)
                assert check_approvable(session, row.id) is row
                assert session.scalars(select(Alert.where)).all() == [row.id]
            else:
                assert result["compare"]["reason"] in job["log_tail"]
                assert session.get_one(Bundle, champion_id).champion


@pytest.fixture
def opened(tmp_path: Path):
    with open_hub(tmp_path) as (client, hub):
        yield client, hub, add_person(hub, "eve", "engineer")


def bundle_bytes(version: int = 1) -> bytes:
    """A bundle without a model: enough for what the hub reads of it."""
    manifest = {
        "kit": "visual-inspection", "name": PROJECT, "project": PROJECT, "version": version,
        "created_at": "2026-05-01T00:00:00Z", "media_types": ["image/png"], "artefacts": [],
        "config": {}, "dataset": "d", "seed": 0, "run": "r",
    }  # fmt: skip
    point = {
        "default": {"act_at": 0.8, "review_from": 0.4}, "method": "m", "dataset": "d", "seed": 0,
        "rates": {"escape_rate": {"value": 0.02, "low": 0.0, "high": 0.05, "n": 100}},
    }  # fmt: skip
    return bundles.pack(
        bundles.BundleManifest.model_validate(manifest),
        bundles.OperatingPoint.model_validate(point),
        bundles.GoldenSet(),
        {"card.md": b"# card"},
    )


def champion(hub) -> str:
    with hub.database.transaction() as session:
        session.get_one(Project, PROJECT).kit_yaml = KIT_YAML
    return crowned(hub, bundle_bytes())


class Unhurried(Storage):
    """A storage so slow that another writer has its turn meanwhile."""

    def put(self, content: bytes) -> str:
        with closing(sqlite3.connect(self._folder.parent / "hub.sqlite", timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
        return super().put(content)


@pytest.mark.parametrize(
    ("comparison", "allowed"),
    [({"better": True}, True), ({"better": False, "reason": "n too small"}, False), ({}, False)],
)
def test_a_bundle_trained_here_needs_a_won_comparison(
    opened, comparison: dict, allowed: bool
) -> None:
    client, hub, eve = opened
    champion(hub)
    content = bundle_bytes(2)
    hub.storage = Unhurried(hub.storage._store, hub.storage._folder)
    row = register_challenger(hub, content, PROJECT, comparison, by="eve")
    again = register_challenger(hub, content, PROJECT, comparison, by="eve")
    assert row.id == again.id and row.version == 2
    with hub.database.session() as session:
        if not allowed:
            with pytest.raises(GateError, match="has not beaten"):
                check_approvable(session, row.id)
    engineer = Engineer(hub.keys.public_keys()[0])
    signed = {"root": engineer.sign_root(), "targets": engineer.release(content)}
    answer = client.post("/v1/tuf/root", headers=eve, json=signed)
    assert answer.status_code == (200 if allowed else 409)
    with hub.database.session() as session:
        alert = session.scalars(select(Alert).where(Alert.where == row.id)).one()
        assert alert.name == "bundle-needs-signature" and f"kit approve {row.id[:12]}" in alert.text
        assert (alert.seen_at is not None) == allowed
        assert session.get_one(Bundle, row.id).champion == allowed


def test_one_retraining_at_a_time(opened) -> None:
    _, hub, _ = opened
    champion(hub)
    with hub.database.transaction() as session:
        retraining.request(session, PROJECT, by="eve")
        with pytest.raises(ConflictError):
            retraining.request(session, PROJECT, by="eve")


def test_a_failing_kit_verb_leaves_its_message_in_the_job(opened) -> None:
    _, hub, _ = opened
    champion(hub)
    add_dataset(hub, {"a": "train", "b": "val"})
    with hub.database.transaction() as session:
        session.get_one(Project, PROJECT).kit_yaml = KIT_YAML + "nonsense: 1\n"
        job_id = retraining.request(session, PROJECT, by="eve").id
    Runner(hub, {retraining.KIND: retraining.retrain}).run_one()
    with hub.database.session() as session:
        job = session.get_one(Job, job_id)
        assert job.state == "failed"
        assert "kit data import" in job.error and "nonsense" in job.error


@pytest.mark.parametrize(
    ("kit_name", "model", "key"),
    [
        ("support-triage", {"entities": {"catalogue": "{hub}/keys/hub.pem"}}, "entities.catalogue"),
        ("support-triage", {"knowledge": "../../.."}, "knowledge"),
        ("support-triage", {"templates": "~"}, "templates"),
        ("lead-scoring", {"phrases": "a/../../hub.yaml"}, "phrases"),
    ],
)
def test_files_of_the_hub_become_no_part_of_a_bundle(
    opened, kit_name: str, model: dict, key: str
) -> None:
    _, hub, _ = opened
    champion(hub)
    add_dataset(hub, {"a": "train", "b": "val"})
    told = json.dumps(model).replace("{hub}", str(hub.config.data_dir))
    with hub.database.transaction() as session:
        session.get_one(
            Project, PROJECT
        ).kit_yaml = f"kit: {kit_name}\nname: line-1\nmodel: {told}\n"
        job_id = retraining.request(session, PROJECT, by="eve").id
    Runner(hub, {retraining.KIND: retraining.retrain}).run_one()
    with hub.database.session() as session:
        job = session.get_one(Job, job_id)
        assert job.state == "failed" and "lies outside of the project" in job.error
        assert f"model.{key}" in job.error


def audited(opened, bundle: str, count: int, *, scratched_every: int) -> None:
    """Parts that the bundle passed, and what a person says of them."""
    client, hub, eve = opened
    for number in range(count):
        name = add_sample(
            hub, f"n{number:02}", verdict="pass", kept_for="audit", bundle=bundle, score=0.1
        )
        label = "scratch" if number % scratched_every == 0 else "good"
        body = {"sample_id": name, "decision": "correct", "label": label}
        assert client.post("/v1/reviews", headers=eve, json=body).status_code == 200


def test_the_plan_says_no_without_news_and_yes_when_audits_show_more_escapes(opened) -> None:
    client, hub, eve = opened
    identity = champion(hub)
    add_dataset(hub, {"a": "train", "b": "test"})
    with hub.database.session() as session:
        before = plan(hub, session, PROJECT)
    assert not before.retrain and before.reasons[0].startswith("0 newly")
    audited(opened, identity, 40, scratched_every=4)
    answer = client.get("/v1/retrainings/plan", headers=eve, params={"project": PROJECT}).json()
    assert answer["retrain"] is True
    assert (answer["new_samples"], answer["new_labels"]) == (40, {"scratch": 10, "good": 30})
    assert any("audited escape_rate" in reason for reason in answer["reasons"])
    hub.config = hub.config.model_copy(update={"prices": Prices(rollout=1e9)})
    with hub.database.session() as session:
        dear = plan(hub, session, PROJECT)
    assert dear.worth is not None
    assert dear.worth.cost == pytest.approx(1e9 + 1)
    assert dear.worth.chance == 0


@pytest.mark.slow
def test_a_plan_tells_where_slips_of_reviewers_may_be_the_escapes(opened) -> None:
    """Of 98 good parts in 100, slips in one review of twenty are more defects than there are."""
    client, hub, eve = opened
    identity = champion(hub)
    add_dataset(hub, {"a": "train", "b": "test"})
    audited(opened, identity, 80, scratched_every=20)
    answer = client.get("/v1/retrainings/plan", headers=eve, params={"project": PROJECT}).json()
    (told,) = (reason for reason in answer["reasons"] if "audited escape_rate" in reason)
    assert "4 of 80 audits: one slip in 20 reviews makes as many" in told


def test_a_retraining_that_pays_is_told_once_until_it_is_done(opened) -> None:
    """Nobody asks for a plan every day: it has to be said."""
    _, hub, _ = opened
    identity = champion(hub)
    add_dataset(hub, {"a": "train", "b": "test"})
    watch = DriftWatch(hub, propose_every=2)

    def told() -> list[str]:
        for _ in range(2):
            watch.step()
        standing = select(Alert.text).where(
            Alert.name == "retraining-pays", Alert.seen_at.is_(None)
        )
        with hub.database.session() as session:
            return list(session.scalars(standing))

    assert told() == []
    audited(opened, identity, 40, scratched_every=4)
    (text,) = told()
    assert text.startswith(f"{PROJECT}: 40 newly reviewed samples") and "escape_rate" in text
    assert len(told()) == 1
    freezing.freeze(hub, PROJECT, by="eve")
    assert told() == []


def test_the_plan_says_what_a_withdrawal_takes_away(opened) -> None:
    client, hub, eve = opened
    identity = champion(hub)
    add_dataset(hub, {"a": "train", "b": "test"})
    body = {"sample_id": add_sample(hub, "n", bundle=identity), "decision": "accept"}
    client.post("/v1/reviews", headers=eve, json=body)
    freezing.freeze(hub, PROJECT, by="eve")
    with hub.database.transaction() as session:
        provenance.withdraw(session, identity, reason="rejected good parts", by="eve")
    with hub.database.session() as session:
        assert any("leaves out 1 sample" in text for text in plan(hub, session, PROJECT).reasons)


def test_the_plan_counts_no_sample_that_has_to_be_left_out(opened) -> None:
    client, hub, eve = opened
    identity = champion(hub)
    add_dataset(hub, {"a": "train", "b": "test"})
    twin = add_sample(hub, "n", content=picture(10_001), group="part-a", bundle=identity)
    client.post("/v1/reviews", headers=eve, json={"sample_id": twin, "decision": "accept"})
    for expected in (1, 0):
        with hub.database.session() as session:
            assert plan(hub, session, PROJECT).new_samples == expected
        freezing.current(hub, PROJECT, by="eve", note="")


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ('{"better": false}\n{"error": "GateError"}\n', {"better": False}),
        ('warning\n{"a": 1}', {"a": 1}),
        ("nothing", None),
        ("{broken", None),
    ],
)
def test_the_first_json_answer_counts(output: str, found: dict | None) -> None:
    assert retraining.first_json(output) == found
