"""What pages read: the right figures on both databases, and never all of a long history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.event import listen
from sqlalchemy.orm import Session

from cloud_sync.effects import letters
from cloud_sync.hub import Hub
from cloud_sync.learning import audits, review_queue
from cloud_sync.learning.reviewed import reviewed_samples
from cloud_sync.metrics import read_gauges
from cloud_sync.store.db import Database, alembic_config, migrate
from cloud_sync.store.models import Alert, Annotation, Device, Project, Review, Sample
from cloud_sync.store.types import UtcDateTime
from cloud_sync.web import overview, view_models
from cloud_sync.web.auth import Identity, create_person
from cloud_sync.web.pages import samples as sample_pages
from tests.cloud_sync import hub_builders
from tests.cloud_sync.fleet_builders import AT, add_device, make_hub
from tests.cloud_sync.mails.mail_builders import know_bundle
from tests.cloud_sync.plans import asked, plan

VIEWER = Identity(0, "ann", "viewer", "")


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        yield hub


def sample(
    name: str, hours_ago: float, verdict: str = "pass", **values: object
) -> dict[str, object]:
    row = {
        "id": name, "device": "press-1", "epoch": "e", "seq": 1, "bundle": "b", "verdict": verdict,
        "captured_at": AT - timedelta(hours=hours_ago), "score": 0.5, "media_type": "image/png",
    }  # fmt: skip
    return {**row, **values}


def test_the_overview_counts_the_last_day_by_hour_and_verdict(hub: Hub) -> None:
    rows = [
        sample("a", 0.1, "act"), sample("b", 0.2), sample("c", 0.9), sample("d", 1.1),
        sample("e", 23.5, "review"), sample("f", 24.5), sample("g", -1.0), sample("h", 2, "odd"),
    ]  # fmt: skip
    with hub.database.transaction() as session:
        session.execute(insert(Sample), rows)
    with hub.database.session() as session:
        seen = overview.make_overview(session, VIEWER, AT)
    assert seen.counts == {"act": 1, "review": 1, "pass": 3}
    assert seen.decisions == 5
    titles = [bar.title for bar in seen.bars]
    assert titles[23] == "from 11:00 UTC: 1 act, 0 review, 2 pass"
    assert titles[22] == "from 10:00 UTC: 0 act, 0 review, 1 pass"
    assert titles[0] == "from 12:00 UTC: 0 act, 1 review, 0 pass"
    assert [line.decisions for line in seen.devices] == [6]  # whatever the verdict


def test_the_overview_counts_more_alerts_and_devices_than_it_shows(hub: Hub) -> None:
    with hub.database.transaction() as session:
        alerts = [{"name": "x", "severity": "error", "text": str(n)} for n in range(60)]
        session.execute(insert(Alert), alerts)
        many = [{"name": f"press-{n}", "site": "main", "online": n % 2} for n in range(2, 102)]
        session.execute(insert(Device), many)
    with hub.database.session() as session:
        seen = overview.make_overview(session, VIEWER, AT)
    assert (seen.open_alerts, len(seen.alerts)) == (60, overview.SHOWN_ALERTS)
    assert (seen.enrolled, seen.online, seen.offline) == (101, 50, 51)
    assert len(seen.devices) == overview.SHOWN_DEVICES
    assert not any(line.online for line in seen.devices)  # those that are away come first


def test_boxes_without_a_label_are_a_defect_in_the_audited_rates(hub: Hub) -> None:
    box = {"x0": 1, "y0": 1, "x1": 2, "y1": 2, "label": "dent"}
    stated = {"a": ("", {"boxes": [box]}), "b": ("", {}), "c": ("good", {"boxes": [box]})}
    with hub.database.transaction() as session:
        person = create_person(session, "eve", "", "reviewer", by="test")
        session.execute(insert(Sample), [sample(name, 1, kept_for="audit") for name in stated])
        for name, (label, body) in stated.items():
            said = Annotation(sample_id=name, label=label, body=body, source="review")
            session.add(said)
            session.flush()
            session.add(Review(
                sample_id=name, person_id=person.id, decision="correct", annotation_id=said.id
            ))  # fmt: skip
    with hub.database.session() as session:
        counts = audits.audited(session)
    assert (counts.n, counts.positives, counts.escapes) == (3, 1, 1)


def test_mails_are_judged_on_their_own_page_and_dilute_no_rate_of_parts(hub: Hub) -> None:
    mail: dict[str, object] = {"media_type": "message/rfc822"}
    with hub.database.transaction() as session:
        person = create_person(session, "eve", "", "reviewer", by="test")
        rows = [
            sample("a", 1, kept_for="audit"),
            sample("m", 1, "review", kept_for="audit", **mail),
        ]
        session.execute(insert(Sample), rows)
        for name in ("a", "m"):
            said = Annotation(sample_id=name, label="dent", body={}, source="review")
            session.add(said)
            session.flush()
            session.add(Review(
                sample_id=name, person_id=person.id, decision="correct", annotation_id=said.id
            ))  # fmt: skip
    with hub.database.session() as session:
        escapes = overview.make_overview(session, VIEWER, AT).rates[0].estimate
    assert (escapes.n, escapes.value) == (1, 1.0)


def test_where_all_bundles_decide_mails_no_rate_of_parts_is_shown(hub: Hub) -> None:
    know_bundle(hub)
    with hub.database.session() as session:
        assert overview.make_overview(session, VIEWER, AT).rates == []


@pytest.mark.parametrize(
    ("kits", "words"),
    [
        (("visual-inspection",), "good parts rejected"),
        (("visual-inspection", "support-triage"), "good parts rejected"),
        (("predictive-maintenance",), "false alarms"),
        (("predictive-maintenance", "visual-inspection"), "false alarms"),
    ],
)
def test_rates_are_told_in_words_of_what_is_decided(
    hub: Hub, kits: tuple[str, ...], words: str
) -> None:
    with hub.database.transaction() as session:
        session.add(Project(name=hub_builders.PROJECT, kit=kits[0], kit_yaml=""))
    for version, kit in enumerate(kits, start=1):
        hub_builders.know_bundle(hub, f"{version:064x}", kit=kit, version=version)
    with hub.database.session() as session:
        assert words in overview.make_overview(session, VIEWER, AT).rates[1].name


def test_samples_decided_before_an_update_do_not_wait_again(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    config = alembic_config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        for statement in (
            "INSERT INTO device (name, site, group_name, hardware, created_at, running_bundle,"
            " reported, figures, broker_hash, online) VALUES"
            " ('d', 's', '', '', :at, '', '{}', '{}', '', FALSE)",
            "INSERT INTO person (id, login, role, password_hash, created_at)"
            " VALUES (7, 'eve', 'reviewer', '', :at)",
            *(
                "INSERT INTO sample (id, device, epoch, seq, captured_at, received_at, project,"
                " bundle, verdict, label, reason, prediction, latency_ms, actions, media_type, blob,"
                " blob_size, blob_state, kept_for, group_name, source, meta) VALUES"
                f" ('{name}', 'd', 'e', 1, :at, :at, '', 'b', 'act', '', '', '{{}}', '{{}}', '{{}}',"
                " 'image/png', '', 0, 'stored', '', '', '', '{}')"
                for name in ("said", "unsure", "open")
            ),
            *(
                "INSERT INTO review (sample_id, person_id, decision, at)"
                f" VALUES ('{name}', 7, '{decision}', :at)"
                for name, decision in (("said", "correct"), ("unsure", "unsure"))
            ),
        ):
            connection.execute(text(statement).bindparams(bindparam("at", AT, UtcDateTime)))
    try:
        migrate(database)
        with database.session() as session:
            decided = session.scalars(select(Sample.id).where(Sample.decided)).all()
            assert list(decided) == ["said"]
            assert review_queue.count_waiting(session, person_id=8) == 2
            assert review_queue.count_waiting(session, person_id=7) == 1
    finally:
        database.close()


def read_queue(session: Session) -> None:
    review_queue.queue(session, 1)


def count_queue(session: Session) -> None:
    review_queue.count_waiting(session, 1)


def read_rates(session: Session) -> None:
    audits.audited(session)


def read_overview(session: Session) -> None:
    overview._per_hour(session, AT)


def filter_by(**given: str) -> Callable[[Session], None]:
    every = {"verdict": "", "device": "", "label": "", "reviewed": "", "day": "", **given}

    def read(session: Session) -> None:
        session.scalars(sample_pages._query(every).limit(25)).all()

    return read


def choices(session: Session) -> None:
    sample_pages._choices(session)


def newest_done(session: Session) -> None:
    letters.newest(session, state="done")


@pytest.mark.parametrize(
    ("read", "index"),
    [
        (read_queue, "ix_sample_waiting"),
        (count_queue, "COVERING INDEX ix_sample_waiting"),
        (read_rates, "COVERING INDEX ix_sample_audit"),
        (read_overview, "COVERING INDEX ix_sample_verdict_captured"),
        (filter_by(), "ix_sample_captured_at"),
        (filter_by(verdict="act"), "ix_sample_verdict_captured"),
        (filter_by(label="dent"), "ix_sample_label"),
        (filter_by(reviewed="yes"), "ix_sample_decided"),
        (filter_by(device="press-1"), "ix_sample_device_captured"),
        (choices, "COVERING INDEX ix_sample_label"),
        (newest_done, "ix_effect_state"),
    ],
)
def test_a_page_reads_the_part_it_shows(
    tmp_path: Path, read: Callable[[Session], None], index: str
) -> None:
    """By the database's own plan, so it holds for a million samples as well."""
    with make_hub(tmp_path) as hub:
        ways = plans_of(hub, read)
    assert any(index in way for way in ways), ways
    assert not [way for way in ways if "SCAN sample" in way and "INDEX" not in way]


