"""Figures of mails: by their exact names, with intervals, and only where the data allows them."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone

import numpy as np
import pytest

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetItem
from kits.core.kit import EvaluateTask, Evaluation, RawSample
from kits.core.mail.writing import write_message
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import Quantity, Span
from kits.core.stats import Estimate, proportion
from kits.support_triage import evaluate
from kits.support_triage._judging.plots import risk_coverage
from kits.support_triage.config import BoundConfig, Config
from tests.support_triage.triage import MAIL, sample, task_of

WORDS = (
    "parcel", "refund", "invoice", "colour", "voucher", "ladder", "kettle", "window", "garden", "pencil", "bottle",
    "jacket", "mirror", "basket", "candle", "hammer", "puzzle", "guitar", "saddle", "teapot",
)  # fmt: skip


def text(number: int) -> str:
    """Texts unlike each other: numbers alone would be taken for one template."""
    return " ".join(WORDS[number // 20**k % 20] for k in range(3))


def point(act_at: float, **labels: float) -> OperatingPoint:
    return OperatingPoint(
        default=Band(act_at=act_at, review_from=0.0),
        per_label={name: Band(act_at=at, review_from=0.0) for name, at in labels.items()},
        action="file",
        method="stated",
        dataset="d",
        seed=0,
    )


def said(label: str, score: float, **more: object) -> dict[str, object]:
    return {"label": label, "score": score, **more}


def metrics(samples: list[RawSample], act_at: float = 0.8) -> dict[str, Estimate]:
    task = task_of(samples, split="test", point=point(act_at))
    return dict(evaluate.evaluate(task).metrics)


def test_intents_are_counted_with_what_is_out_of_scope_apart() -> None:
    samples = [
        sample(text(1), "refund", says=said("refund", 0.9)),
        sample(text(2), "refund", says=said("delay", 0.9)),
        sample(text(3), "delay", says=said("delay", 0.5)),
        sample(text(4), "delay", says=said("oos", 0.0)),
        sample(text(5), "oos", says=said("oos", 0.0)),
        sample(text(6), "oos", says=said("refund", 0.3)),
    ]
    found = metrics(samples)
    assert found["accuracy"].value == pytest.approx(3 / 6)
    assert found["in_scope_accuracy"].value == pytest.approx(2 / 4)
    assert found["oos_recall"].value == pytest.approx(1 / 2)
    assert found["auto_coverage"].value == pytest.approx(2 / 6)
    assert found["auto_error"].value == pytest.approx(1 / 2)
    # refund: 1 of 2 found, 2 said → 1/2; delay: 1 of 2, 2 said → 1/2; oos: 1 of 2, 2 said → 1/2
    assert found["macro_f1"].value == pytest.approx(0.5)
    assert "micro_f1" not in found
    assert "entity_exact" not in found
    assert "urgency_accuracy" not in found
    assert all(e.low <= e.value <= e.high for e in found.values())


def test_figures_say_from_when_their_mails_are() -> None:
    def dated(number: int, month: int, year: int = 2025) -> RawSample:
        told = json.dumps({"label": "a", "score": 0.9})
        content = write_message(
            subject="", body=text(number), sender="ann@shop.example",
            date=datetime(year, month, 3, tzinfo=timezone.utc), extra=[("X-Says", told)],
        )  # fmt: skip
        return RawSample(content, MAIL, f"m{number}", Annotation("a"))

    samples = [dated(n, 1 + n % 8) for n in range(16)]
    notes = evaluate.evaluate(task_of(samples, split="test", point=point(0.8))).notes
    assert any(note.startswith("these mails came from 2025-01-03 to 2025-08-03:") for note in notes)
    samples += [dated(16, 1, 1970), dated(17, 2, 2037)]
    notes = evaluate.evaluate(task_of(samples, split="test", point=point(0.8))).notes
    apart = "from 2025-01-03 to 2025-08-03 (but for 2 with a date a year or more apart)"
    assert any(apart in note for note in notes)
    undated = [sample(text(n), "a", says=said("a", 0.9)) for n in range(20, 60)]
    notes = evaluate.evaluate(task_of(undated, split="test", point=point(0.8))).notes
    assert not any("came from" in note for note in notes)


def test_out_of_scope_is_ranked_by_what_the_intents_leave() -> None:
    samples = [
        sample(text(n), "refund", says=said("refund", 0.9, probabilities={"refund": 0.9 - n / 100}))
        for n in range(10)
    ] + [
        sample(text(50 + n), "other", says=said("oos", 0.0, probabilities={"refund": 0.2}))
        for n in range(10)
    ]
    task = task_of(samples, split="test", out_of_scope=("oos", "other"))
    found = evaluate.evaluate(task).metrics
    assert found["oos_auroc"].value == 1.0
    assert found["oos_auroc"].low < 1.0
    assert found["oos_recall"].value == 1.0


def test_several_intents_are_right_only_all_together() -> None:
    samples = [
        sample(text(1), "delay|refund", says=said("refund|delay", 0.9)),
        sample(text(2), "delay|refund", says=said("refund", 0.9)),
    ]
    found = metrics(samples)
    assert found["accuracy"].value == 0.5
    assert found["micro_f1"].value == pytest.approx(2 * 3 / 7)


def test_entities_count_where_somebody_marked_them_and_no_other_kinds() -> None:
    marked = (Span(0, 6, "order", "parcel"),)
    samples = [
        sample(text(1), "a", spans=marked, says=said("a", 0.9, spans=[[0, 6, "order", "parcel"]])),
        sample(text(2), "a", spans=marked, says=said("a", 0.9, spans=[[0, 5, "order", "parce"]])),
        sample(
            text(3),
            "a",
            spans=marked,
            says=said("a", 0.9, spans=[[0, 6, "order", "parcel"], [7, 9, "date", "x"]]),
        ),
    ]
    found = metrics(samples)
    assert found["entity_exact"].value == pytest.approx(2 / 3)
    assert found["entity_f1"].value == pytest.approx(2 / 3)


def test_a_mail_in_which_nobody_marked_anything_says_nothing_of_entities() -> None:
    marked = (Span(0, 6, "order", "parcel"),)
    samples = [
        sample(text(1), "a", spans=marked, says=said("a", 0.9, spans=[[0, 6, "order", "parcel"]])),
        sample(text(2), "a", spans=marked, says=said("a", 0.9)),
        sample(text(3), "a", says=said("a", 0.9)),
        sample(text(4), "a", says=said("a", 0.9, spans=[[0, 6, "order", "parcel"]])),
    ]
    found = metrics(samples)
    assert (found["entity_exact"].value, found["entity_exact"].n) == (0.5, 2)
    assert found["entity_f1"].value == pytest.approx(2 / 3)
    notes = evaluate.evaluate(task_of(samples, split="test")).notes
    assert any("entities are marked in 2 of 4 mails" in note for note in notes)


def test_levels_are_right_when_they_round_to_the_truth() -> None:
    samples = [
        sample(text(n), levels=(Quantity("urgency", level, "level"),), says={"urgency": told})
        for n, (level, told) in enumerate([(3.0, 2.8), (1.0, 1.2), (0.0, 2.0), (2.0, 2.0)])
    ]
    found = metrics(samples)
    assert found["urgency_accuracy"].value == 0.75
    assert "accuracy" not in found


def test_mails_of_one_thread_do_not_make_an_interval_narrow() -> None:
    def many(groups: int) -> Estimate:
        samples = [
            sample(
                text(n), "a", group=f"g{n % groups}", says=said("a" if n % groups % 2 else "b", 0.9)
            )
            for n in range(60)
        ]
        return metrics(samples)["accuracy"]

    alone, threads = many(60), many(6)
    assert threads.high - threads.low > 2 * (alone.high - alone.low)
    assert "6 groups" in threads.method


def test_one_mistake_of_many_may_be_several_where_two_mails_share_a_thread() -> None:
    mails = [sample(text(n), "a", says=said("a", 0.9), group=f"g{max(n, 1)}") for n in range(300)]
    mails[7] = sample(text(7), "b", says=said("a", 0.9), group="g7")
    found = metrics(mails)["auto_error"]
    assert found.value == pytest.approx(1 / 300)
    # resampling threads would end at 3 of 300, and miss a rate of 1.5 % one time in ten
    assert found.high == pytest.approx(proportion(1, 299).high, abs=2e-4)
    assert found.low > 0


def test_f1_of_mails_that_are_all_right_is_not_certain() -> None:
    right = [sample(text(n), "ab"[n % 2], says=said("ab"[n % 2], 0.9)) for n in range(40)]
    sure = metrics(right)
    assert sure["macro_f1"].value == 1.0
    assert sure["macro_f1"].low == sure["accuracy"].low < 0.95
    one = metrics([*right, sample(text(40), "a", says=said("b", 0.9))])["macro_f1"]
    assert "bootstrap" in one.method
    assert one.low < one.value < 1.0


def test_slices_tell_labels_languages_and_sources_apart() -> None:
    samples = [
        sample(
            text(n),
            "a" if n % 2 else "b",
            language="de" if n % 2 else "en",
            says=said("a", 0.9 if n % 2 else 0.1),
        )
        for n in range(20)
    ]
    task = task_of(samples, split="test", point=point(0.8))
    slices = evaluate.evaluate(task).slices
    assert slices["label a"]["recall"].value == 1.0
    assert slices["label a"]["precision"].value == 0.5
    assert slices["label b"]["recall"].value == 0.0
    assert slices["language de"]["accuracy"].value == 1.0
    assert slices["language en"]["auto_coverage"].value == 0.0


def test_a_wrong_act_costs_an_escape_a_look_costs_a_review() -> None:
    samples = [
        sample(text(1), "a", says=said("a", 0.9)),
        sample(text(2), "a", says=said("b", 0.9)),
        sample(text(3), "a", says=said("b", 0.1)),
    ]
    task = task_of(samples, split="test", point=point(0.8))
    results = evaluate.evaluate(task).results
    costs = {(r.verdict, r.prediction["label"]): r.cost for r in results}
    assert costs == {("act", "a"): 0.0, ("act", "b"): 20.0, ("review", "b"): 2.0}


def test_figures_can_be_drawn_again_from_kept_results() -> None:
    samples = [sample(text(n), "a" if n % 3 else "oos", says=said("a", 0.9)) for n in range(30)]
    task = task_of(samples, split="test", point=point(0.8))
    done = evaluate.evaluate(task)
    items = sorted_items(task, done)
    for name in ("accuracy", "macro_f1", "auto_error", "oos_recall"):
        again = evaluate.statistic(name, items, done.results)
        assert again is not None
        assert again(np.arange(30)) == pytest.approx(done.metrics[name].value)
    assert evaluate.statistic("entity_f1", items, done.results) is None
    assert evaluate.statistic("rmse", items, done.results) is None


def test_another_name_for_out_of_scope_is_known_when_figures_are_drawn_again() -> None:
    samples = [
        sample(text(n), "misc" if n % 2 else "a", says=said("misc" if n % 4 else "a", 0.9))
        for n in range(20)
    ]
    task = task_of(samples, split="test", point=point(0.8), out_of_scope=("misc", "oos"))
    done = evaluate.evaluate(task)
    again = evaluate.statistic("oos_recall", sorted_items(task, done), done.results)
    assert again is not None
    assert again(np.arange(20)) == done.metrics["oos_recall"].value == 1.0


def sorted_items(task: EvaluateTask, done: Evaluation) -> list[DatasetItem]:
    by_id = {item.sample.id: item for item in task.items}
    return [by_id[result.sample_id] for result in done.results]


# -- the operating point --------------------------------------------------------------------------


def calibration(n: int, wrong_every: int, label: str = "a") -> list[RawSample]:
    return [
        sample(
            text(number),
            "b" if number % wrong_every == 0 else label,
            says=said(label, 0.9 + 0.09 * (number % 97) / 97),
        )
        for number in range(1, n + 1)
    ]


def learned(label: str, n: int) -> list[RawSample]:
    return [sample(f"{text(5000 + number)} {label}", label, split="train") for number in range(n)]


def test_the_bundle_is_given_the_promise_with_its_evidence() -> None:
    samples = calibration(600, 300) + learned("a", 5) + learned("b", 5)
    chosen = evaluate.choose_operating_point(task_of(samples), Config())
    assert chosen.bound is not None
    assert chosen.action == "file"
    assert 0.85 < chosen.default.act_at <= 0.91
    assert (chosen.bound.n, chosen.bound.accepted, chosen.bound.errors) == (600, 600, 2)
    assert chosen.bound.upper <= 0.02
    assert chosen.guarantee.startswith(
        "at most 2 % wrong among automatic mails, with 95% confidence"
    )
    assert chosen.rates["auto_coverage"].value == 1.0


def test_without_enough_mails_nothing_is_decided_and_it_is_said_why() -> None:
    samples = calibration(60, 1000) + learned("a", 5)
    chosen = evaluate.choose_operating_point(task_of(samples), Config())
    assert chosen.guarantee == ""
    assert re.search(
        r"about 330 in val would do, so about 400 labelled mails in all", chosen.method
    )
    task = task_of(samples, point=chosen)
    assert evaluate.evaluate(task).metrics["auto_coverage"].value == 0.0


def test_without_any_mail_nothing_is_decided_either() -> None:
    chosen = evaluate.choose_operating_point(task_of([]), Config())
    assert chosen.bound is not None
    assert chosen.bound.accepted == 0
    assert chosen.default.act_at > 1.0


def test_a_label_learned_from_two_mails_is_left_to_people() -> None:
    samples = calibration(600, 1000) + learned("a", 5) + learned("rare", 2)
    rare = sample(text(700), "rare", says=said("rare", 0.999))
    chosen = evaluate.choose_operating_point(task_of([*samples, rare]), Config())
    assert chosen.bound is not None
    assert chosen.bound.left_out == {"rare": "learned from 2 mails only"}
    assert chosen.per_label["rare"].act_at > 1.0


def test_the_share_filed_of_all_mails_counts_those_that_nobody_labelled() -> None:
    bare = [sample(f"{text(3000 + n)} offer", says=said("a", 0.1)) for n in range(300)]
    samples = calibration(600, 1000) + learned("a", 5)
    alone = evaluate.choose_operating_point(task_of(samples), Config())
    chosen = evaluate.choose_operating_point(task_of([*samples, *bare]), Config())
    assert alone.rates["filed_share"].value == alone.rates["auto_coverage"].value == 1.0
    assert chosen.rates["auto_coverage"].value == 1.0
    assert chosen.rates["filed_share"].value == pytest.approx(605 / 905)
    assert chosen.rates["accuracy"].value == 1.0


def test_mails_of_one_thread_prove_no_more_than_one() -> None:
    samples = [sample(text(n), "a", group=f"g{n % 100}", says=said("a", 0.95)) for n in range(600)]
    chosen = evaluate.choose_operating_point(task_of(samples), Config())
    assert chosen.bound is not None
    assert chosen.bound.n == 600
    assert chosen.guarantee == ""
    assert "100 groups" in chosen.method


def test_a_looser_promise_decides_more() -> None:
    samples = calibration(800, 40) + learned("a", 5) + learned("b", 5)
    task = task_of(samples)
    strict = evaluate.choose_operating_point(task, Config())
    loose = evaluate.choose_operating_point(task, Config(bound=BoundConfig(epsilon=0.05)))
    assert strict.bound is not None
    assert loose.bound is not None
    assert loose.bound.accepted > strict.bound.accepted


def test_the_report_shows_error_by_share_and_the_worst_mistakes() -> None:
    samples = calibration(300, 10) + learned("a", 5)
    task = task_of(samples, point=point(0.95))
    plots = evaluate.plots(task, evaluate.evaluate(task))
    assert [p.title for p in plots] == [
        "Error by share decided without a person",
        "Does confidence keep its word?",
        "What is taken for what",
        "What is saved, and what is left to pay",
    ]
    assert all(p.svg.startswith("<svg") for p in plots[:3])
    # 2 EUR a look for 1,000 mails
    assert ("a person sorts all of them", "2,000") in plots[3].table
    assert "b → a" in plots[2].svg


def test_of_few_mails_the_error_by_share_is_a_curve_too() -> None:
    scores = np.linspace(0.9, 0.3, 13)
    drawn = risk_coverage(scores, np.arange(13) > 8, 0.02, 0.0)
    points = re.search(r'class="curve" points="([^"]*)"', drawn)
    assert points and len(points[1].split()) == 10  # the first three say nothing
