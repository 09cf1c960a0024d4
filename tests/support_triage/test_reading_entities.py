"""Entities in tables of mails: in cells, a row each, as slots; they point at the same characters in what models read."""

from __future__ import annotations

import json
from pathlib import Path

from kits.support_triage._mail.reading import read_mail
from tests.support_triage.mail_tables import rows
from tests.support_triage.triage import put, read_all, told


def test_entities_point_at_the_same_characters_in_what_models_read(tmp_path: Path) -> None:
    body = "  Hello, my order 00471 is late.\r\nThanks, Ann"
    at = body.index("00471")
    content = rows(
        ["subject", "text", "label", "entity_type", "start_offset", "end_offset"],
        ["Order 00471", body, "late", "order_id", str(at), str(at + 5)],
        ["", "invoice A-7 again", "invoice", "invoice_id", "8", "11"],
        ["", "nothing marked here", "invoice", "", "", ""],
    )
    samples, findings = read_all(put(tmp_path / "m.csv", content))
    for sample, words in zip(samples, ["00471", "A-7"]):
        assert sample.annotation is not None
        (span,) = sample.annotation.spans
        assert read_mail(sample.content).text[span.start : span.end] == words == span.text
    read = read_mail(samples[0].content).text
    assert samples[0].annotation is not None
    assert samples[0].annotation.spans[0].start == read.rindex("00471")
    assert "entities-lost" not in {f.check for f in findings}


def test_one_row_per_entity_makes_one_mail(tmp_path: Path) -> None:
    text = "send order 12 to Paris please"
    header = ["text", "label", "entity", "start", "end"]
    content = rows(
        header, [text, "send", "order", "11", "13"], [text, "send", "city", "17", "22"],
        ["and another text", "ask", "", "", ""],
    )  # fmt: skip
    samples, _ = read_all(put(tmp_path / "m.csv", content))
    assert len(samples) == 2
    assert samples[0].annotation is not None
    assert [s.text for s in samples[0].annotation.spans] == ["12", "Paris"]


def test_slots_as_json_are_read_by_name_and_span(tmp_path: Path) -> None:
    slots = json.dumps({"date": {"text": "next week", "span": [13, 22]}, "who": {"text": "Ann"}})
    content = rows(["text", "intents", "slots"], ["see you here next week Ann", "meet", slots])
    samples, _ = read_all(put(tmp_path / "m.csv", content))
    assert samples[0].annotation is not None
    found = {(s.label, s.text) for s in samples[0].annotation.spans}
    assert found == {("date", "next week"), ("who", "Ann")}


def test_entities_that_stand_nowhere_are_counted(tmp_path: Path) -> None:
    slots = json.dumps([{"label": "order", "start": 0, "end": 4, "text": "9999"}])
    content = rows(["text", "label", "entities"], ["my parcel is late", "late", slots])
    samples, findings = read_all(put(tmp_path / "m.csv", content))
    assert samples[0].annotation is not None
    assert samples[0].annotation.spans == ()
    assert "1 entities do not stand in the text" in told(findings, "entities-lost")
