"""The demo's files are what its story says: a year of contacts with what was filled in later, and leads to come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kits.core.discovery import get_kit
from kits.core.kit import RawSample
from kits.lead_scoring._lead import decode_lead
from kits.lead_scoring._simulated.firm import LEAKS, PARTNER, PROTECTED
from kits.lead_scoring.config import Config
from kits.lead_scoring.demo import STORY, generate
from kits.toolchain.scaffold import template_of

RECORDS = "crm/records.jsonl"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "data"
    generate(folder, seed=7)
    return folder


@pytest.fixture(scope="module")
def past(data: Path) -> list[RawSample]:
    kit = get_kit("lead-scoring")
    return [
        one for one in kit.read(data / STORY.data, "csv", Config()) if isinstance(one, RawSample)
    ]


def test_the_same_seed_gives_the_same_bytes(data: Path, tmp_path: Path) -> None:
    generate(tmp_path, seed=7)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*"))
    assert made and all((tmp_path / one).read_bytes() == (data / one).read_bytes() for one in made)


def test_contacts_are_read_as_they_are_and_are_in_time(past: list[RawSample]) -> None:
    assert len(past) > 1_000
    labels = [one.annotation.label for one in past if one.annotation is not None]
    assert len(labels) == len(past) and 0.05 < labels.count("won") / len(labels) < 0.4
    order = [one.order for one in past]
    assert all(at is not None for at in order) and len(set(order)) > 300
    fields = set(decode_lead(past[0].content).fields)
    assert {*PROTECTED, "demo_requested"} <= fields, "it is the court that keeps them out"
    assert not fields & {"email", "lead_status", "lead_id", "create_date"}


def test_business_gets_better_and_a_channel_opens_only_later(
    data: Path, past: list[RawSample]
) -> None:
    won = [
        one.annotation is not None and one.annotation.label == "won"
        for one in sorted(past, key=lambda one: one.order or 0)
    ]
    half = len(won) // 2
    assert sum(won[half:]) > 1.2 * sum(won[:half])
    coming = [json.loads(line) for line in (data / RECORDS).read_text().splitlines()]
    assert any(one["fields"]["original_source"] == PARTNER for one in coming)
    assert not any(PARTNER in one.content.decode() for one in past)


def test_what_is_to_come_says_nothing_of_how_it_ends(data: Path) -> None:
    for line in (data / RECORDS).read_text().splitlines():
        one = json.loads(line)
        assert one["outcome"] in ("won", "lost")
        assert not set(one["fields"]) & {*LEAKS, "lead_status"}


def test_the_story_asks_what_the_template_asks() -> None:
    questions = (template_of("lead-scoring") / "copier.yml").read_text()
    assert all(f"\n{answer}:" in questions for answer in STORY.answers)
    assert STORY.hub is not None and STORY.hub.first and STORY.hub.second
