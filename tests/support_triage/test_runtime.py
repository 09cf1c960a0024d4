"""A bundle at work on single mails: what it tells, what it refuses, and what it never acts on."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from kits.core.bundle import Bundle
from kits.core.correspondence import Correspondent
from kits.core.errors import BundleError, DataError
from kits.core.mail.writing import write_message
from kits.core.prediction import prediction_from_json, prediction_to_json
from kits.core.runtime import cpu_session
from kits.support_triage import KIT
from kits.support_triage._mail.reading import LastReading
from kits.support_triage._shown import shown
from kits.support_triage.config import Config

from .learned import LearnedBundle, dataset_of, learn, made_up, without

MACHINE = (
    b"From: robot@shop.example\r\nTo: help@firm.example\r\nAuto-Submitted: auto-generated\r\n"
    b"Subject: please refund\r\n\r\nplease refund the lamp\r\n"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LearnedBundle:
    data = dataset_of([*made_up(90), *made_up(20, seed=1, split="val")])
    return learn(data, Config(approach="ngrams"), tmp_path_factory.mktemp("run"))


def test_a_prediction_survives_the_wire(made: LearnedBundle) -> None:
    prediction = made.says("please refund the lamp, order 48213")[0]
    assert prediction_from_json(prediction_to_json(prediction)) == prediction


def test_what_a_mail_names_has_its_value_in_one_form(made: LearnedBundle) -> None:
    mail = write_message(
        subject="refund",
        body="Order #48213 came yesterday and I paid 79,90 €.",
        date=datetime(2026, 11, 26, 9, tzinfo=timezone.utc),
    )
    found = {span.label: span.value for span in made.runtime.predict([mail])[0].spans}
    assert found["date"] == {"date": "2026-11-25"}
    assert found["amount"] == {"value": "79.90", "currency": "EUR"}
    assert found["order"] is None  # as it stands in the mail


def test_a_mail_is_read_once_for_all_that_is_asked_about_it(made: LearnedBundle) -> None:
    runtime = replace(made.runtime, last=LastReading())
    mail = bytes(write_message(subject="refund", body="please refund the lamp"))
    first = runtime.last.of(mail)
    assert runtime.last.of(mail) is first
    assert runtime.last.of(bytes(bytearray(mail))) == first
    assert runtime.last.of(mail) is not first


def test_mails_decided_together_and_alone_come_out_the_same(made: LearnedBundle) -> None:
    texts = [mail.text for mail in made_up(8, seed=4)]
    assert made.says(*texts) == [made.says(text)[0] for text in texts]


def test_a_machine_s_mail_is_told_with_the_header_that_says_so(made: LearnedBundle) -> None:
    prediction = made.runtime.predict([MACHINE])[0]
    assert "auto-submitted" in str(prediction.details["automatic"]).lower()
    assert made.says("please refund the lamp")[0].details["automatic"] == ""


def test_a_mail_without_text_is_nobody_s_but_a_person_s(made: LearnedBundle) -> None:
    prediction = made.says("")[0]
    assert (prediction.label, prediction.score) == ("", 0.0)
    assert prediction.reasons[0].text == "the mail holds no text"


@pytest.mark.parametrize("text", ["12345 67890", "48213", "???", "1.250,00 € !!"])
def test_a_mail_without_a_word_is_nobody_s_but_a_person_s(made: LearnedBundle, text: str) -> None:
    prediction = made.says(text)[0]
    assert prediction.score == 0.0
    assert "the mail holds no words" in [reason.text for reason in prediction.reasons]


def test_danger_brings_a_person_however_certain_the_intent(made: LearnedBundle) -> None:
    usual = made.says("i want my money back please refund the lamp")[0]
    grave = made.says("i want my money back please refund the lamp or my lawyer will sue you")[0]
    assert usual.score > 0 == grave.score
    assert grave.label == usual.label
    assert "law" in grave.reasons[0].text


def test_it_is_told_what_looked_at_a_mail_rules_first(made: LearnedBundle) -> None:
    usual, empty = made.says("please refund the lamp", "")
    assert usual.details["stages"] == ["rules", "words"]
    assert empty.details["stages"] == ["rules"]
    machine = made.runtime.predict([MACHINE])[0]
    assert machine.details["stages"] == ["rules", "words"]


def test_entities_index_into_the_text_that_is_shown(made: LearnedBundle) -> None:
    content = write_message(subject="refund", body="mail me at ann@shop.example, please refund")
    prediction = made.runtime.predict([content])[0]
    shown = KIT.runtime.shown(content)  # type: ignore[attr-defined]  # an optional offer
    assert prediction.spans
    assert all(shown.text[s.start : s.end] == s.text for s in prediction.spans)


def test_a_bundle_drafts_from_its_knowledge_and_never_for_a_machine(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "refunds.md").write_text(
        "# Refunds\n\nMoney comes back within five days of a refund.\n"
    )
    data = dataset_of([*made_up(60), *made_up(12, seed=1, split="val")])
    config = Config(approach="ngrams", knowledge=str(folder))
    runtime = learn(data, config, tmp_path / "run").runtime
    assert isinstance(runtime, Correspondent)
    asked = write_message(
        subject="refund", body="when do i get the money back, please refund the lamp",
        sender="ann@shop.example",
    )  # fmt: skip
    draft = runtime.draft(asked, runtime.predict([asked])[0])
    assert draft is not None and "within five days" in draft.body
    brief = runtime.brief(asked, runtime.predict([asked])[0])
    assert brief is not None and brief.passages[0].source.startswith("refunds.md")
    assert runtime.draft(MACHINE, runtime.predict([MACHINE])[0]) is None


def test_times_are_told_for_each_stage(made: LearnedBundle) -> None:
    content = write_message(subject="", body="where is my order")
    prediction, times = made.runtime.predict_timed(content)
    assert prediction == made.runtime.predict([content])[0]
    assert min(times.pre_ms, times.infer_ms, times.post_ms) >= 0 < times.total_ms


def test_what_is_no_mail_is_refused(made: LearnedBundle) -> None:
    with pytest.raises(DataError):
        made.runtime.decode(b"", "message/rfc822")
    with pytest.raises(DataError, match="mails as bytes"):
        made.runtime.predict([{"subject": "refund"}])


@pytest.mark.parametrize(
    "path",
    ["ngrams/words.known.npy", "heads/intent.sparse.npy", "heads/intent.constants.npy"],
)
def test_a_bundle_with_an_absent_or_damaged_array_is_refused(
    made: LearnedBundle, path: str
) -> None:
    whole = made.bundle.files[path]
    pickled = whole[:10] + whole[10:].replace(b"'descr': '<", b"'descr': '|O", 1)
    for damaged in (None, b"", whole[:-4], whole + b"....", pickled, b"\x80\x04N."):
        with pytest.raises(BundleError):
            loaded(without(made.bundle, path, damaged))


def test_known_pieces_out_of_order_are_refused(made: LearnedBundle) -> None:
    path = "ngrams/runs.known.npy"
    whole = made.bundle.files[path]
    swapped = whole[:-16] + whole[-8:] + whole[-16:-8]
    with pytest.raises(BundleError, match="order"):
        loaded(without(made.bundle, path, swapped))


def test_a_config_of_another_kit_is_refused(made: LearnedBundle) -> None:
    manifest = made.bundle.manifest.model_copy(update={"config": {"approach": "detector"}})
    with pytest.raises(BundleError, match="does not know"):
        loaded(replace(made.bundle, manifest=manifest))


def test_the_device_needs_no_trainer(made: LearnedBundle, tmp_path: Path) -> None:
    heavy = ("torch", "transformers", "sklearn", "scipy", "pandas", "onnx")
    script = (
        "import sys, kits.support_triage.runtime as r; "
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_config_of_a_bundle_is_plain_json(made: LearnedBundle) -> None:
    text = json.dumps(made.bundle.manifest.config)
    assert "refund" in text
    assert len(text) < 20_000


def loaded(bundle: Bundle) -> object:
    return KIT.runtime.load(bundle, cpu_session)


def test_a_question_tells_the_labels_with_their_descriptions_and_no_personal_data(
    tmp_path: Path,
) -> None:
    data = dataset_of([*made_up(60), *made_up(12, seed=1, split="val")])
    labels = {"Refund": "wants money back", "warranty": "broken within two years"}
    learned = learn(data, Config(approach="ngrams", labels=labels), tmp_path / "run")
    runtime = learned.runtime
    assert isinstance(runtime, Correspondent)
    asked = write_message(
        subject="refund", body="Refund the lamp please, write to ann@mail.example or 030 1234567.",
        sender="ann@mail.example",
    )  # fmt: skip
    question = runtime.question(asked, runtime.predict([asked])[0])
    assert question is not None
    assert question.labels == {
        "invoice": "", "order": "", "refund": "wants money back", "oos": "about none of these",
        "warranty": "broken within two years",
    }  # fmt: skip
    assert "Refund the lamp" in question.thread
    assert "ann@" not in question.thread and "1234567" not in question.thread
    assert learned.bundle.manifest.config["labels"] == labels


@pytest.mark.parametrize("labels", [{}, {"Invoice": "a copy of the invoice", "ORDER": "an order"}])
def test_templates_speak_of_the_intents_that_mails_have_and_the_rest_is_told(
    tmp_path: Path, labels: dict[str, str]
) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "firm.yaml").write_text(
        "silent: [oos, Invoice]\nneeds: {ORDER: [order], refnd: [order]}\npinned: {refund: [a.md]}\n"
    )
    data = dataset_of([*made_up(60), *made_up(12, seed=1, split="val")])
    config = Config(approach="ngrams", templates=str(folder), knowledge="", labels=labels)
    learned = learn(data, config, tmp_path / "run")
    firm = learned.bundle.manifest.config["templates"]
    assert isinstance(firm, dict)
    assert firm["silent"] == ["oos", "invoice"]
    assert firm["needs"] == {"order": ["order"], "refnd": ["order"]}
    told = [note for note in learned.outcome.notes if note.startswith("templates:")]
    assert told == ["templates: what they say of refnd is never used: no mail has such a label"]


@pytest.mark.parametrize("mail", [MACHINE, write_message(subject="", body="")])
def test_nobody_is_asked_about_a_machine_s_mail_or_one_without_text(
    made: LearnedBundle, mail: bytes
) -> None:
    assert isinstance(made.runtime, Correspondent)
    assert made.runtime.question(mail, made.runtime.predict([mail])[0]) is None


def test_a_question_about_a_huge_mail_is_bounded(made: LearnedBundle) -> None:
    assert isinstance(made.runtime, Correspondent)
    mail = write_message(subject="refund", body="please refund the lamp " * 40_000)
    question = made.runtime.question(mail, made.runtime.predict([mail])[0])
    assert question is not None and len(question.thread) <= 4_000


def test_a_row_that_names_nobody_is_shown_without_a_made_up_sender() -> None:
    mail = write_message(subject="", body="where is it", sender="customer@example.invalid")
    assert shown(mail).title == "unknown sender, without a date"