def plans_of(hub: Hub, read: Callable[[Session], None]) -> list[str]:
    """How SQLite goes about each query of samples or effects."""
    heard: list[tuple[str, object]] = []
    listen(
        hub.database.engine, "before_cursor_execute",
        lambda _c, _cursor, text, values, *_: heard.append((text, values)),
    )  # fmt: skip
    with hub.database.session() as session:
        read(session)
    ways = []
    with hub.database.engine.connect() as connection:
        for statement, values in heard[:]:
            if "FROM sample" in statement or "FROM effect" in statement:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                ways.append("; ".join(str(row[3]) for row in plan))
    return ways


def test_figures_for_prometheus_count_what_is_on_its_way_by_an_index(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        ways = plans_of(hub, lambda _session: read_gauges(hub.metrics, hub.database))
        assert any("COVERING INDEX ix_sample_expected" in way for way in ways)


def test_the_labels_of_a_sample_are_read_without_all_samples_of_its_project(hub: Hub) -> None:
    names = ("a", "b", "other", "silent")
    with hub.database.transaction() as session:
        rows = [sample(name, 1, project="lids", prediction={}) for name in names]
        rows[2]["project"] = "pumps"
        session.execute(insert(Sample), rows)
        for name, label in (("a", "dent"), ("b", "dent"), ("b", "stain"), ("other", "leak")):
            session.add(Annotation(sample_id=name, label=label, body={}, source="review"))
            session.flush()
    with hub.database.session() as session, asked(hub, "annotation", "sample") as said:
        shown = session.get_one(Sample, "silent")
        assert view_models.known_labels(session, shown) == ["dent", "stain"]
    if hub.database.engine.dialect.name == "sqlite":
        ways = plan(hub, said)
        assert "sample_project" not in ways and "SCAN sample" not in ways


def test_what_was_reviewed_is_read_without_what_the_model_said(hub: Hub) -> None:
    bundle = know_bundle(hub)
    values: dict[str, object] = {"project": "shop", "bundle": bundle, "blob_state": "stored"}
    with hub.database.transaction() as session:
        person = create_person(session, "eve", "", "reviewer", by="test")
        session.execute(insert(Sample), [sample("a", 1, meta={"lot": 7}, **values)])
        said = Annotation(sample_id="a", label="dent", body={"label": "dent"}, source="review")
        session.add(said)
        session.flush()
        session.add(Review(sample_id="a", person_id=person.id, decision="correct", annotation_id=said.id))  # fmt: skip
    loaded: list[object] = []
    with hub.database.session() as session, asked(hub, "sample") as statements:
        listen(session, "loaded_as_persistent", lambda _session, row: loaded.append(row))
        [found] = reviewed_samples(session, "shop")
    assert not loaded, "an object for each row costs more than all the rest"
    assert (found.sample.id, found.sample.meta, found.annotation.label) == ("a", {"lot": 7}, "dent")
    assert len(statements) == 3
    assert not [one for one, _ in statements if "prediction" in one or "latency" in one]
