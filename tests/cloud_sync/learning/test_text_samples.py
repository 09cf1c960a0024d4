"""Samples that are text at the hub: what a person may state of them, and what is shown when they cannot be read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.learning import texts
from cloud_sync.learning.texts import is_text, read_text
from cloud_sync.store.models import Annotation, Sample
from cloud_sync.web.text_views import MAX_LABEL_BUTTONS, ranked_labels, reading
from kits.core.errors import DataError
from kits.core.harmless import printable
from kits.core.mail.writing import write_message
from kits.core.prediction import Prediction, Quantity, Span, prediction_to_json
from kits.core.showing import MAX_TEXT, pieces
from tests.cloud_sync.hub_builders import add_person, add_sample, open_hub

MAIL, KIT = "message/rfc822", "support-triage"
LETTER = write_message(subject="Lamp", body="Order 48053 is broken.", sender="a@mail.example")
SAID = Prediction(
    0.8,
    "refund",
    {"refund": 0.8, "damaged": 0.1},
    spans=(Span(12, 17, "order", "48053"), Span(0, 4, "product", "Lamp")),
    quantities=(Quantity("urgency", 1, "level"),),
)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[TestClient, Hub, dict[str, str]]]:
    with open_hub(tmp_path) as (client, hub):
        add_sample(hub, "letter", verdict="review", content=LETTER, media_type=MAIL, label="refund")
        change(hub, prediction=prediction_to_json(SAID))
        yield client, hub, add_person(hub, "rita", "reviewer")


def change(hub: Hub, **columns: object) -> None:
    with hub.database.transaction() as session:
        sample = session.get(Sample, "letter")
        assert sample is not None
        for name, value in columns.items():
            setattr(sample, name, value)


def say(
    client: TestClient, headers: dict[str, str], decision: str, **more: object
) -> tuple[int, dict]:
    body = {"sample_id": "letter", "decision": decision, **more}
    answer = client.post("/v1/reviews", headers=headers, json=body)
    return answer.status_code, answer.json()


def read(hub: Hub, said: Prediction = SAID):
    with hub.database.session() as session:
        sample = session.get(Sample, "letter")
        assert sample is not None
        return reading(hub, KIT, sample, said)


def test_a_correction_keeps_the_spans_and_levels_that_were_stated(opened) -> None:
    client, _, rita = opened
    levels = [{"name": "urgency", "value": 3, "unit": "level"}]
    status, answer = say(
        client, rita, "correct", label="damaged|refund", spans=[1], quantities=levels
    )
    said = answer["annotation"]
    assert status == 200 and said["label"] == "damaged|refund"
    assert [span["text"] for span in said["spans"]] == ["Lamp"]
    assert [(q["name"], q["value"]) for q in said["quantities"]] == [("urgency", 3)]


def test_agreeing_takes_over_label_spans_and_levels(opened) -> None:
    client, _, rita = opened
    said = say(client, rita, "accept")[1]["annotation"]
    assert said["label"] == "refund" and len(said["spans"]) == 2 and said["quantities"]


def test_agreeing_with_what_was_not_filed_is_no_word_that_nothing_is_there(opened) -> None:
    client, hub, rita = opened
    change(hub, verdict="pass")
    assert say(client, rita, "accept")[1]["annotation"]["label"] == "refund"


@pytest.mark.parametrize("spans", [[2], [-1], [0, 99]])
def test_a_span_that_the_model_never_named_is_refused(opened, spans: list[int]) -> None:
    client, hub, rita = opened
    status, answer = say(client, rita, "correct", label="refund", spans=spans)
    assert 400 <= status < 500 and "spans" in answer["what"]
    with hub.database.session() as session:
        assert session.scalar(select(Annotation)) is None


def test_the_text_is_cut_at_what_was_found_and_each_piece_knows_its_span(opened) -> None:
    _, hub, _ = opened
    shown = read(hub)
    assert shown is not None and shown.facts["from_domain"] == "mail.example"
    found = [(piece.text, piece.label, piece.span) for piece in shown.pieces if piece.label]
    assert found == [("Lamp", "product", 1), ("48053", "order", 0)]
    assert "".join(piece.text for piece in shown.pieces) == "Lamp\n\nOrder 48053 is broken."


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"blob_state": "expected"}, "on its way"),
        ({"blob_state": "none"}, "not kept"),
        ({"blob_size": texts.MAX_BYTES + 1}, "too large"),
    ],
)
def test_without_a_text_the_card_says_why(opened, columns: dict[str, object], why: str) -> None:
    _, hub, _ = opened
    change(hub, **columns)
    shown = read(hub)
    assert shown is not None and why in shown.why_none and shown.pieces == ()


def test_a_package_that_is_missing_is_named_with_its_remedy(
    opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, hub, _ = opened
    monkeypatch.setitem(sys.modules, "kits.support_triage.runtime", None)
    shown = read(hub)
    assert shown is not None and "kitwright[hub,mail]" in shown.why_none


def test_samples_of_another_nature_are_no_text(opened) -> None:
    assert not is_text(KIT, "image/png")
    assert not is_text("visual-inspection", "image/png")
    assert not is_text("no-such-kit", MAIL)
    with pytest.raises(DataError, match="no text"):
        read_text("visual-inspection", LETTER)
    with pytest.raises(DataError, match="not shown"):
        read_text(KIT, b"x" * (texts.MAX_BYTES + 1))


def test_few_labels_keep_their_places_and_of_many_the_likeliest_lead() -> None:
    few = ["refund", "damaged|refund", "oos", "account"]
    assert ranked_labels(few, SAID, MAIL) == ["account", "damaged", "refund"]
    many = [f"topic-{n:02d}" for n in range(MAX_LABEL_BUTTONS + 3)]
    assert ranked_labels([*many, "damaged", "refund"], SAID, MAIL)[:3] == [
        "refund",
        "damaged",
        "topic-00",
    ]


def test_spans_from_elsewhere_and_overlapping_ones_break_no_text() -> None:
    text = "0123456789"
    spans = [
        Span(2, 6, "a", ""),
        Span(4, 8, "b", ""),
        Span(5, 5, "c", ""),
        Span(-3, 2, "d", ""),
        Span(8, 99, "e", ""),
    ]
    assert [(piece.text, piece.label) for piece in pieces(text, spans)] == [
        ("01", ""), ("2345", "a"), ("6789", ""),
    ]  # fmt: skip
    assert pieces("", spans) == ()
    long = "x" * (MAX_TEXT + 10)
    assert (
        sum(len(piece.text) for piece in pieces(long, [Span(MAX_TEXT - 1, MAX_TEXT + 1, "a", "")]))
        == MAX_TEXT
    )


def test_what_steers_terminals_or_turns_text_around_is_made_visible() -> None:
    assert printable("a\x1b[2J\u202eb\r\n\tc\x9b") == "a\ufffd[2J\ufffdb\n\tc\ufffd"
