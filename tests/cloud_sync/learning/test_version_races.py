"""A dataset version is made slowly: what is published, erased or withdrawn meanwhile is neither lost nor brought back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_sync.crm.erasure import forgetting
from cloud_sync.errors import ConflictError
from cloud_sync.fleet import bundles
from cloud_sync.hub import Hub
from cloud_sync.intake import provenance
from cloud_sync.learning import datasets, freezing
from cloud_sync.mails import erasure, versions
from cloud_sync.mails.drafts import Told, write_drafts
from cloud_sync.mails.forgetting import forget
from cloud_sync.store.models import Dataset, MailDraft, Sample
from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.events import DraftBody
from kits.core.hub_api import PublishRequest
from kits.core.mail_remarks import MailRemarks, write_remarks
from kits.core.sample import digest_of, utc_now
from kits.toolchain.project import Project
from tests.cloud_sync.cases.case_builders import take
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, lead_hub
from tests.cloud_sync.crm.outcomes.test_lead_states import FIRMS, bring, is_of, project, send
from tests.cloud_sync.crm.outcomes.test_outcomes import won
from tests.cloud_sync.crossing import cross, meanwhile
from tests.cloud_sync.fleet_builders import add_device, make_hub, put_blob
from tests.cloud_sync.mails.mail_builders import (
    ANN,
    BOB,
    PROJECT,
    filed,
    know_bundle,
    letter,
    mail_bundle,
    mail_row,
)
from tests.cloud_sync.mails.test_mail_erasure import HERS, HIS, add_version, answer, item, keep
from tests.cloud_sync.postgres import url_of

__all__ = ["project"]
FIRM = FIRMS[0]


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    """A hub whose version has a mail of hers and one of his; he wrote another one, which was filed."""
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        know_bundle(hub)
        for content in (HERS, HIS):
            put_blob(hub, content)
        add_version(hub, item("hers", HERS), item("his", HIS, "test"))
        keep(hub, 1, "new", letter(BOB, "third"))
        take(hub, filed(11, "new", "returns"))
        yield hub


def newest(hub: Hub, of: str = PROJECT) -> list[str]:
    """Samples of the newest version."""
    with hub.database.session() as session:
        row = datasets.newest(session, of)
    assert row is not None
    return sorted(one.sample.id for one in datasets.read(hub.storage, row.id).items)


def words_of(hub: Hub, name: str) -> list[Path]:
    """Files in which stands what was marked in a mail."""
    files = (path for path in hub.config.data_dir.rglob("*") if path.is_file())
    return [path for path in files if f"SECRET-{name}".encode() in path.read_bytes()]


def test_who_is_erased_while_a_version_is_made_is_not_in_it(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, freezing, "extend", lambda: erasure.erase(hub, ANN, by="ada"))
    frozen = freezing.freeze(hub, PROJECT, by="eve")
    assert (frozen.added, newest(hub)) == (1, ["his", "new"])
    erasure.remove_bytes(hub)
    assert words_of(hub, "hers") == []


def test_a_version_that_is_made_while_somebody_is_erased_goes_on_without_them(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(hub, 2, "another-of-hers", letter(ANN, "second"))
    take(hub, filed(12, "another-of-hers", "returns"))
    meanwhile(
        monkeypatch, erasure, "replace_versions", lambda: freezing.freeze(hub, PROJECT, by="eve")
    )
    erasure.erase(hub, ANN, by="ada")
    assert newest(hub) == ["his", "new"]


def test_of_two_who_are_erased_at_once_none_stays(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(hub, 2, "his-here", letter(BOB, "second"))
    meanwhile(monkeypatch, versions, "read_lines", lambda: erasure.erase(hub, BOB, by="eve"))
    erasure.erase(hub, ANN, by="ada")
    assert newest(hub) == []
    erasure.remove_bytes(hub)
    assert words_of(hub, "hers") == words_of(hub, "his") == []


def test_a_mail_that_is_known_to_be_theirs_later_leaves_versions_too(hub: Hub) -> None:
    told = write_remarks({}, MailRemarks(who="d1-ann"))
    late = letter("", "no sender")
    put_blob(hub, late)
    take(hub, mail_row(3, "late", content=late, meta=told), filed(13, "late", "returns"))
    done = erasure.erase(hub, ANN, by="ada")
    freezing.freeze(hub, PROJECT, by="eve")
    assert newest(hub) == ["his", "late", "new"]
    take(hub, answer(50, done.id, "d1-ann"))
    assert erasure.again(hub, utc_now()) == 1
    assert newest(hub) == ["his", "new"]


def test_what_is_published_while_a_version_is_made_goes_on_in_it(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [item("hers", HERS), item("his", HIS, "test"), item("his-own", letter(BOB, "4"))]
    put_blob(hub, letter(BOB, "4"))
    meanwhile(monkeypatch, freezing, "extend", lambda: add_version(hub, *more))
    freezing.freeze(hub, PROJECT, by="eve")
    assert newest(hub) == ["hers", "his", "his-own", "new"]


def test_data_that_never_rest_are_said_to(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, count = freezing.extend, iter(range(100))

    def never(*args: Any, **named: Any) -> Any:
        content = letter(BOB, f"no {next(count)}")
        put_blob(hub, content)
        add_version(hub, item(digest_of(content), content))
        return plain(*args, **named)

    monkeypatch.setattr(freezing, "extend", never)
    with pytest.raises(ConflictError, match="changes faster"):
        freezing.freeze(hub, PROJECT, by="eve")


def test_a_withdrawal_while_a_version_is_made_reaches_it(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = know_bundle(hub, 2)
    content = letter(BOB, "of another bundle")
    keep(hub, 2, "doubted", content, bundle=other)
    take(hub, filed(12, "doubted", "returns"))

    def withdraw() -> None:
        with hub.database.transaction() as session:
            provenance.withdraw(session, other, reason="it was wrong", by="ada")

    meanwhile(monkeypatch, freezing, "extend", withdraw)
    freezing.freeze(hub, PROJECT, by="eve")
    assert newest(hub) == ["hers", "his", "new"]


def test_a_published_version_of_which_a_mail_was_erased_meanwhile_is_refused(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(hub, 2, "another-of-hers", letter(ANN, "second"))
    items: list[DatasetItem] = [item("another-of-hers", letter(ANN, "second"))]
    made = add_version(hub, *items)
    with hub.database.transaction() as session:
        session.delete(session.get_one(Dataset, made))  # so far it is only a file
    content = mail_bundle(7)
    blob = put_blob(hub, content)
    request = PublishRequest(
        bundle=bundles.formats.bundle_id(content), blob=blob, dataset=made, project_yaml=""
    )
    meanwhile(monkeypatch, bundles, "describe", lambda: erasure.erase(hub, ANN, by="ada"))
    with pytest.raises(DataError, match="1 of an erased mail"):
        bundles.publish(hub, request, login="eve")
    with hub.database.session() as session:
        assert session.get(Dataset, made) is None


def test_a_lead_that_a_version_takes_in_while_it_is_forgotten_leaves_it(
    tmp_path: Path, database_url: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lead_hub(tmp_path / "hub", database_url) as here:
        is_of(here, FIRM)
        send(here, bring(project, FIRM, "may.csv"))
        here.crm.put(FIRM.asked, size=40)
        here.score(FIRM.asked)
        won(here, FIRM.asked)
        with here.hub.database.session() as session:
            before = len(newest(here.hub, LEADS))
        meanwhile(
            monkeypatch, forgetting, "find_in_versions",
            lambda: freezing.freeze(here.hub, LEADS, by="eve"),
        )  # fmt: skip
        done = forgetting.forget(here.hub, SALES, FIRM.asked, by="ada")
        assert len(newest(here.hub, LEADS)) == before - 1
        assert done.versions == 2
        with here.hub.database.session() as session:
            there = session.scalars(select(Dataset.id).where(Dataset.successor == "")).all()
        assert len(there) == 2


def test_words_of_a_draft_that_arrive_while_a_person_is_erased_do_not_stay(
    tmp_path: Path, cluster: Path
) -> None:
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    with make_hub(tmp_path / "hub", database_url=url) as hub:
        add_device(hub)
        know_bundle(hub)
        for number, name in enumerate(("one", "two"), 1):
            keep(hub, number, name, letter(ANN, name))

        def arrives(session: Session, name: str) -> None:
            body = DraftBody(
                sample_id=name, fate="edited", intent="returns", bundle="b", changed_share=0.5,
                changed=("SECRET",), at=utc_now(),
            )  # fmt: skip
            write_drafts(session, [Told(("press-1", "e", 1), body, utc_now())])

        def later() -> None:
            with hub.database.transaction() as session:
                arrives(session, "two")

        def erase() -> None:
            erasure.erase(hub, ANN, by="ada")

        assert cross(hub, lambda session: arrives(session, "one"), erase) is None
        with hub.database.transaction() as session:
            session.execute(update(Sample).where(Sample.id == "two").values(blob_state="stored"))
        fault = cross(hub, lambda session: forget(session, {"two"}, utc_now()), later)
        assert fault is None
        with hub.database.session() as session:
            assert set(map(tuple, session.scalars(select(MailDraft.changed)))) == {()}
