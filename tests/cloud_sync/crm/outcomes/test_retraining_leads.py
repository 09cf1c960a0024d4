"""A retraining of leads at the hub: the champion is judged by what was said before it learned, whatever its leads are called by now."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from cloud_sync.cases.labels import OUTCOME
from cloud_sync.fleet.bundles import publish
from cloud_sync.hub import Hub
from cloud_sync.learning import datasets, retraining
from cloud_sync.learning.jobs import find_job
from cloud_sync.learning.runner import Runner
from cloud_sync.mails.versions import replace_versions
from cloud_sync.store.models import Annotation as AnnotationRow
from cloud_sync.store.models import Sample as SampleRow
from kits import load_bundle
from kits.core.annotation import Annotation, annotation_to_json
from kits.core.dataset import Dataset, to_bytes
from kits.core.hub_api import PublishRequest
from kits.core.sample import KEY, ORDER, new_sample_id, place_in_time, utc_now
from kits.lead_scoring._lead import MEDIA_TYPE
from kits.lead_scoring._simulated.export import write_contacts
from kits.lead_scoring._simulated.firm import make_leads
from kits.toolchain.evaluation import evaluate_ready
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.project import Project as LocalProject
from kits.toolchain.training import train_project
from tests.cloud_sync.hub_builders import open_hub, put_blob

SHOP = "shop"


def a_project(root: Path) -> LocalProject:
    """Leads of a year, decided, and a bundle that learned from them."""
    write_contacts(root / "may.csv", make_leads(3, 400))
    (root / SHOP).mkdir()
    (root / SHOP / "kit.yaml").write_text(f"kit: lead-scoring\nname: {SHOP}\n")
    project = LocalProject.open(root / SHOP)
    import_data(project, root / "may.csv", ImportOptions())
    train_project(project)
    return project


def published(hub: Hub, project: LocalProject) -> str:
    """The run's bundle at the hub, with its data; its id."""
    dataset = project.dataset()
    for item in dataset.items:
        put_blob(hub, dataset.content(item))
    datasets.receive(hub, dataset.id, to_bytes(dataset), by="eve")
    content = (project.run_dir() / "bundle.kwb").read_bytes()
    bundle = load_bundle(project.run_dir() / "bundle.kwb").bundle.id
    request = PublishRequest(
        bundle=bundle, blob=put_blob(hub, content), dataset=dataset.id,
        project_yaml=(project.root / "kit.yaml").read_text(),
    )  # fmt: skip
    publish(hub, request, login="eve")
    return bundle


def returned(content: bytes) -> bytes:
    """The lead as the CRM knows it by now."""
    told = json.loads(content)
    told["fields"]["website_visits"] = 40.0
    return json.dumps(told).encode()


def decided_again(hub: Hub, dataset: Dataset, bundle: str) -> None:
    """Each lead comes back from the CRM, with its outcome, as another sample of the same key."""
    rows: list[SampleRow | AnnotationRow] = []
    for item in dataset.items:
        assert item.annotation is not None
        place = place_in_time(item.sample)
        assert place is not None
        at = datetime.fromtimestamp(place, tz=timezone.utc)
        content, name = returned(dataset.content(item)), new_sample_id(at)
        meta = {key: item.sample.meta[key] for key in (KEY, ORDER)}
        said = Annotation(item.annotation.label, author="crm-sales", source=OUTCOME, at=utc_now())
        rows.append(SampleRow(
            id=name, device="press-1", epoch="crm", seq=0, captured_at=at, project=SHOP,
            bundle=bundle, verdict="act", score=0.5, media_type=MEDIA_TYPE,
            blob=put_blob(hub, content), blob_size=len(content), blob_state="stored", decided=True,
            meta=meta,
        ))  # fmt: skip
        rows.append(AnnotationRow(
            sample_id=name, label=said.label, body=annotation_to_json(said), source=OUTCOME,
        ))  # fmt: skip
    with hub.database.transaction() as session:
        session.add_all(rows)


def by_heart(project: LocalProject, version: Dataset) -> float:
    """What the champion's own model makes of leads that it learned from."""
    ready = load_bundle(project.run_dir() / "bundle.kwb")
    found = evaluate_ready(
        project.kit, ready, version, version.of("test"), costs=project.config.costs, seed=0
    )
    return found.metrics["auc"].value


@pytest.mark.slow
def test_a_champion_is_not_judged_by_heart_on_leads_that_came_back_under_other_ids(
    tmp_path: Path,
) -> None:
    project = a_project(tmp_path)
    learned = project.dataset()
    before = load_bundle(project.run_dir() / "bundle.kwb").bundle.manifest.metrics["auc"]
    first = min(learned.of("train"), key=lambda item: place_in_time(item.sample) or 0.0)
    with open_hub(tmp_path / "hub", jobs={"threads": 1}) as (_, hub):
        bundle = published(hub, project)
        decided_again(hub, learned, bundle)
        # of somebody who was erased since, the champion's version is here without that lead, under another id
        replace_versions(hub, [learned.id], {first.sample.id}, {first.sample.digest}, by="eve")
        with hub.database.transaction() as session:
            job = retraining.request(session, SHOP, by="eve").id
        Runner(hub, {retraining.KIND: retraining.retrain}).run_one()
        with hub.database.session() as session:
            done = find_job(session, job)
        assert done.state == "done", done.error
        version = datasets.read(hub.storage, str(done.result["dataset"]))
    old = {item.sample.id for item in learned.items}
    assert old.isdisjoint(item.sample.id for item in version.items)
    compared = done.result["compare"]
    assert compared["champion"]["auc"]["value"] == pytest.approx(before.value)
    assert by_heart(project, version) > before.value + 0.02
    assert compared["notes"] == []
