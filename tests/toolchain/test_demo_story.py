"""`kit demo` asks a kit for its story before it does anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_agent.config import load_config
from kits.core.discovery import get_kit
from kits.core.errors import ConfigError
from kits.toolchain.demo import run_demo
from kits.toolchain.demo.device import agent_yaml
from kits.toolchain.demo.hub import HubApi, Json
from kits.toolchain.demo.reviewer import ScriptedReviewer
from kits.toolchain.scaffold import template_of


def test_a_kit_without_a_story_is_told_what_to_add_and_no_folder_is_touched(
    dots_kit: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "demo-run" / ".kitwright-demo"
    kept.parent.mkdir()
    kept.write_text("an earlier demo\n")
    with pytest.raises(ConfigError, match="'dots' does not say how its demo goes") as caught:
        run_demo("dots", kept.parent, seed=1, keep=False, short=True)
    assert "STORY" in caught.value.fix
    assert kept.read_text() == "an earlier demo\n"


@pytest.mark.slow
def test_the_pictures_story_names_what_generate_makes(tmp_path: Path) -> None:
    kit = get_kit("visual-inspection")
    story = kit.story
    assert story is not None
    assert story.extra is not None
    kit.demo.generate(tmp_path, seed=3)
    for folder in (story.data, story.line, story.extra.data):
        assert any((tmp_path / folder).rglob("*.jpg"))
    truth = json.loads((tmp_path / story.truth).read_text())
    assert set(truth) == {file.name for file in (tmp_path / story.line).iterdir()}
    assert story.harmless in {said["label"] for said in truth.values()}
    questions = (template_of(kit.name) / "copier.yml").read_text()
    assert all(f"\n{answer}:" in questions for answer in story.answers)


@pytest.mark.parametrize("name", ["visual-inspection", "predictive-maintenance", "support-triage"])
def test_the_device_of_a_story_has_a_valid_configuration(tmp_path: Path, name: str) -> None:
    story = get_kit(name).story
    assert story is not None
    (tmp_path / "agent.yaml").write_text(
        agent_yaml(tmp_path, story, "http://127.0.0.1:8080", seed=3, loop=True)
    )
    config = load_config(tmp_path / "agent.yaml")
    assert config.source.model_dump()["loop"] is True
    assert [action.name for action in config.actions] == [story.action]
    assert config.selection.seed == 3


class QueueOf(HubApi):
    """A hub's queue in memory: what was reviewed leaves it."""

    def __init__(self, samples: list[Json]) -> None:
        self.waiting = samples
        self.answers: dict[str, Json] = {}

    def review_queue(self, project: str) -> list[Json]:
        return [sample for sample in self.waiting if sample["id"] not in self.answers]

    def review(self, sample_id: str, answer: Json) -> None:
        self.answers[sample_id] = answer


def test_a_scripted_person_speaks_of_samples_without_boxes_too(tmp_path: Path) -> None:
    said = {
        "a.cbor": {"label": "normal"},
        "b.cbor": {"label": "normal"},
        "c.cbor": {"label": "cavitation"},
    }
    (tmp_path / "truth.json").write_text(json.dumps(said))
    verdicts = (("a", "pass"), ("b", "act"), ("c", "act"))
    hub = QueueOf([{"id": n, "source": f"folder/{n}.cbor", "verdict": v} for n, v in verdicts])
    done = ScriptedReviewer(hub, tmp_path / "truth.json", "normal").review_all("pumps")
    assert (done.accepted, done.corrected, done.found) == (1, 2, 1)
    assert hub.answers["a"]["decision"] == "accept"
    assert hub.answers["b"] == {"decision": "correct", "label": "normal", "boxes": []}
    assert hub.answers["c"] == {"decision": "correct", "label": "cavitation", "boxes": []}


def test_a_scripted_person_leaves_what_was_found_in_a_mail_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(json.dumps({"a.eml": {"label": "refund"}}))
    found = {"spans": [{"start": 0, "end": 5, "label": "order", "text": "48053"}]}
    sample = {"id": "a", "source": "f/a.eml", "verdict": "review", "label": "refund"}
    hub = QueueOf([{**sample, "suggestion": found}])
    done = ScriptedReviewer(hub, tmp_path / "truth.json", "oos").review_all("shop")
    assert (done.accepted, done.corrected) == (1, 0)
    assert hub.answers["a"]["spans"] == [0]


def test_the_mailbox_story_names_what_generate_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = get_kit("support-triage")
    monkeypatch.setattr(kit.demo, "HISTORY_MAILS", 200)
    monkeypatch.setattr(kit.demo, "INBOX_MAILS", 60)
    story = kit.story
    assert story is not None
    kit.demo.generate(tmp_path, seed=3)
    assert any((tmp_path / story.data).glob("*.csv"))
    assert all(any((tmp_path / name).rglob("*.*")) for name in story.project)
    assert all((template_of(kit.name) / "project" / name).is_dir() for name in story.project)
    truth = json.loads((tmp_path / story.truth).read_text())
    assert set(truth) == {file.name for file in (tmp_path / story.line).iterdir()}
    assert story.harmless in {said["label"] for said in truth.values()}
    questions = (template_of(kit.name) / "copier.yml").read_text()
    assert all(f"\n{answer}:" in questions for answer in story.answers)


def test_a_story_at_the_hub_has_steps_of_its_own_and_no_line(tmp_path: Path) -> None:
    kit = get_kit("lead-scoring")
    story = kit.story
    assert story is not None and story.hub is not None
    kit.demo.generate(tmp_path, seed=3)
    assert any((tmp_path / story.data).glob("*.csv"))
    titles = [step.title for step in (*story.hub.first, *story.hub.second)]
    assert len(set(titles)) == len(titles)
    questions = (template_of(kit.name) / "copier.yml").read_text()
    assert all(f"\n{answer}:" in questions for answer in story.answers)
    assert kit.manifest.at_hub and kit.manifest.words.good == story.harmless
