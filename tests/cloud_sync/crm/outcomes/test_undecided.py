"""Versions have the open leads beside decided ones; where outcomes are held, and what became of each so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from cloud_sync.crm.erasure.forgetting import forget
from cloud_sync.crm.outcomes import by_age, undecided
from cloud_sync.crm.outcomes.outcomes import TRIAL, content_of
from cloud_sync.crm.scoring.storing import GONE
from cloud_sync.intake.provenance import withdraw
from cloud_sync.learning import freezing, planning
from cloud_sync.learning.datasets import describe, newest, read, register
from cloud_sync.learning.freezing import current
from cloud_sync.learning.held import HELD_OPEN, OUTCOME_AT, SETTLED_AT
from cloud_sync.retention.pictures import prune_pictures
from cloud_sync.store.models import CrmConnection, CrmLead, Sample
from cloud_sync.store.storage import Storage
from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, build, to_bytes
from kits.core.placing import BY_TIME
from kits.core.ready import ReadyBundle
from kits.core.record_keys import column_key
from kits.core.sample import KEY, ORDER, digest_of, sample_id_of
from kits.core.sample import Sample as CoreSample
from kits.toolchain.evaluation import MemoryBlobStore
from tests.cloud_sync.crm.connection.test_meanwhile import change
from tests.cloud_sync.crm.lead_builders import DAY_S, LEADS, SALES, LeadHub, Rule, lead_hub
from tests.cloud_sync.fleet_builders import AT, put_blob

pytestmark = pytest.mark.postgresql_in_all
DAYS = 90.0


@pytest.fixture
def there(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        for module in (freezing, planning):
            monkeypatch.setattr(module, "utc_now", made.clock)
        yield made


def imported(
    there: LeadHub, *, held: bool = True, rule: str = BY_TIME, key: str = "", device: str = ""
) -> None:
    """A version of forty leads, none of which anybody had closed, and one that bought lately; `key`: of the first."""
    items, now_s, blobs = [], there.clock().timestamp(), MemoryBlobStore()
    meta: dict[str, JsonValue]
    for n in range(41):
        content = b'{"id": "%d"}' % n
        came = now_s - (500 + n) * DAY_S
        settled = {SETTLED_AT: came + DAYS * DAY_S} if held else {}
        meta = {ORDER: came, OUTCOME_AT: came + 10 * DAY_S, **settled}
        label = None if n == 40 else Annotation(label=("won", "lost")[n % 2])
        if n == 40:
            meta = {ORDER: now_s - 30 * DAY_S, OUTCOME_AT: now_s - 20 * DAY_S, HELD_OPEN: "won"}
        if key and n == 0:
            meta = {**meta, KEY: key}
        name = sample_id_of(AT, f"import {n}")
        sample = CoreSample(name, "application/json", digest_of(content), len(content), AT, f"leads.csv#{n}", device=device, meta=meta)  # fmt: skip
        blobs.put(content)
        put_blob(there.hub, content)
        items.append(DatasetItem(sample, label, "train"))
    made = build(DatasetHeader(kit="lead-scoring", split_rule=rule, seed=0), items, blobs)
    there.hub.storage.put(to_bytes(made))
    with there.hub.database.transaction() as session:
        register(session, describe(made, there.hub.storage), LEADS, by="test")


def put(there: LeadHub, *names: str, days: float = 0.0) -> None:
    """Leads that came so long ago and are scored now."""
    for name in names:
        there.crm.put(name, size=40, created_at=there.clock() - timedelta(days=days))
    there.score(*names)


def bought(there: LeadHub, name: str) -> None:
    there.crm.put(name, AT + timedelta(hours=1), size=40, outcome="won", outcome_at=there.clock())
    there.score(name)


def frozen(there: LeadHub) -> Dataset:
    return current(there.hub, LEADS, by="test", note="")[0]


def of_hub(dataset: Dataset) -> dict[str, DatasetItem]:
    """Lead → its sample in a version."""
    found = {i.sample.source.removeprefix(f"{SALES}#"): i for i in dataset.items if i.sample.device}
    assert len(found) == sum(bool(i.sample.device) for i in dataset.items)
    return found


def label(item: DatasetItem) -> str:
    assert item.annotation is not None
    return item.annotation.label


def test_open_leads_are_in_the_version_without_an_outcome(there: LeadHub) -> None:
    imported(there)
    put(there, "1", days=10)
    came = there.clock() - timedelta(days=10)
    made = frozen(there)
    item = of_hub(made)["1"]
    assert label(item) == "" and item.sample.meta[ORDER] == came.timestamp()
    assert b'"size":40' in there.hub.storage.get(item.sample.digest)
    assert len(made.items) == 42
    assert frozen(there).id == made.id, "nothing is new"


def test_where_outcomes_count_at_once_open_leads_come_beside_what_is_decided(
    there: LeadHub,
) -> None:
    imported(there, held=False)
    put(there, "1", days=400)
    put(there, "2")
    assert not of_hub(frozen(there)), "an open lead is nothing to learn anew for"
    there.clock.tick(DAY_S)
    bought(there, "2")
    made = of_hub(frozen(there))
    assert {name: label(item) for name, item in made.items()} == {"1": "", "2": "won"}
    there.clock.tick(DAY_S)
    put(there, "3")
    bought(there, "1")
    later = of_hub(frozen(there))
    assert {name: label(item) for name, item in later.items()} == {"1": "won", "2": "won", "3": ""}
    assert later["1"].sample.id == made["1"].sample.id


def test_a_lead_that_is_open_no_more_and_has_no_outcome_leaves_the_next_version(
    there: LeadHub,
) -> None:
    imported(there, held=False)
    put(there, *"1234")
    bought(there, "1")
    assert sorted(of_hub(frozen(there))) == [*"1234"]
    with there.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "2")).state = GONE
    assert sorted(of_hub(frozen(there))) == [*"1234"], "that alone makes no version"
    there.crm.put("3", AT + timedelta(hours=1), size=40, opted_out=True)
    there.score("3")
    assert sorted(of_hub(frozen(there))) == ["1", "4"], "who objects is not kept for others"


def test_whose_outcome_an_import_has_is_not_open_beside_it(there: LeadHub) -> None:
    """The firm's own words, or its age, say lost where the CRM has it open still."""
    imported(there, held=False, key=column_key("Id", "1"))
    with there.hub.database.transaction() as session:
        settings = {"kind": "webhook", "options": {"id_column": "Id"}}
        session.get_one(CrmConnection, SALES).settings = settings
    put(there, *"123")
    bought(there, "2")
    made = frozen(there)
    assert sorted(of_hub(made)) == ["2", "3"]
    assert label(next(i for i in made.items if i.sample.source == "leads.csv#0")) == "won"
    with there.hub.database.session() as session:
        lead = session.get_one(CrmLead, (SALES, "1"))
    assert not there.hub.storage.has(digest_of(content_of(lead))), "nor are its bytes stored"


