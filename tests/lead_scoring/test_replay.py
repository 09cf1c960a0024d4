"""`kit replay` of leads: what calling by score would have earned, month by month, beside two other orders."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from kits.core.dataset import build
from kits.core.discovery import get_kit
from kits.core.errors import DataError
from kits.core.replay import Ranking
from kits.core.stats import proportion
from kits.lead_scoring import evaluate
from kits.lead_scoring._court.verdicts import Court, Verdict
from kits.lead_scoring.config import TeamConfig
from kits.toolchain.evaluation import read_outside
from kits.toolchain.known_again import as_known
from kits.toolchain.replaying import lead_text
from kits.toolchain.replaying.lead_page import page
from kits.toolchain.replaying.leads import LeadOptions, replay_leads, without_learned
from kits.toolchain.replaying.text import Heading
from tests.lead_scoring.made_leads import DAY_S, START_S, SayingRuntime, Told, drawn, task_of

HEADING = Heading("Lead scoring", "last-year.csv", "b" * 64, "d" * 64, 3, ("one row was refused",))
WORDS = get_kit("lead-scoring").manifest.words
TEAM = TeamConfig(per_month=10, incoming_per_month=100, value=1000, contact=50)


class Alike(SayingRuntime):
    """Says the same of every lead."""

    def decode(self, content: bytes, media_type: str):
        return {"score": 0.5}


def _ranking(**changed):
    """Two whole months of 50 leads; each month's ten buyers came last, and score best."""
    number = np.arange(100)
    hit = number % 50 >= 40
    ranking = Ranking(
        sample_ids=tuple(f"s{n:06}" for n in number),
        at_s=START_S
        + np.where(number < 50, number * DAY_S / 2, (40 + (number - 50) * 18 / 49) * DAY_S),
        timed=True,
        score=np.where(hit, 0.9, 0.1),
        hit=hit,
        group=tuple(str(n) for n in number),
        unseen=np.zeros(100, dtype=bool),
        per_month=10.0,
        incoming=50.0,
        value=1000.0,
        contact=50.0,
        exploration=0.05,
    )
    return replace(ranking, **changed)


def test_each_month_is_told_in_three_orders():
    done = replay_leads(_ranking(), LeadOptions(), seed=0)

    assert [month.name for month in done.months] == ["2025-01", "2025-02"]
    for month in done.months:
        assert (month.n, month.hits, month.called) == (50, 10, 10)
        assert month.by_score == pytest.approx(10)
        assert month.in_order == pytest.approx(0)
        assert month.at_random == pytest.approx(2)
        assert month.at_best == 10


def test_months_that_the_data_cuts_short_have_the_calls_of_their_days():
    """From 12 January to 7 February 2025: 20 of 31 days, and 7 of 28."""
    at = START_S + np.where(np.arange(100) < 50, 11.5, 37.0) * DAY_S
    done = replay_leads(_ranking(at_s=at, per_month=12.4), LeadOptions(), seed=0)

    january, february = done.months
    assert (january.days, january.of_days, february.days, february.of_days) == (20, 31, 7, 28)
    assert january.called == pytest.approx(12.4 * 20 / 31)
    assert february.called == pytest.approx(12.4 * 7 / 28)
    assert done.earned.value == pytest.approx((8 + 3.1) * (1000 - 50))
    said = "2025-01 20 of 31 days (8.0 calls), 2025-02 7 of 28 days (3.1 calls)"
    assert any(said in note for note in done.notes)
    assert said in page(done, HEADING, WORDS, "EUR")
    told = lead_text.document(done, HEADING, "EUR")["by_month"]
    assert [(month["days"], month["of_days"]) for month in told] == [(20, 31), (7, 28)]


def test_whole_months_and_those_between_have_all_their_calls():
    at = START_S + np.repeat([20.0, 31.0, 59.0, 90.0, 105.0], 20) * DAY_S
    done = replay_leads(_ranking(at_s=at), LeadOptions(), seed=0)

    assert [(month.name, month.days) for month in done.months] == [
        ("2025-01", 11), ("2025-02", 28), ("2025-03", 31), ("2025-04", 16),
    ]  # fmt: skip
    assert [month.called for month in done.months] == pytest.approx(
        [10 * 11 / 31, 10, 10, 10 * 16 / 30]
    )
    assert not any(
        "calls are counted" in note for note in replay_leads(_ranking(), LeadOptions(), 0).notes
    )


