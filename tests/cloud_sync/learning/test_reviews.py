"""The review queue: order, audits, second opinions, and that saying twice equals once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_sync.learning import audits
from cloud_sync.learning.audits import audited
from cloud_sync.learning.leases import Leases
from cloud_sync.learning.review_queue import AUDIT_EVERY, queue
from cloud_sync.store.models import Annotation, Person, Review
from kits.core.annotation import annotation_from_json
from kits.core.operating_point import Band
from tests.cloud_sync.hub_builders import NOON, PROJECT, add_person, add_sample, open_hub

BAND = Band(review_from=0.4, act_at=0.8)


@pytest.fixture
def opened(tmp_path: Path):
    with open_hub(tmp_path) as (client, hub):
        yield client, hub, add_person(hub, "rita", "reviewer")


def names(client, headers, **query: object) -> list[str]:
    answer = client.get("/v1/reviews/queue", headers=headers, params={"project": PROJECT, **query})
    return [sample["id"] for sample in answer.json()["samples"]]


def say(client, headers, sample: str, decision: str, **more: object):
    body = {"sample_id": sample, "decision": decision, **more}
    return client.post("/v1/reviews", headers=headers, json=body)


def count(hub, table) -> int:
    with hub.database.session() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_acts_come_before_doubts_before_novelty(opened) -> None:
    client, hub, rita = opened
    add_sample(hub, "novel", verdict="pass", kept_for="novelty")
    add_sample(hub, "doubt", verdict="review", kept_for="review")
    add_sample(hub, "act", verdict="act", kept_for="act")
    assert names(client, rita) == ["act", "doubt", "novel"]


def test_a_way_of_running_that_is_new_comes_before_doubts_and_says_why(opened) -> None:
    client, hub, rita = opened
    add_sample(hub, "doubt", verdict="review", kept_for="review", score=0.79)
    add_sample(hub, "new", verdict="review", kept_for="unknown-regime", score=0.6)
    add_sample(hub, "act", verdict="act", kept_for="act")
    assert names(client, rita) == ["act", "new", "doubt"]
    with hub.database.session() as session:
        why = {w.sample.id: w.why for w in queue(session, 1, project=PROJECT, bands=lambda _: BAND)}
    assert why["new"] == "unknown regime"


def test_the_doubt_nearest_to_a_threshold_comes_first(opened) -> None:
    _, hub, _ = opened
    for name, score in (("middle", 0.6), ("near-act", 0.79), ("near-pass", 0.43)):
        add_sample(hub, name, verdict="review", kept_for="review", score=score)
    with hub.database.session() as session:
        found = queue(session, 1, project=PROJECT, bands=lambda _: BAND)
    assert [w.sample.id for w in found] == ["near-act", "near-pass", "middle"]


def test_audits_are_never_starved(opened) -> None:
    client, hub, rita = opened
    for number in range(20):
        add_sample(hub, f"act{number:02}", at=NOON + timedelta(minutes=number))
    for number in range(3):
        add_sample(hub, f"audit{number}", verdict="pass", kept_for="audit")
    found = names(client, rita, limit=12)
    assert [i for i, name in enumerate(found, 1) if name.startswith("audit")] == [4, 8, 12]
    assert AUDIT_EVERY == 4


def test_without_anything_else_the_queue_is_all_audits(opened) -> None:
    client, hub, rita = opened
    for number in range(5):
        add_sample(hub, f"audit{number}", verdict="pass", kept_for="audit")
    assert len(names(client, rita)) == 5


def test_accepting_takes_over_the_models_boxes(opened) -> None:
    client, hub, rita = opened
    add_sample(hub, "one")
    answer = say(client, rita, "one", "accept").json()
    stated = annotation_from_json(answer["annotation"])
    assert (stated.label, stated.author, stated.source) == ("scratch", "rita", "review")
    assert stated.boxes[0].x1 == 9
    assert names(client, rita) == []


def test_accepting_a_pass_says_good_whatever_weak_boxes_the_model_had(opened) -> None:
    client, hub, rita = opened
    add_sample(hub, "one", verdict="pass", kept_for="audit", score=0.1)
    stated = annotation_from_json(say(client, rita, "one", "accept").json()["annotation"])
    assert (stated.label, stated.boxes) == ("good", ())


def test_agreeing_with_a_rejection_never_says_good(opened) -> None:
    client, hub, rita = opened
    add_sample(hub, "one", label="good")
    stated = annotation_from_json(say(client, rita, "one", "accept").json()["annotation"])
    assert stated.label == "defect"


def test_a_double_submit_is_one_review(opened) -> None:
    client, hub, rita = opened
    add_sample(hub, "one")
    first, second = (say(client, rita, "one", "accept").json() for _ in range(2))
    assert (first["repeated"], second["repeated"]) == (False, True)
    assert first["review"] == second["review"]
    assert (count(hub, Review), count(hub, Annotation)) == (1, 1)


def test_a_changed_mind_is_appended_not_overwritten(opened) -> None:
    client, hub, rita = opened
    add_sample(hub, "one")
    say(client, rita, "one", "accept")
    assert say(client, rita, "one", "correct", label="good").json()["repeated"] is False
    said = client.get("/v1/samples/one", headers=rita).json()
    assert [a["body"]["label"] for a in said["annotations"]] == ["scratch", "good"]
    assert said["review"]["label"] == "good"


def test_unsure_goes_to_a_second_person_first(opened) -> None:
    client, hub, rita = opened
    sam = add_person(hub, "sam", "reviewer")
    add_sample(hub, "hard", verdict="pass", kept_for="novelty")
    add_sample(hub, "easy")
    say(client, rita, "hard", "unsure")
    assert names(client, rita) == ["easy"]
    client.app.state.review_leases = Leases()
    assert names(client, sam) == ["hard", "easy"]
    say(client, sam, "hard", "unsure")
    assert names(client, sam) == ["easy"]


def test_skipped_samples_come_back_for_others_at_once_and_later_for_the_same_person(opened) -> None:
    client, hub, rita = opened
    sam = add_person(hub, "sam", "reviewer")
    add_sample(hub, "one")
    assert names(client, rita) == ["one"]
    say(client, rita, "one", "skip")
    assert names(client, rita) == []
    assert names(client, sam) == ["one"]
    with hub.database.transaction() as session:
        session.scalars(select(Review)).one().at -= timedelta(hours=13)
    client.app.state.review_leases = Leases()
    assert names(client, rita) == ["one"]


def test_two_people_get_different_samples(opened) -> None:
    client, hub, rita = opened
    sam = add_person(hub, "sam", "reviewer")
    for number in range(4):
        add_sample(hub, f"s{number}")
    mine, theirs = names(client, rita, limit=2), names(client, sam, limit=2)
    assert len({*mine, *theirs}) == 4


def test_a_lease_ends_by_itself() -> None:
    now = [0.0]
    leases = Leases(clock=lambda: now[0], lease_s=300)
    leases.take(1, ["s"])
    assert leases.taken_by_others(2) == {"s"}
    assert leases.taken_by_others(1) == set()
    now[0] = 301
    assert leases.taken_by_others(2) == set()


def test_somebody_elses_decision_is_only_changed_by_a_correction(opened) -> None:
    client, hub, rita = opened
    sam = add_person(hub, "sam", "reviewer")
    add_sample(hub, "one")
    say(client, rita, "one", "correct", label="good")
    assert say(client, sam, "one", "accept").status_code == 409
    assert say(client, sam, "one", "correct", label="dent").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"sample_id": "none", "decision": "accept"}, 404),
        ({"sample_id": "one", "decision": "correct"}, 422),
        ({"sample_id": "one", "decision": "maybe"}, 422),
        (
            {"sample_id": "one", "decision": "correct",
             "boxes": [{"x0": 5, "y0": 5, "x1": 5, "y1": 9, "label": "x"}]},
            422,
        ),
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_leaves_no_trace(opened, body: dict, status: int) -> None:
    client, hub, rita = opened
    add_sample(hub, "one")
    assert client.post("/v1/reviews", headers=rita, json=body).status_code == status
    assert (count(hub, Review), count(hub, Annotation)) == (0, 0)


def test_rates_come_from_audits_alone_with_exact_intervals(opened) -> None:
    client, hub, rita = opened
    add_sample(hub, "not-an-audit", verdict="act", kept_for="act")
    say(client, rita, "not-an-audit", "correct", label="good")
    for number in range(10):
        add_sample(hub, f"good{number}", verdict="pass", kept_for="audit")
        say(client, rita, f"good{number}", "accept")
    add_sample(hub, "escaped", verdict="pass", kept_for="audit")
    say(client, rita, "escaped", "correct", label="scratch")
    add_sample(hub, "caught", verdict="act", kept_for="audit")
    say(client, rita, "caught", "accept")
    answer = client.get("/v1/reviews/rates", headers=rita, params={"project": PROJECT}).json()
    assert answer["audited"] == 12
    escape, overkill = answer["rates"]["escape_rate"], answer["rates"]["overkill_rate"]
    assert (escape["value"], escape["n"]) == (0.5, 2)
    assert escape["low"] == pytest.approx(0.0126, abs=1e-3)
    assert (overkill["value"], overkill["n"]) == (0.0, 10)
    assert overkill["high"] == pytest.approx(0.3085, abs=1e-3)


def test_a_champion_that_was_right_for_a_year_is_judged_by_its_last_months(
    opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four times as much overkill as before was told within a year in one case of five: its good past weighed as much."""
    client, hub, rita = opened
    monkeypatch.setattr(audits, "LATELY", 4)
    for day in range(20):
        name = add_sample(
            hub, f"s{day:02}", verdict="act" if day < 6 else "pass", kept_for="audit",
            at=NOON - timedelta(days=20 * day),
        )  # fmt: skip
        say(client, rita, name, "correct", label="good")
    with hub.database.session() as session:
        every = audited(session, PROJECT)
        recent = audited(session, PROJECT, lately=NOON - timedelta(days=90))
        latest = audited(session, PROJECT, lately=NOON)
    assert (every.n, every.overkills) == (20, 6)
    assert (recent.n, recent.overkills) == (5, 5)
    assert (latest.n, latest.overkills) == (4, 4)