def test_where_outcomes_are_held_who_became_a_lead_anew_is_open(there: LeadHub) -> None:
    """Of those who did the ones that bought would teach alone."""
    imported(there, key=column_key("Id", "1"))
    with there.hub.database.transaction() as session:
        settings = {"kind": "webhook", "options": {"id_column": "Id"}}
        session.get_one(CrmConnection, SALES).settings = settings
    put(there, "1")
    made = frozen(there)
    assert label(of_hub(made)["1"]) == ""
    assert not any(i.sample.source == "leads.csv#0" for i in made.items)


def test_of_test_leads_that_are_open_nothing_is_stored(
    there: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(there, held=False)
    monkeypatch.setattr(freezing, "rule_of", lambda _: lambda meta: str(meta.get(TRIAL, "")))
    put(there, *"123")
    with there.hub.database.transaction() as session:
        lead = session.get_one(CrmLead, (SALES, "3"))
        lead.trial, digest = "a test address", digest_of(content_of(lead))
    bought(there, "1")
    assert sorted(of_hub(frozen(there))) == ["1", "2"]
    assert not there.hub.storage.has(digest)


def test_what_no_crm_sent_stays_though_nothing_is_said_of_it(there: LeadHub) -> None:
    imported(there, held=False, device="press-4")
    put(there, "1")
    bought(there, "1")
    made = frozen(there)
    assert len(made.items) == 42
    assert sum(i.sample.device == "press-4" for i in made.items) == 41


def test_versions_that_are_split_by_lot_have_no_open_leads(there: LeadHub) -> None:
    """Each would join a split before it is known whether it was drawn to judge."""
    imported(there, held=False, rule="random by group")
    put(there, "1", "2")
    bought(there, "2")
    assert [*of_hub(frozen(there))] == ["2"]


def test_a_lead_is_open_then_bought_so_far_then_won(there: LeadHub) -> None:
    imported(there)
    put(there, "1")
    was = of_hub(frozen(there))["1"].sample
    there.clock.tick(20 * DAY_S)
    bought(there, "1")
    at = there.clock().timestamp()
    item = of_hub(frozen(there))["1"]
    assert (item.sample.id, item.sample.digest) == (was.id, was.digest)
    assert label(item) == "" and item.sample.meta[HELD_OPEN] == "won"
    assert item.sample.meta[OUTCOME_AT] == at and SETTLED_AT not in item.sample.meta
    there.clock.tick((DAYS - 19) * DAY_S)
    item = of_hub(frozen(there))["1"]
    assert label(item) == "won" and HELD_OPEN not in item.sample.meta
    assert item.sample.meta[SETTLED_AT] == was.captured_at.timestamp() + DAYS * DAY_S
    with there.hub.database.session() as session:
        assert session.get_one(Sample, was.id).source == f"{SALES}#1"


def test_a_lead_is_open_then_lost_by_its_age(there: LeadHub) -> None:
    imported(there)
    put(there, "1")
    was = of_hub(frozen(there))["1"].sample
    there.clock.tick((DAYS + 1) * DAY_S)
    ready = ReadyBundle(there.models.current(LEADS).bundle, Rule(lost_after_days=DAYS))
    assert by_age.look(there.hub, LEADS, ready, there.clock()) == 1
    item = of_hub(frozen(there))["1"]
    assert label(item) == "lost" and item.sample.id == was.id
    assert item.sample.meta[OUTCOME_AT] == was.captured_at.timestamp() + DAYS * DAY_S


def test_a_lead_that_grew_old_stays_as_it_was_until_it_is_decided(there: LeadHub) -> None:
    imported(there)
    put(there, "1", days=80)
    put(there, "2", days=100)
    assert [*of_hub(frozen(there))] == ["1"]
    there.clock.tick(20 * DAY_S)
    assert label(of_hub(frozen(there))["1"]) == ""


def test_an_imported_lead_that_was_held_counts_once_it_has_had_its_time(there: LeadHub) -> None:
    """It was won before the CRM was connected: no event of it will ever come."""
    imported(there)
    put(there, "1")
    before = next(i for i in frozen(there).items if i.sample.source == "leads.csv#40")
    assert before.annotation is None
    there.clock.tick(60 * DAY_S)
    after = next(i for i in frozen(there).items if i.sample.id == before.sample.id)
    assert label(after) == "won" and HELD_OPEN not in after.sample.meta
    came = before.sample.meta[ORDER]
    assert isinstance(came, float) and after.sample.meta[SETTLED_AT] == came + DAYS * DAY_S
    there.clock.tick(DAY_S)
    made = frozen(there)
    there.clock.tick(DAY_S)
    assert frozen(there).id == made.id, "it is said once"


def test_who_objects_and_what_a_withdrawn_bundle_scored_is_left_out(there: LeadHub) -> None:
    imported(there)
    put(there, "objects", "stays")
    with there.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "objects")).opted_out = True
    assert [*of_hub(frozen(there))] == ["stays"]
    put(there, "later")
    with there.hub.database.transaction() as session:
        bundle = there.models.current(LEADS).id
        withdraw(session, bundle, reason="it was wrong", by="eve")
    assert "later" not in of_hub(frozen(there))