def test_columns_that_may_be_written_late_are_named_beside_what_they_flatter():
    owner = Verdict("Owner", "leak", "suspicious", 0.7, ("its name says it",), "warn")
    kept = Verdict("Source", "leak", "suspicious", 0.7, ("known with it",), "keep")
    runtime = SayingRuntime(court=Court((owner, kept), (), ()).as_json())
    (note,) = [
        one for one in evaluate.ranking(task_of(drawn(40), runtime=runtime)).notes if "cells" in one
    ]
    assert "where Owner was written after a lead came" in note
    asked_nothing = SayingRuntime(court=Court((kept,), (), ()).as_json())
    notes = evaluate.ranking(task_of(drawn(40), runtime=asked_nothing)).notes
    assert not any("cells" in one for one in notes)


def test_what_was_taken_as_one_month_has_one_months_calls():
    """Forty leads of eight days: nobody said how many come in a month."""
    task = task_of(drawn(40, days=8), runtime=SayingRuntime())
    found = evaluate.ranking(task)

    assert found.one_month and found.per_month == pytest.approx(4)
    assert replay_leads(found, LeadOptions(), seed=0).called == pytest.approx(4)
    stated = replay_leads(found, LeadOptions(per_month=31), seed=0)
    assert stated.called == pytest.approx(8)


def test_a_lead_without_a_date_takes_the_months_from_nobody():
    """Four hundred leads of a year: one of them had all of it counted as one month's, in parts."""
    runtime = SayingRuntime(TeamConfig(per_month=10))
    found = evaluate.ranking(task_of(drawn(400), runtime=runtime, undated={3}))

    assert found.timed and len(found.score) == 399
    assert found.incoming == pytest.approx(400 / 12, rel=0.02)
    assert any(note.startswith("1 leads have no date") for note in found.notes)
    done = replay_leads(found, LeadOptions(), seed=0)
    assert done.months[0].name == "2025-01" and done.called == pytest.approx(120, abs=1)
    told = evaluate.evaluate(task_of(drawn(400), runtime=runtime, undated={3}))
    assert "period 2025-03" in told.slices
    many = evaluate.ranking(task_of(drawn(400), runtime=runtime, undated=range(40)))
    assert not many.timed and len(many.score) == 400


def test_money_is_the_margin_less_the_calls():
    done = replay_leads(_ranking(), LeadOptions(), seed=0)

    assert done.earned.value == pytest.approx(20 * 1000 - 20 * 50)
    assert done.beyond_order.value == pytest.approx(20 * 1000)
    assert done.beyond_random.value == pytest.approx(16 * 1000)
    assert done.exploration.value == pytest.approx(0.05 * 16 * 1000)
    assert done.beyond_random.low < done.beyond_random.value


def test_what_a_person_says_of_the_team_counts():
    done = replay_leads(_ranking(), LeadOptions(per_month=5, value=100, contact=1), seed=0)

    assert done.called == 10
    assert not any("nobody is left to choose" in note for note in done.notes)
    everyone = replay_leads(_ranking(), LeadOptions(per_month=50), seed=0)
    assert everyone.beyond_random.value == 0
    assert any("nobody is left to choose" in note for note in everyone.notes)
    assert done.earned.value == pytest.approx(10 * 100 - 10)


def test_a_score_that_knows_nothing_brings_nothing_beyond_chance():
    rng = np.random.default_rng(1)
    blind = _ranking(score=rng.random(100), hit=rng.random(100) < 0.3)

    done = replay_leads(blind, LeadOptions(), seed=0)

    assert done.beyond_random.low < 0 < done.beyond_random.high


def test_without_a_clock_parts_stand_for_months():
    done = replay_leads(_ranking(timed=False, incoming=25.0, per_month=5.0), LeadOptions(), seed=0)

    assert [month.name for month in done.months] == [f"part {n}" for n in range(1, 5)]
    assert done.called == pytest.approx(20)
    assert any("no clock" in note for note in done.notes)


