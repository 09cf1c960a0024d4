"""A web form writes as one address for all: of its mails only those of the person who is erased go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_sync.hub import Hub
from cloud_sync.mails import erasure
from cloud_sync.store.models import Sample
from kits.core.mail_remarks import MailRemarks, write_remarks
from tests.cloud_sync.cases.case_builders import take
from tests.cloud_sync.fleet_builders import add_device, make_hub, put_blob
from tests.cloud_sync.mails.mail_builders import ANN, BOB, know_bundle, letter, mail_row


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        know_bundle(hub)
        yield hub


def keep(hub: Hub, seq: int, name: str, content: bytes, who: str) -> None:
    """A mail whose bytes have arrived."""
    put_blob(hub, content)
    meta = write_remarks({}, MailRemarks(who=who))
    take(hub, mail_row(seq, name, content=content, meta=meta))


def sample(hub: Hub, name: str) -> Sample:
    with hub.database.session() as session:
        return session.get_one(Sample, name)


def form(customer: str, text: str) -> bytes:
    """What a web form writes for a customer: from one address for all."""
    return letter("form@shop.example", text).replace(
        b"Subject:", b"Reply-To: %s\nSubject:" % customer.encode(), 1
    )


def test_of_a_forms_mails_only_those_of_the_person_go(hub: Hub) -> None:
    keep(hub, 1, "hers", form(ANN, "mine"), "d1-form")
    keep(hub, 2, "his", form(BOB, "his own"), "d1-form")
    take(hub, mail_row(3, "nobody-knows", meta=write_remarks({}, MailRemarks(who="d1-form"))))
    assert erasure.erase(hub, ANN, by="ada").found.samples == {"hers"}
    assert sample(hub, "his").prediction and sample(hub, "nobody-knows").prediction


def test_a_person_who_once_answers_as_another_address_is_found_by_the_devices_name(
    hub: Hub,
) -> None:
    keep(hub, 1, "first", letter(ANN), "d1-ann")
    keep(hub, 2, "tagged", letter(ANN.replace("@", "+shop@"), "Again."), "d1-ann")
    assert erasure.erase(hub, ANN, by="ada").found.samples == {"first", "tagged"}