def test_who_objects_later_is_not_in_the_next_version(there: LeadHub) -> None:
    imported(there)
    put(there, "1", "2")
    assert sorted(of_hub(frozen(there))) == ["1", "2"]
    there.crm.put("1", AT + timedelta(hours=1), size=40, opted_out=True)
    there.score("1")
    assert [*of_hub(frozen(there))] == ["2"]


def test_an_erased_lead_leaves_the_versions_it_is_open_in(there: LeadHub) -> None:
    """No key tells whose it is: a program of the firm's own."""
    imported(there)
    put(there, "1", "2")
    made = frozen(there)
    digest = of_hub(made)["1"].sample.digest
    done = forget(there.hub, SALES, "1", by="eve")
    assert (done.samples, done.versions) == (1, 1)
    with there.hub.database.session() as session:
        row = newest(session, LEADS)
    assert row is not None and row.id != made.id
    assert [*of_hub(read(there.hub.storage, row.id))] == ["2"]
    assert not there.hub.storage.has(digest)


def test_who_is_erased_while_a_version_is_made_is_not_in_it(
    there: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just before its bytes are stored."""
    imported(there)
    put(there, "1", "2")
    put_many, erased = type(there.hub.storage).put_many, list[str]()
    with there.hub.database.session() as session:
        lead = session.get_one(CrmLead, (SALES, "1"))
        digest = digest_of(content_of(lead))

    def meanwhile(storage: Storage, contents: Sequence[bytes]) -> list[str]:
        if not erased:
            forget(there.hub, SALES, "1", by="eve")
            erased.append("1")
        return put_many(storage, contents)

    monkeypatch.setattr(type(there.hub.storage), "put_many", meanwhile)
    assert [*of_hub(frozen(there))] == ["2"]
    assert there.hub.storage.has(digest)
    prune_pictures(there.hub)
    assert not there.hub.storage.has(digest), "its bytes go"


def test_bytes_of_a_version_that_was_never_registered_go_with_the_lead(
    there: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub was killed after it had stored them."""
    imported(there)
    put(there, "1")
    with there.hub.database.session() as session:
        content = content_of(session.get_one(CrmLead, (SALES, "1")))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("cloud_sync.learning.freezing.extend", killed)
        with pytest.raises(KeyboardInterrupt):
            frozen(there)
    assert there.hub.storage.has(digest_of(content))
    assert forget(there.hub, SALES, "1", by="eve").bytes_gone
    assert not there.hub.storage.has(digest_of(content))


@pytest.mark.parametrize("held", [True, False])
def test_a_lead_that_programs_still_fill_in_is_in_no_version_yet(
    there: LeadHub, held: bool
) -> None:
    """Its bytes would be others in the next, and an erasure know those alone."""
    imported(there, held=held)
    put(there, "1")
    change(there.hub, SALES, complete_after_min=10)
    put(there, "2")
    bought(there, "1")
    with there.hub.database.session() as session:
        early = digest_of(content_of(session.get_one(CrmLead, (SALES, "2"))))
    assert "2" not in of_hub(frozen(there))
    assert not there.hub.storage.has(early)
    there.clock.tick(600)
    put(there, "3")
    bought(there, "3")
    assert "2" in of_hub(frozen(there))


def test_all_portions_are_read(there: LeadHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undecided, "PORTION", 2)
    imported(there)
    put(there, *"12345")
    assert sorted(of_hub(frozen(there))) == [*"12345"]


def test_open_leads_are_no_reason_to_retrain(there: LeadHub) -> None:
    imported(there)
    put(there, "1", "2")
    there.clock.tick(5 * DAY_S)
    bought(there, "2")
    with there.hub.database.session() as session:
        told = planning.plan(there.hub, session, LEADS)
    assert told.new_samples == 0
    assert any("not decided yet" in one for one in told.reasons)


@pytest.mark.parametrize("held", [True, False])
def test_a_lead_that_the_version_has_open_is_new_once_it_is_decided(
    there: LeadHub, held: bool
) -> None:
    imported(there, held=held)
    put(there, "1", "2", days=DAYS - 20)
    bought(there, "1")
    assert label(of_hub(frozen(there))["2"]) == ""
    there.clock.tick(30 * DAY_S)
    bought(there, "2")
    with there.hub.database.session() as session:
        told = planning.plan(there.hub, session, LEADS)
    assert told.new_labels == {"won": 1 + held}
    frozen(there)
    with there.hub.database.session() as session:
        assert planning.plan(there.hub, session, LEADS).new_samples == 0