def test_a_ranking_of_nothing_is_an_error():
    empty = np.zeros(0)
    with pytest.raises(DataError, match="could be judged"):
        replay_leads(
            _ranking(
                sample_ids=(), at_s=empty, score=empty, hit=empty > 0, group=(), unseen=empty > 0
            ),
            LeadOptions(),
            0,
        )


def test_the_kit_ranks_decided_leads_by_models_that_had_not_seen_them():
    leads = [*drawn(60), Told(0.5, None, 400.0)]
    unseen = {f"s{n:06}": 0.001 * n for n in range(60)}
    task = task_of(leads, runtime=SayingRuntime(TEAM, backtest=unseen))

    found = evaluate.ranking(task)

    assert found.score.tolist() == pytest.approx([0.001 * n for n in range(60)])
    assert (found.per_month, found.value, found.contact) == (10, 1000, 50)
    assert found.timed and np.all(np.diff(found.at_s) >= 0)
    assert any("1 leads are still open" in note for note in found.notes)
    assert any("60 leads were learned from since" in note for note in found.notes)


def test_where_nothing_tells_the_order_they_came_in_it_is_said_what_stands_for_it(tmp_path):
    rows = [f"L{n},{'abc'[n % 3]},{'won' if n % 4 == 0 else 'lost'}" for n in range(60)]
    (tmp_path / "leads.csv").write_text("\n".join(["lead_id,source,outcome", *rows]))
    kit = get_kit("lead-scoring")
    dataset, _ = read_outside(kit, tmp_path / "leads.csv", seed=0)
    task = replace(task_of(drawn(3)), dataset=dataset, items=dataset.items, runtime=Alike())

    found = evaluate.ranking(task)

    assert any("the order of the file" in note for note in found.notes)
    assert found.hit.tolist() == [n % 4 == 0 for n in range(60)]
    by_rank = evaluate.ranking(task_of(drawn(60), clock=False))
    assert not any("the order of the file" in note for note in by_rank.notes)


def test_leads_without_any_outcome_cannot_be_replayed():
    with pytest.raises(DataError, match="no lead of this data has an outcome"):
        evaluate.ranking(task_of([Told(0.5, None)]))


def test_the_answer_is_one_line_a_table_and_json_with_stable_names():
    done = replay_leads(_ranking(), LeadOptions(), seed=0)

    line = lead_text.line(done, WORDS, "EUR")
    rows = list(lead_text.rows(done, HEADING, WORDS, "EUR"))
    document = json.loads(json.dumps(lead_text.document(done, HEADING, "EUR")))

    assert line.startswith("working on 20 leads by score would have earned 19,000 [")
    assert "+20,000 [" in line and "+16,000 [" in line
    assert any(row.strip().startswith("2025-01") for row in rows)
    assert "note: one row was refused" in rows
    assert "  bundle bbbbbbbbbbbb, dataset dddddddddddd, seed 3" in rows
    assert (document["dataset"], document["seed"]) == ("d" * 64, 3)
    assert document["beyond_random"]["value"] == pytest.approx(16_000)
    assert [month["name"] for month in document["by_month"]] == ["2025-01", "2025-02"]
    assert document["by_month"][0]["earned"] == pytest.approx(9500)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (0, "not by the one in the hub"),
        (50, "all else by the same model"),
        (100, "The same model as in the hub."),
    ],
)
def test_the_page_says_whose_scores_these_are(seen: int, told: str):
    done = replay_leads(_ranking(unseen=np.arange(100) >= seen), LeadOptions(), seed=0)

    assert told in page(done, HEADING, WORDS, "EUR")


def test_the_page_stands_alone_and_escapes_what_data_is_called():
    done = replay_leads(_ranking(), LeadOptions(), seed=0)
    hostile = replace(HEADING, data="<script>alert(1)</script>.csv")

    html = page(done, hostile, WORDS, "EUR")

    assert "<script" not in html and "http" not in html.replace("http-equiv", "")
    assert html.count("<svg") == 2
    assert "2025-02" in html and "19,000" in html