def test_the_newest_word_on_an_audit_sample_counts(opened) -> None:
    client, hub, rita = opened
    add_sample(hub, "one", verdict="pass", kept_for="audit")
    say(client, rita, "one", "accept")
    say(client, rita, "one", "correct", label="scratch")
    with hub.database.session() as session:
        counts = audited(session, PROJECT)
        assert session.scalars(select(Person)).one().login == "rita"
    assert (counts.n, counts.escapes) == (1, 1)


def test_a_typed_class_is_the_one_the_project_has_in_another_spelling(opened) -> None:
    client, hub, rita = opened
    for name in ("a", "b", "c", "d"):
        add_sample(hub, name, verdict="act", kept_for="act")
    box = {"x0": 1, "y0": 1, "x1": 9, "y1": 9, "label": "deep scratch"}
    assert say(client, rita, "a", "correct", label="deep scratch", boxes=[box]).status_code == 200
    box["label"] = "Deep_Scratch"
    said = say(client, rita, "b", "correct", label="DEEP  SCRATCH", boxes=[box]).json()[
        "annotation"
    ]
    assert said["label"] == said["boxes"][0]["label"] == "deep scratch"
    assert say(client, rita, "c", "correct", label="Good").json()["annotation"]["label"] == "good"
    assert (
        say(client, rita, "d", "correct", label="scratch").json()["annotation"]["label"]
        == "scratch"
    )
