"""A correspondent is erased: here, on the devices, in dataset versions, and when more comes later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import select, update

from cloud_sync.errors import NotFoundError
from cloud_sync.fleet.deployments import desired_for
from cloud_sync.hub import Hub
from cloud_sync.intake.parts import Parts
from cloud_sync.learning import datasets, freezing
from cloud_sync.learning.reviewed import reviewed_samples
from cloud_sync.mails import chain, erasure, finding
from cloud_sync.mails.answers import STANDS, give_up
from cloud_sync.mails.telling import words_for
from cloud_sync.store import models
from cloud_sync.store.models import Blob, MailDraft, MailErasure, Sample
from kits.core.annotation import Annotation
from kits.core.dataset import DatasetHeader, DatasetItem, build, to_bytes
from kits.core.errors import DataError
from kits.core.events import ErasedBody, Event
from kits.core.mail_remarks import MailRemarks, read_remarks, write_remarks
from kits.core.prediction import Span
from kits.core.sample import Sample as CoreSample
from kits.core.sample import digest_of, utc_now
from tests.cloud_sync.cases.case_builders import take
from tests.cloud_sync.fleet_builders import AT, add_device, make_hub, put_blob
from tests.cloud_sync.intake import part_builders
from tests.cloud_sync.intake.intake_builders import count
from tests.cloud_sync.mails.mail_builders import (
    ANN,
    BOB,
    MAIL,
    PROJECT,
    days,
    draft,
    filed,
    know_bundle,
    letter,
    mail_row,
    stamp,
)

HERS, HIS = letter(ANN), letter(BOB, "Send it back, please.")


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        know_bundle(hub)
        yield hub


def keep(hub: Hub, seq: int, name: str, content: bytes, **fields: object) -> None:
    """A mail whose bytes have arrived."""
    put_blob(hub, content)
    take(hub, mail_row(seq, name, content=content, **fields))


def sample(hub: Hub, name: str) -> Sample:
    with hub.database.session() as session:
        return session.get_one(Sample, name)


def everything(hub: Hub) -> str:
    """All that stands in any table, as text."""
    with hub.database.session() as session:
        rows = [
            [getattr(row, column.key) for column in row.__table__.columns if hasattr(row, column.key)]
            for table in (Sample, MailDraft, models.Annotation, models.Event, MailErasure,
                          models.MailLogEntry, models.AuditLog)
            for row in session.scalars(select(table))
        ]  # fmt: skip
    return repr(rows)


def test_all_that_tells_of_a_person_goes_and_the_decision_stays(hub: Hub) -> None:
    told: dict[str, JsonValue] = {"subject": "SECRET meta", "audit": "SECRET audit"}
    told = write_remarks(told, MailRemarks(who="SECRET who", gate="closed"))
    keep(hub, 1, "hers", HERS, group="<thread-of-ann@example.org>", meta=told)
    keep(hub, 2, "his", HIS)
    take(hub, draft(11, "hers", "edited", changed=["SECRET Ann"]), filed(12, "hers", "returns"))
    with hub.database.transaction() as session:
        for row in session.scalars(select(models.Annotation)):
            row.body = {**row.body, "note": "SECRET note", "spans": [{"text": "SECRET"}]}
    done = erasure.erase(hub, " Ann@Example.org ", by="ada")
    assert (done.samples, done.bytes_gone) == (1, True)
    row = sample(hub, "hers")
    assert (row.verdict, row.label, row.score, row.blob_state) == (
        "act",
        "order-status",
        0.97,
        "erased",
    )
    left = read_remarks(row.meta)
    assert left.erased is not None and left.erased.digest == digest_of(HERS)
    assert left.gate == "closed"
    said = everything(hub)
    assert "SECRET" not in said and "thread-of-ann" not in said
    assert not hub.storage.has(digest_of(HERS))
    assert hub.storage.has(digest_of(HIS)) and sample(hub, "his").prediction
    with hub.database.session() as session:
        assert session.get(Blob, digest_of(HERS)) is None
        [annotation] = session.scalars(select(models.Annotation))
        assert (annotation.label, annotation.body["label"]) == ("returns", "returns")
        [fate] = session.scalars(select(MailDraft.fate))
        assert fate == "edited"


def test_nothing_of_it_is_left_in_the_files_of_the_database(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        add_device(hub)
        know_bundle(hub)
        secret = {f"part{n}": f"SECRET-{n}-" + "x" * 400 for n in range(30)}  # more than one page
        keep(hub, 1, "hers", HERS, meta=secret)
        take(hub, draft(11, "hers", "edited", changed=["SECRET words of a draft"]))
        files = [path for path in tmp_path.glob("hub.sqlite*") if path.suffix != ".sqlite-shm"]
        assert any(b"SECRET" in path.read_bytes() for path in files)
        erasure.erase(hub, ANN, by="ada")
        assert [path.name for path in files if b"SECRET" in path.read_bytes()] == []


def test_what_ended_jobs_left_of_its_samples_goes(hub: Hub) -> None:
    put_blob(hub, HERS)
    add_version(hub, item("hers", HERS))
    with hub.database.transaction() as session:
        session.add_all(
            models.Job(id=n, kind="retrain", state=state, args={"project": project})
            for n, state, project in (
                (1, "failed", PROJECT),
                (2, "running", PROJECT),
                (3, "done", "x"),
            )
        )
    folders = [hub.config.jobs_dir / str(n) / "dataset" for n in (1, 2, 3)]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder.parent / "log.txt").write_text("the log stays")
    erasure.erase(hub, ANN, by="ada")
    assert [folder.exists() for folder in folders] == [False, True, True]
    assert (folders[0].parent / "log.txt").exists()
    with hub.database.transaction() as session:
        session.get_one(models.Job, 2).state = "done"
    erasure.again(hub, utc_now())
    assert [folder.exists() for folder in folders] == [False, False, True]


def test_a_dry_run_only_counts(hub: Hub) -> None:
    keep(hub, 1, "hers", HERS)
    found = finding.find(hub, ANN)
    assert (found.samples, found.devices) == (frozenset({"hers"}), ("press-1",))
    assert sample(hub, "hers").prediction and hub.storage.has(digest_of(HERS))
    assert count(hub, MailErasure) == 0


def test_mails_without_bytes_are_found_by_thread_and_by_the_devices_own_name(hub: Hub) -> None:
    hers, his = (write_remarks({}, MailRemarks(who=who)) for who in ("d1-ann", "d1-bob"))
    keep(hub, 1, "first", HERS, group="<t1>", meta=hers)
    take(
        hub, mail_row(2, "same-thread", group="<t1>"), mail_row(3, "same-name", meta=hers),
        mail_row(4, "other", group="<t2>", meta=his), mail_row(5, "none"),
    )  # fmt: skip
    done = erasure.erase(hub, ANN, by="ada")
    assert done.found.samples == {"first", "same-thread", "same-name"}
    assert sample(hub, "other").prediction and sample(hub, "none").prediction


def test_another_devices_thread_of_the_same_name_is_not_meant(hub: Hub) -> None:
    add_device(hub, "press-2")
    keep(hub, 1, "hers", HERS, group="<t1>", meta={"who": "x"})
    take(hub, mail_row(1, "elsewhere", group="<t1>", meta={"who": "x"}), device="press-2")
    assert erasure.erase(hub, ANN, by="ada").found.samples == {"hers"}


def answer(seq: int, request: str, who: str = "", mails: int = 3) -> Event:
    body = ErasedBody(request=request, who=who, mails=mails, at=days(1))
    return Event(seq=seq, klass="l", at=stamp(days(1), seq), body=body)


def test_devices_are_told_until_they_answer_and_the_address_stands_no_longer(hub: Hub) -> None:
    add_device(hub, "press-2")
    take(hub, mail_row(1, "a", meta={"who": "d1-ann"}))
    take(hub, mail_row(1, "b"), device="press-2")
    done = erasure.erase(hub, ANN, by="ada")
    assert done.samples == 0  # nothing here says that any of it is hers
    with hub.database.session() as session:
        [word] = desired_for(session, "press-1").erasures
        assert (word.id, word.address) == (done.id, ANN)
        assert words_for(session)["press-1"].erasures[0].address == ""  # not to the broker
        assert ANN not in repr(word)
    take(hub, answer(50, done.id, "d1-ann"))
    take(hub, answer(50, done.id, "d1-ann"))
    with hub.database.session() as session:
        assert desired_for(session, "press-1").erasures == ()
        assert len(desired_for(session, "press-2").erasures) == 1
    assert erasure.again(hub, utc_now()) == 1  # now the hub knows which are hers
    assert sample(hub, "a").blob_state == "erased"
    assert ANN in everything(hub)
    take(hub, answer(51, done.id), device="press-2")
    assert ANN not in everything(hub)
    assert erasure.again(hub, utc_now()) == 0
    with hub.database.session() as session:
        assert chain.verify(session).fault == ""


def test_an_answer_nobody_asked_for_is_odd_and_changes_nothing(hub: Hub) -> None:
    assert take(hub, answer(50, "unknown", "x")).odd == ["erasure not asked"]


def test_a_device_that_never_answers_is_given_up_with_the_address(hub: Hub) -> None:
    keep(hub, 1, "hers", HERS)
    erasure.erase(hub, ANN, by="ada")
    later = utc_now() + STANDS + timedelta(hours=1)
    with hub.database.transaction() as session:
        assert give_up(session, hub.config.notify, utc_now()) == 0
        assert give_up(session, hub.config.notify, later) == 1
        [text] = session.scalars(select(models.Alert.text))
        assert text == "press-1 never said that a correspondent was erased there"
    assert ANN not in everything(hub)


def test_what_comes_late_is_erased_and_what_is_written_anew_is_not(hub: Hub) -> None:
    keep(hub, 1, "hers", HERS)
    erasure.erase(hub, ANN, by="ada")
    again = letter(ANN, "I am here once more")
    keep(hub, 2, "late", letter(ANN, "written before"), at_d=-1)
    put_blob(hub, again)
    take(hub, mail_row(3, "anew", 1, content=again))
    with hub.database.transaction() as session:
        session.execute(
            update(Sample)
            .where(Sample.id == "anew")
            .values(captured_at=utc_now() + timedelta(hours=1))
        )
    assert erasure.again(hub, utc_now()) == 1
    assert sample(hub, "late").blob_state == "erased"
    assert sample(hub, "anew").prediction


def test_words_of_a_device_about_an_erased_mail_do_not_come_back(hub: Hub) -> None:
    keep(hub, 1, "hers", HERS)
    erasure.erase(hub, ANN, by="ada")
    take(hub, draft(11, "hers", "edited", changed=["SECRET"]))
    assert "SECRET" not in everything(hub)
    with hub.database.session() as session:
        assert session.scalar(select(MailDraft.fate)) == "edited"


def test_bytes_that_arrive_after_the_erasure_are_not_kept(hub: Hub) -> None:
    late, racing = letter(ANN, "late " * 4000), letter(ANN, "racing " * 4000)
    keep(hub, 1, "hers", HERS, group="<t>")
    take(hub, *[mail_row(n, f"m{n}", content=c, group="<t>") for n, c in ((2, late), (3, racing))])
    part_builders.upload(hub, racing)
    assert erasure.erase(hub, ANN, by="ada").samples == 3  # by their thread
    refused = part_builders.ack_of(
        part_builders.take(hub, Parts(hub), part_builders.chunk(late, 0))
    )
    assert refused.refused
    put_blob(hub, racing)  # who stored it had begun before
    erasure.again(hub, utc_now())
    assert not hub.storage.has(digest_of(racing))
    with hub.database.session() as session:
        assert session.get(Blob, digest_of(racing)) is None


def item(name: str, content: bytes, split: str = "train", group: str = "") -> DatasetItem:
    stated = Annotation("returns", spans=(Span(0, 3, "name", f"SECRET-{name}"),), at=AT)
    made = CoreSample(name, MAIL, digest_of(content), len(content), AT, group=group or name)
    return DatasetItem(made, stated, split)


def add_version(hub: Hub, *items: DatasetItem, parent: str = "") -> str:
    header = DatasetHeader(
        kit="support-triage", labels=(), split_rule="by group", seed=0, parent=parent
    )
    made = build(header, items, hub.storage)
    hub.storage.put(to_bytes(made))
    version = datasets.describe(made, hub.storage)
    with hub.database.transaction() as session:
        datasets.register(session, version, PROJECT, by="test")
        datasets.keep_blobs(session, {one.sample.digest for one in items})
    return made.id


def test_dataset_versions_go_on_without_what_was_erased(hub: Hub) -> None:
    put_blob(hub, HERS)
    put_blob(hub, HIS)
    keep(hub, 1, "hers-here", letter(ANN, "another one"))
    first = add_version(hub, item("hers", HERS), item("his", HIS, "test"))
    second = add_version(hub, item("hers", HERS), item("his", HIS, "test"), parent=first)
    done = erasure.erase(hub, ANN, by="ada")
    assert done.found.versions == {first: 1, second: 1}
    assert not hub.storage.has(digest_of(HERS))  # though versions had it kept
    assert not hub.storage.has(first) and not hub.storage.has(second)
    with hub.database.session() as session:
        old = session.get_one(models.Dataset, second)
        assert (old.n, old.erased) == (2, 1)
        newest = datasets.newest(session, PROJECT)
        assert newest is not None and newest.id == old.successor
    left = datasets.read(hub.storage, newest.id)
    assert [one.sample.id for one in left.items] == ["his"]
    assert freezing.current(hub, PROJECT, by="test", note="")[0].id == newest.id
    assert erasure.erase(hub, ANN, by="ada").found.versions == {}


def test_bundles_that_carry_a_mail_of_the_person_are_named(hub: Hub) -> None:
    carries = know_bundle(hub, 2, golden=HERS)
    know_bundle(hub, 3, golden=HIS)
    keep(hub, 1, "hers", HERS, bundle=carries)
    put_blob(hub, HIS)
    add_version(hub, item("his", HIS))  # its project has others
    assert finding.find(hub, ANN).bundles == (carries,)
    assert finding.find(hub, "nobody@example.org").bundles == ()
    with hub.database.session() as session:
        digest = session.get_one(models.Bundle, carries).blob
    hub.storage.delete(digest)  # one that cannot be read stops nothing
    assert erasure.erase(hub, ANN, by="ada").samples == 1


def test_a_version_whose_file_is_gone_stops_no_erasure(hub: Hub) -> None:
    put_blob(hub, HERS)
    version = add_version(hub, item("hers", HERS))
    hub.storage.delete(version)
    keep(hub, 1, "here", letter(ANN, "another one"))
    assert erasure.erase(hub, ANN, by="ada").samples == 1


def test_a_mail_that_a_person_filed_is_learned_from_until_it_is_erased(hub: Hub) -> None:
    keep(hub, 1, "hers", HERS)
    keep(hub, 2, "his", HIS)
    keep(hub, 3, "said", letter(BOB, "third"))
    keep(hub, 4, "silent", letter(BOB, "fourth"))
    take(
        hub, filed(11, "hers", "returns"), filed(12, "his", "returns"), filed(13, "said", "returns")
    )
    with hub.database.transaction() as session:
        # of a review in the hub, which came before the word of the mailbox
        person = models.Person(login="eve", role="reviewer")
        session.add(person)
        row = models.Annotation(
            id=0, sample_id="said", label="billing", body={"label": "billing", "at": AT.isoformat()},
            source="review",
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(
            models.Review(
                sample_id="said", person_id=person.id, decision="correct", annotation_id=0
            )
        )
    erasure.erase(hub, ANN, by="ada")
    with hub.database.session() as session:
        found = {one.sample.id: one.annotation.label for one in reviewed_samples(session, PROJECT)}
    assert found == {"his": "returns", "said": "billing"}


@pytest.mark.parametrize("wrong", ["", "ann", "@x.org", "a b@x.org", "a@x.org, b@x.org", "a@" + "x" * 260, "<a@x.org>"])  # fmt: skip
def test_what_is_no_address_is_refused(hub: Hub, wrong: str) -> None:
    with pytest.raises(DataError, match="not one mail address"):
        erasure.erase(hub, wrong, by="ada")


def test_mails_that_cannot_be_read_or_are_gone_are_nobodys(hub: Hub) -> None:
    keep(hub, 1, "empty", b" ")
    keep(hub, 2, "odd", b"From: \xff\xfe <<>>\n\nx")
    keep(hub, 3, "gone", letter(ANN, "gone"))
    hub.storage.delete(digest_of(letter(ANN, "gone")))
    assert finding.find(hub, ANN).samples == frozenset()
    with pytest.raises(NotFoundError):
        hub.storage.get(digest_of(letter(ANN, "gone")))
