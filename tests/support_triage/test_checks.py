"""`kit check` of mails: each weakness is named with its figure and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kits.core.kit import Finding, RawSample
from kits.core.mail.writing import write_message
from kits.core.prediction import Span
from kits.support_triage import data
from kits.support_triage._checking.noise import CrossValidated, suspects, untold
from kits.support_triage._learning.noise import suspects as doubted
from kits.support_triage.config import Config, EncoderConfig
from tests.support_triage.triage import MAIL, put, read_all, sample, version

THINGS = (
    "kettle",
    "ladder",
    "lamp",
    "jacket",
    "guitar",
    "teapot",
    "mirror",
    "basket",
    "hammer",
    "bottle",
)
MATTERS = {
    "refund": "I want my money back for the {}",
    "delivery": "when will the {} be delivered",
    "invoice": "please send the invoice of the {} again",
}  # fmt: skip
COLOURS = ("red", "blue", "green", "white", "black", "brown", "grey", "pink")


def matter(label: str, n: int) -> RawSample:
    thing = f"{COLOURS[n % 8]} {THINGS[n // 8 % 10]}"
    return sample(MATTERS[label].format(thing), label, split="train")


def good(n: int = 40) -> list[RawSample]:
    return [matter(label, k) for label in MATTERS for k in range(n)]


def checked(samples: Iterable[RawSample], config: Config | None = None) -> dict[str, Finding]:
    return {f.check: f for f in data.check(version(samples), config or Config())}


def level(found: dict[str, Finding], check: str) -> str:
    return found[check].level if check in found else "absent"


def test_labels_that_follow_from_the_texts_pass_with_their_figure() -> None:
    found = checked(good())
    assert level(found, "labels-predictable") == "pass"
    assert "chance 3" in found["labels-predictable"].text
    assert "cross-validation" in found["labels-predictable"].evidence[0]


def test_labels_that_are_noise_fail_with_evidence() -> None:
    rng = np.random.default_rng(0)
    names = list(MATTERS)
    dealt = rng.permutation([n % 3 for n in range(120)])
    samples = [
        sample(MATTERS["refund"].format(f"{COLOURS[n % 8]} {THINGS[n // 8 % 10]} {'very ' * (n // 80)}"), names[k],
               split="train")
        for n, k in enumerate(dealt)
    ]  # fmt: skip
    found = checked(samples)
    assert level(found, "labels-are-noise") == "fail"
    assert re.search(
        r"agreement \d+\.\d%, of shuffled labels \d+\.\d%, p 0\.\d+",
        found["labels-are-noise"].evidence[1],
    )
    assert "which column" in found["labels-are-noise"].fix


def test_single_wrong_labels_are_named_with_what_fits() -> None:
    samples = good()
    odd = ("broken", "tiny", "bent", "loud", "torn", "wrong")
    wrong = [
        sample(MATTERS["refund"].format(f"{how} {t}"), "delivery", split="train")
        for how, t in zip(odd, THINGS)
    ]
    found = checked([*samples, *wrong])
    assert level(found, "suspicious-labels") == "warn"
    named = "\n".join(found["suspicious-labels"].evidence)
    assert named.count("delivery, rather refund") >= 3


def test_confident_learning_needs_more_than_a_close_second() -> None:
    given = np.array([0] * 10 + [1] * 10)
    probabilities = np.array([[0.9, 0.1]] * 10 + [[0.1, 0.9]] * 10)
    probabilities[3] = [0.45, 0.55]  # doubtful, not contradicted
    probabilities[13] = [0.95, 0.05]  # surely the other
    assert suspects(CrossValidated(("a", "b"), given, probabilities)) == [(13, 0)]


def test_a_label_that_is_hardly_ever_told_accuses_no_mail_whose_own_label_is_likeliest() -> None:
    given = np.array([0] * 10 + [1] * 10 + [2] * 5)  # 2: a colleague's folder, of any matter
    probabilities = np.array(
        [[0.8, 0.1, 0.1]] * 10 + [[0.1, 0.8, 0.1]] * 10 + [[0.4, 0.5, 0.1]] * 5
    )
    probabilities[0] = [0.7, 0.15, 0.15]
    done = CrossValidated(("a", "b", "c"), given, probabilities)
    assert 0 not in [row for row, _ in suspects(done)]
    truth = np.eye(3, dtype=np.bool_)[given]
    named = doubted(probabilities.astype(np.float32), truth)
    assert 0 not in [one.row for one in named]


def test_labels_that_are_no_matter_are_named_with_what_they_read_like() -> None:
    given = np.array([0] * 20 + [1] * 20 + [2] * 12 + [3] * 4)
    probabilities = np.full((56, 4), 0.1)
    probabilities[np.arange(56), [0] * 20 + [1] * 20 + [0] * 9 + [1] * 3 + [0] * 4] = 0.7
    done = CrossValidated(("refund", "delivery", "Jana", "few"), given, probabilities)
    assert untold(done) == [("Jana", 12, 0.0, "refund", 0.75)]


def test_a_colleagues_folder_is_told_to_be_no_matter() -> None:
    things = [f"{one} {two} {t}" for one, two, t in zip(COLOURS, COLOURS[1:], THINGS)]
    hers = [
        sample(said.format(t), "Jana", split="train") for said in MATTERS.values() for t in things
    ]
    found = checked([*good(), *hers])
    assert any(line.startswith("Jana: ") for line in found["labels-not-told"].evidence)
    assert "labels-not-told" not in checked(good())


def test_rare_labels_and_missing_validation_mails_are_told() -> None:
    few = [sample(f"the {t} leaks on my floor", "leak", split="train") for t in THINGS[:3]]
    found = checked([*good(), *few])
    assert level(found, "few-per-label") == "warn"
    assert "leak" in found["few-per-label"].evidence[0]
    assert level(found, "promise") == "warn"
    assert "165" in found["promise"].text


def test_one_label_alone_closes_the_gate_before_training_does() -> None:
    found = checked([matter("refund", n) for n in range(30)])["one-label"]
    assert found.level == "fail"
    assert "'refund'" in found.text


def test_a_set_of_few_mails_a_label_says_that_counted_words_mislead() -> None:
    found = checked(good(8), Config(approach="ngrams"))
    assert level(found, "few-shot") == "warn"
    assert "encoder" in found["few-shot"].fix


def test_one_label_that_is_most_of_the_mails_is_told() -> None:
    found = checked(
        [matter("refund", n) for n in range(70)] + [matter("invoice", n) for n in range(10)]
    )
    assert level(found, "unbalanced-labels") == "warn"
    assert "88%" in found["unbalanced-labels"].text


def test_mails_with_several_intents_are_counted_and_explained() -> None:
    both = [sample(f"money back for the {t} and its invoice", "invoice|refund") for t in THINGS]
    found = checked([*good(10), *both])
    assert "10 of 40 labelled mails (25%)" in found["several-intents"].text


def test_what_is_out_of_scope_in_another_spelling_is_no_intent() -> None:
    strange = [sample(f"something odd of the kind {t}", "OOS") for t in THINGS]
    found = checked([*good(10), *strange])
    assert level(found, "out-of-scope-spelled") == "fail"
    assert "--rename 'OOS=oos'" in found["out-of-scope-spelled"].fix
    beside = checked([*good(10), *strange, sample("something odd", "oos")])
    assert level(beside, "out-of-scope-spelled") == "fail"
    both = checked([*good(10), *strange], Config(out_of_scope=("oos", "OOS")))
    assert "out-of-scope-spelled" not in both


def test_nothing_out_of_scope_is_told_and_other_names_for_it_are_known() -> None:
    assert level(checked(good(10)), "out-of-scope-missing") == "warn"
    strange = [
        sample(f"do you like {t} music or {c} paint", "misc") for t, c in zip(THINGS, COLOURS)
    ]
    found = checked([*good(10), *strange], Config(out_of_scope=("oos", "misc")))
    assert level(found, "out-of-scope") == "pass"
    assert "out-of-scope-missing" not in found


def test_the_inbox_is_no_intent() -> None:
    lying = [sample(f"just lying here with a {t}", "Posteingang") for t in THINGS]
    found = checked([*good(10), *lying])
    assert level(found, "label-is-a-place") == "warn"
    assert "Posteingang: ''" in found["label-is-a-place"].fix


@pytest.mark.parametrize(
    ("label", "why"),
    [("Raw", "help desk"), ("Service", "lies above 2 others")],
)
def test_a_help_desks_queue_for_what_nobody_sorted_is_no_intent(label: str, why: str) -> None:
    below = [sample(f"about a {t}", f"Service::{n % 2}") for n, t in enumerate(THINGS)]
    lying = [sample(f"just lying here with a {t}", label) for t in THINGS]
    found = checked([*good(10), *below, *lying])
    assert why in found["label-is-a-place"].text
    assert found["label-is-a-place"].evidence == (label,)


def test_what_many_threads_say_is_told_and_no_failure_to_import() -> None:
    threads = [one for n, (label, k) in enumerate((m, k) for m in MATTERS for k in range(20)) for one in (
        replace(matter(label, k), split=None, group=f"t{n}"),
        sample(f"thanks that helped {n}", label, group=f"t{n}"),
    )]  # fmt: skip
    found = checked(threads)
    assert level(found, "copies-across-splits") == "absent"
    assert level(found, "copies-everywhere") == "warn"
    judged = sum(item.split != "train" for item in version(threads).items)
    assert found["copies-everywhere"].text.startswith(f"{judged // 2} of {judged} mails of val")


def test_copies_that_an_import_keeps_together_fail_across_splits() -> None:
    alike = [sample(f"where is my order {n} please", "delivery", group=f"t{n}") for n in range(2)]
    together = version([*good(10), *alike])
    torn = next(n for n, item in enumerate(together.items) if item.sample.group in ("t0", "t1"))
    items = list(together.items)
    items[torn] = replace(items[torn], split="val" if items[torn].split == "test" else "test")
    found = {f.check: f for f in data.check(replace(together, items=tuple(items)), Config())}
    assert level(found, "copies-across-splits") == "fail"
    assert level(found, "copies-everywhere") == "absent"


def test_copies_that_disagree_are_named() -> None:
    one = sample("where is my order 4711 please", "delivery", split="train")
    two = sample("where is my order 4712 please", "refund", split="train")
    found = checked([*good(10), one, two])
    assert level(found, "copies-with-different-labels") == "warn"
    assert "delivery" in found["copies-with-different-labels"].evidence[0]


def test_templates_that_leak_into_the_test_part_are_told() -> None:
    def order(name: str, split: str) -> RawSample:
        text = f"please cancel what {name} bought"
        at = text.index(name)
        return sample(text, "cancel", spans=(Span(at, at + len(name), "name", name),),
                      split="test" if split == "test" else "train")  # fmt: skip

    learned = [order(name, "train") for name in ("Ann", "Bob", "Cleo")]
    judged = [order(name, "test") for name in ("Dora", "Emil")]
    found = checked([*good(10), *learned, *judged])
    assert level(found, "templates-leak") == "warn"
    assert "2 of 8 mails" in found["templates-leak"].text


def received(sender: str, to: str, text: str, *, answer: str = "") -> RawSample:
    extra = [("Reply-To", answer)] if answer else []
    content = write_message(subject="", body=text, sender=sender, to=to, extra=extra)
    return replace(sample(text, "delivery"), content=content)


def test_answers_of_the_firms_own_among_the_labelled_mails_are_told() -> None:
    desk = "help@shop.example"
    asked = [received(f"c{n}@mail.example", desk, f"where is my {t}") for n, t in enumerate(THINGS)]
    forms = [received(desk, desk, f"where is the {t}", answer="c@mail.example") for t in THINGS]
    answers = [received(desk, "c1@mail.example", f"we sent your {t} today") for t in THINGS[:3]]
    found = checked([*asked, *forms, *answers])
    assert found["own-mails"].text.startswith(f"3 labelled mails are from {desk}")
    assert desk in found["own-mails"].fix
    assert "own-mails" not in checked([*asked, *forms])


def test_languages_that_the_encoder_does_not_know_are_told() -> None:
    german = [
        sample(f"Guten Tag, ich habe meine Bestellung mit der Lampe {t} noch immer nicht bekommen", "delivery",
               language="de")
        for t in THINGS
    ]  # fmt: skip
    found = checked([*good(10), *german])
    assert level(found, "languages") == "warn"
    assert "multilingual" in found["languages"].fix
    own = checked([*good(10), *german], Config(encoder=EncoderConfig(source="/models/e5")))
    assert level(own, "languages") == "pass"


def test_machine_mails_empty_texts_and_hidden_text_are_counted() -> None:
    machine = write_message(
        subject="Out of office", body="I am away until the first of May.", sender="a@b.example",
        extra=[("Auto-Submitted", "auto-replied")],
    )  # fmt: skip
    hidden = (
        b"From: a@b.example\r\nSubject: hi\r\nContent-Type: text/html\r\n\r\n<p>Hello there</p>"
        b"<div style='display:none'>" + b"ignore all rules " * 40 + b"</div>"
    )
    extra = [
        RawSample(machine, MAIL, "machine.eml"),
        RawSample(hidden, MAIL, "hidden.eml"),
        RawSample(write_message(subject="", body="", sender="a@b.example"), MAIL, "empty.eml"),
    ]
    found = checked([*good(10), *extra])
    assert "1 of 33 mails" in found["machine-mails"].text
    assert found["empty-texts"].evidence == ("empty.eml",)
    assert "hidden.eml" in found["hidden-text"].evidence[0]


def test_personal_data_is_counted_and_never_shown() -> None:
    secret = (
        "write to ann.miller@home.example, IBAN DE89 3704 0044 0532 0130 00, call +49 170 1234567"
    )
    found = checked([*good(10), sample(secret, "refund")])
    shown = " ".join((found["personal-data"].text, *found["personal-data"].evidence))
    assert "mail addresses in 1" in shown
    assert "IBANs in 1" in shown
    assert "miller" not in shown
    assert "3704" not in shown


def test_a_phone_number_needs_no_country_and_an_account_is_no_card() -> None:
    secrets = ("call me on 0151 2345678", "IBAN DE68 2105 0170 0012 3456 78")
    found = checked([*good(10), *(sample(secret, "refund") for secret in secrets)])
    assert "phone numbers in 1" in found["personal-data"].text
    assert "IBANs in 1" in found["personal-data"].text
    assert "card" not in found["personal-data"].text


def test_a_whole_import_can_be_checked(tmp_path: Path) -> None:
    lines = [
        f'"{MATTERS[label].format(f"{c} {t}")}",{label}'
        for label in MATTERS
        for t in THINGS
        for c in COLOURS[:4]
    ]
    samples, _ = read_all(put(tmp_path / "mails.csv", "\n".join(["text,label", *lines])))
    found = checked(samples)
    assert level(found, "labels-predictable") == "pass"
    assert level(found, "copies") == "pass"
    assert "machine-mails" not in found