def test_leads_that_were_learned_from_are_left_out_unless_an_earlier_model_judged_them():
    found = _ranking(unseen=np.arange(100) >= 90)

    kept = without_learned(found, {f"s{n:06}" for n in range(60, 100)})

    assert kept.sample_ids == tuple(f"s{n:06}" for n in (*range(60), *range(90, 100)))
    assert len(kept.score) == len(kept.group) == 70
    assert any(note.startswith("30 were learned from") for note in kept.notes)
    assert without_learned(found, set()) is found


def test_leads_of_an_export_by_another_name_are_known_again():
    leads = drawn(6)
    learned = task_of(leads).dataset
    renamed = build(
        learned.header,
        [
            replace(item, sample=replace(item.sample, id=f"new{n}", source=f"again.csv#{n}"))
            for n, item in enumerate(learned.items)
        ],
        learned.blobs,
    )

    assert [item.sample.id for item in as_known(renamed, learned).items] == [
        item.sample.id for item in learned.items
    ]


def test_leads_of_the_same_file_are_known_again_though_a_column_was_added():
    learned = task_of(drawn(6)).dataset
    more = task_of([replace(told, fields={"added": "x"}) for told in drawn(6)]).dataset
    other = build(
        more.header,
        [replace(i, sample=replace(i.sample, id=f"new{n}")) for n, i in enumerate(more.items)],
        more.blobs,
    )

    assert {i.sample.id for i in as_known(other, learned).items} == {
        i.sample.id for i in learned.items
    }


def test_leads_of_another_month_in_a_file_of_the_same_name_are_not_taken_for_those_of_its_places():
    learned = task_of(drawn(6)).dataset
    later = task_of(drawn(6, seed=1)).dataset
    later = build(
        later.header,
        [replace(i, sample=replace(i.sample, id=f"new{n}")) for n, i in enumerate(later.items)],
        later.blobs,
    )

    assert as_known(later, learned).id == later.id


def test_leads_that_were_never_seen_keep_their_ids():
    learned = task_of(drawn(4)).dataset
    strange = task_of([Told(0.5, True, 900.0 + n) for n in range(3)]).dataset
    strange = build(
        strange.header,
        [
            replace(item, sample=replace(item.sample, id=f"new{n}", source=f"other.csv#{n}"))
            for n, item in enumerate(strange.items)
        ],
        strange.blobs,
    )

    assert as_known(strange, learned).id == strange.id


def test_a_few_calls_that_all_hit_are_not_certain():
    done = replay_leads(_ranking(), LeadOptions(per_month=3), seed=0)

    assert done.called == pytest.approx(6) and done.precision.value == pytest.approx(1.0)
    low = proportion(6, 6).low
    assert done.precision.low == pytest.approx(low)
    assert done.earned.low == pytest.approx(6 * (1000 * low - 50))
    assert done.earned.high == pytest.approx(6 * 950)


def test_the_capacity_that_is_told_is_the_one_that_was_asked_for():
    found = evaluate.ranking(task_of(drawn(400), runtime=SayingRuntime(TEAM)))

    made_for = replay_leads(found, LeadOptions(), seed=0).notes
    asked = replay_leads(found, LeadOptions(per_month=25), seed=0).notes

    assert [note for note in made_for if note.startswith("capacity: 10 of 100 ")]
    assert [note for note in asked if note.startswith("capacity")] == [
        "capacity: 25 of 100 a month (25.0%; --per-month)"
    ]


def test_parts_of_what_counts_as_one_month_are_not_called_months():
    ranking = _ranking(timed=False, incoming=200.0, one_month=True)

    done = replay_leads(ranking, LeadOptions(per_month=40), seed=0)

    assert done.called == pytest.approx(20)
    note = next(note for note in done.notes if "no clock" in note)
    assert "50% of one month's" in note and "are no months" in note
    rows = list(lead_text.rows(done, HEADING, WORDS, "EUR"))
    assert any(row.startswith("  part  ") for row in rows)
    assert not any(row.startswith("  month ") for row in rows)
    assert "month by month" not in page(done, HEADING, WORDS, "EUR")
