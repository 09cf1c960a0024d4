"""Mails that nobody files: left to a person where that can be known, and else the promise says that it is not about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from kits.core.annotation import Annotation, AnnotationSource
from kits.core.kit import RawSample
from kits.core.mail.writing import write_message
from kits.core.prediction import Prediction
from kits.support_triage._judging import point
from kits.support_triage._judging.judged import judge
from kits.support_triage._learning.mails import Mail, disputed_texts, machines_learned
from kits.support_triage.config import Config

from .learned import LearnedBundle, Said, dataset_of, learn, made_up
from .triage import sample, task_of

ORDER = "where is my order"
BOUNCE, LIST = "says it could not be delivered", "says it comes from a list"


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> LearnedBundle:
    mails = [*made_up(120), *made_up(30, seed=1, split="val")]
    return learn(dataset_of(mails), Config(approach="ngrams"), tmp_path_factory.mktemp("words"))


def said_of(bundle: LearnedBundle, content: bytes) -> Prediction:
    return bundle.runtime.predict([content])[0]


def reasons(found: Prediction) -> str:
    return "; ".join(reason.text for reason in found.reasons)


def mail(machine: str = "", label: str = "") -> Mail:
    return Mail("m", "text", "en", label, (), (), "", machine=machine)


def test_kinds_of_machines_mails_that_people_file_are_learned() -> None:
    filed = [mail(label="order")] * 80 + [mail()] * 20
    lists = [mail(LIST, "news")] * 9 + [mail(LIST)] * 3
    by_mistake = [mail(BOUNCE, "order")] * 3 + [mail(BOUNCE)] * 40
    seldom = [mail("asks for no answer", "order")] * 2
    foreign = [mail("is a delivery report", "oos")] * 50
    found = machines_learned([*filed, *lists, *by_mistake, *seldom, *foreign], ("oos",))
    assert found == (LIST,)


def test_of_a_mailbox_in_which_few_mails_are_labelled_few_of_a_kind_are_enough() -> None:
    mails = (
        [mail(label="order")] * 100 + [mail()] * 900 + [mail(LIST, "news")] * 4 + [mail(LIST)] * 50
    )
    assert machines_learned(mails, ("oos",)) == (LIST,)


def test_a_machines_mail_of_a_kind_that_nobody_filed_goes_to_a_person(words: LearnedBundle) -> None:
    plain = write_message(subject=ORDER, body=ORDER)
    bounce = write_message(
        subject=ORDER, body=ORDER, extra=[("X-Failed-Recipients", "a@b.example")]
    )
    assert said_of(words, plain).score > 0.5
    found = said_of(words, bounce)
    assert (found.score, found.label) == (0.0, "order")
    assert f"a machine wrote it ({BOUNCE})" in reasons(found)


def test_a_bundle_of_before_decides_machines_mails_as_it_did(words: LearnedBundle) -> None:
    runtime = words.runtime
    spec = runtime.classifier.spec.model_copy(update={"machines": None})  # type: ignore[attr-defined]  # of this kit
    older = replace(runtime, classifier=replace(runtime.classifier, spec=spec))  # type: ignore[type-var, attr-defined]
    bounce = write_message(
        subject=ORDER, body=ORDER, extra=[("X-Failed-Recipients", "a@b.example")]
    )
    assert older.predict([bounce])[0].score > 0.5


def test_texts_that_people_did_not_file_alike_are_told_and_others_are_not() -> None:
    alike = [replace(mail(label="order"), text=f"see{' ' * (n + 1)}below") for n in range(20)]
    once = replace(mail(label="refund"), text="see below")
    bare = [replace(mail(), text="thanks"), replace(mail(label="order"), text="thanks")]
    assert disputed_texts([*alike, once, *bare], 0.1) == {}, "1 of 21 may be a slip of the hand"
    assert disputed_texts([*alike, once, once, once], 0.1) == {"see below": 23}
    # of the same bytes an import keeps one, and how often each label was given
    kept = replace(once, copies=(("order", 3), ("refund", 4)))
    assert disputed_texts([kept], 0.1) == {"see below": 7}


def test_a_mail_that_says_what_people_did_not_file_alike_goes_to_a_person(tmp_path: Path) -> None:
    texts = [Said(f"where is my{' ' * (n + 1)}order", "order" if n % 3 else "refund") for n in range(30)]  # fmt: skip
    bundle = learn(dataset_of([*made_up(120), *texts]), Config(approach="ngrams"), tmp_path)
    found = said_of(bundle, write_message(subject="", body=ORDER))
    assert (found.score, found.label) == (0.0, "order")
    assert "filed under several labels" in reasons(found)
    assert any("stand under several labels" in note for note in bundle.outcome.notes)
    other = said_of(bundle, write_message(subject="", body="the parcel is late"))
    assert other.score > 0.5


def attached(body: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = ORDER
    message.set_content(body)
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="scan.pdf")
    return message.as_bytes()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (attached(""), "lies in its attachments"),
        (attached("Sent from my iPhone"), "lies in its attachments"),
        (
            write_message(subject=ORDER, body="-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----"),
            "is encrypted",
        ),
    ],
)  # fmt: skip
def test_a_subject_alone_decides_nothing_where_the_matter_lies_elsewhere(
    words: LearnedBundle, content: bytes, why: str
) -> None:
    found = said_of(words, content)
    assert found.score == 0.0 and why in reasons(found)


def test_a_subject_that_is_the_whole_mail_and_a_text_with_a_scan_are_decided(
    words: LearnedBundle,
) -> None:
    for content in (write_message(subject=ORDER, body=""), attached(ORDER)):
        assert said_of(words, content).score > 0.5


def val(n: int, unlabelled: int, source: AnnotationSource) -> Sequence[RawSample]:
    sure: dict[str, object] = {"label": "order", "score": 0.99}
    filed = [sample(f"mail {i}", "order", says=sure) for i in range(n)]
    filed = [replace(one, annotation=Annotation("order", source=source)) for one in filed]
    rest = [sample(f"spam {i}", says=sure, split="train") for i in range(unlabelled)]
    low = sample("unsure", says={"label": "order", "score": 0.01})
    return [*filed, *(replace(one, annotation=None) for one in (*rest, low))]


@pytest.mark.parametrize(("source", "told"), [("import", True), ("review", False)])
def test_a_promise_says_that_it_is_not_about_mails_that_nobody_filed(
    source: AnnotationSource, told: bool
) -> None:
    task = task_of([*val(400, 30, source), *many_learned()])
    judged, unread = judge(task, ("oos",))
    assert (len(judged), unread) == (400, 0)
    found = point.choose(task, Config(), judged)
    assert found.guarantee.startswith("at most 2 % wrong")
    assert ("30 of 31 such mails would be filed" in found.guarantee) is told


def many_learned() -> list[RawSample]:
    """An intent that is learned from enough mails to be decided."""
    return [sample(f"old {n}", "order", split="train", says={}) for n in range(5)]
