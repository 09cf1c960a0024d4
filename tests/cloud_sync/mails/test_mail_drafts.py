"""What became of drafts arrives once, in whatever order, before or after its mail, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.intake.ingest import Ingest
from cloud_sync.store.models import Event, MailDraft, Sample
from kits.core.events import MAX_WORDS, DraftBody
from kits.core.events import Event as Row
from kits.core.frames import Frame, decode_frame, encode_frame
from tests.cloud_sync.cases.case_builders import take
from tests.cloud_sync.fleet_builders import AT, add_device, make_hub
from tests.cloud_sync.intake.intake_builders import SilentLink, count, frame_message
from tests.cloud_sync.intake.test_ingest_workers import together
from tests.cloud_sync.mails.mail_builders import days, draft, know_bundle, mail_row


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        add_device(hub, "press-2")
        yield hub


def drafts(hub: Hub) -> list[MailDraft]:
    with hub.database.session() as session:
        return list(session.scalars(select(MailDraft).order_by(MailDraft.device)))


def test_a_draft_that_comes_before_its_mail_is_there_with_it(hub: Hub) -> None:
    know_bundle(hub)
    take(hub, draft(1, "m1", "edited", changed_share=0.25, changed=["Dear sir,"]))
    take(hub, mail_row(2, "m1"))
    [row] = drafts(hub)
    assert (row.fate, row.changed_share, row.changed, row.at) == (
        "edited", 0.25, ["Dear sir,"], days(0.05),
    )  # fmt: skip
    assert count(hub, Sample) == 1


def test_the_newest_word_counts_however_often_and_late_the_others_come(hub: Hub) -> None:
    older, newer = draft(1, "m1", "discarded", 0.1), draft(5, "m1", "edited", 0.3)
    take(hub, newer)
    take(hub, older)
    take(hub, newer, older)
    assert [row.fate for row in drafts(hub)] == ["edited"]
    take(hub, draft(1, "m1", "accepted", 0.2), epoch="epoch-2")  # an outbox that was made anew
    assert [row.fate for row in drafts(hub)] == ["edited"]
    take(hub, draft(2, "m1", "accepted", 0.4), epoch="epoch-2")
    assert [row.fate for row in drafts(hub)] == ["accepted"]


def test_each_device_speaks_of_its_own_drafts_only(hub: Hub) -> None:
    take(hub, draft(1, "m1", "accepted"))
    take(hub, draft(1, "m1", "discarded"), device="press-2")
    assert [(row.device, row.fate) for row in drafts(hub)] == [
        ("press-1", "accepted"),
        ("press-2", "discarded"),
    ]


def test_the_words_of_a_draft_lie_in_one_place(hub: Hub) -> None:
    take(hub, draft(1, "m1", "edited", changed=["Dear Ann,"]))
    with hub.database.session() as session:
        [event] = session.scalars(select(Event))
    assert (event.kind, event.body) == ("draft", {"sample_id": "m1"})


def test_a_draft_survives_the_wire_and_its_bounds_hold() -> None:
    row = draft(1, "m1", "edited", changed=["w" * (MAX_WORDS + 1)])
    frame = Frame(epoch="e", rows=(row,))
    body = decode_frame(encode_frame(frame)).rows[0].body
    assert isinstance(body, DraftBody) and len(body.changed[0]) == MAX_WORDS
    fields = {"sample_id": "m1", "fate": "edited", "at": AT}
    for wrong in ({"fate": "sent"}, {"changed_share": 1.1}, {"changed": ["x"] * 21},
                  {"sample_id": "a/b"}, {"changed_share": float("nan")}):  # fmt: skip
        with pytest.raises(ValidationError):
            DraftBody.model_validate({**fields, **wrong})


def test_two_workers_with_words_about_the_same_drafts_end_with_the_newest(hub: Hub) -> None:
    names = [f"m{n}" for n in range(30)]
    older = [draft(n, name, "discarded", 0.1) for n, name in enumerate(names, 1)]
    newer = [draft(100 + n, name, "edited", 0.2) for n, name in enumerate(names, 1)]
    mails = [mail_row(200 + n, name) for n, name in enumerate(names, 1)]
    frames = [(older, "l"), (newer, "l"), (mails, "s"), (newer, "l"), (older, "l")]

    def work(order: list[tuple[list[Row], str]]) -> Callable[[], None]:
        ingest = Ingest(hub, SilentLink(hub))
        batches = [[frame_message(*rows, klass=klass)] for rows, klass in order]

        def run() -> None:
            for batch in batches:
                ingest.process(batch)

        return run

    assert together([work(frames), work(frames[::-1])]) == []
    assert {row.sample_id: row.fate for row in drafts(hub)} == dict.fromkeys(names, "edited")
    assert count(hub, Event) == 90
