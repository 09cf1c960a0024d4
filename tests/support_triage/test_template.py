"""`kit new support-triage`: a project whose files open, with the answers in them."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.config import load_config
from edge_agent.mail.config import ImapSourceConfig
from kits.support_triage._drafting.knowledge import build_knowledge
from kits.support_triage._drafting.templates import load_templates
from kits.support_triage._reading.sidecar import load_sidecar
from kits.support_triage.config import Config
from kits.toolchain.project import Project
from kits.toolchain.scaffold import new

ANSWERS = {
    "minutes_by_hand": "6", "cost_per_hour": "40", "cost_wrong_route": "25", "epsilon": "0.03", "delta": "0.1",
    "imap_host": "mail.shop.example", "imap_user": "info@shop.example", "problem": 'late: "parcels" # mostly',
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("new") / "Shop mail"
    new("support-triage", root, dict(ANSWERS), ask=False)
    return root


def test_the_answers_stand_in_the_project(shop: Path) -> None:
    project = Project.open(shop)
    assert project.config.name == "shop-mail"
    assert project.config.problem == 'late: "parcels" # mostly'
    assert project.config.costs.review == pytest.approx(4.0)
    assert project.config.costs.escape == 25
    assert isinstance(project.kit_config, Config)
    split = project.config.data.split
    assert (split.train, split.val, split.test) == (0.75, 0.15, 0.1)
    assert (project.kit_config.bound.epsilon, project.kit_config.bound.delta) == (0.03, 0.1)


def test_the_mailbox_is_only_looked_at_until_somebody_says_otherwise(shop: Path) -> None:
    source = load_config(shop / "agent.yaml").source
    assert isinstance(source, ImapSourceConfig)
    assert source.dry_run and source.send is None
    assert (source.host, source.user) == ("mail.shop.example", "info@shop.example")
    assert source.own == ("info@shop.example",)


def test_what_is_stated_about_mails_can_be_read(shop: Path) -> None:
    assert load_sidecar(shop).group == "thread"


def test_there_is_something_to_cite_as_an_example(shop: Path) -> None:
    folder = Project.open(shop).config.model["knowledge"]
    assert any((shop / str(folder)).rglob("*.md"))


def test_what_the_example_tells_the_engineer_no_customer_is_ever_told(shop: Path) -> None:
    folder = shop / str(Project.open(shop).config.model["knowledge"])
    assert "Replace this page" in next(folder.rglob("*.md")).read_text()
    assert build_knowledge(folder).passages == ()


def test_the_example_of_an_order_api_is_a_valid_one(shop: Path, tmp_path: Path) -> None:
    text = (shop / "agent.yaml").read_text()
    begin, end = text.index("  # lookups:"), text.index("  own_addresses:")
    example = text[begin:end].replace("  # ", "  ")
    (tmp_path / "agent.yaml").write_text(text[:begin] + example + text[end:])
    source = load_config(tmp_path / "agent.yaml").source
    assert isinstance(source, ImapSourceConfig)
    assert [lookup.kind for lookup in source.lookups] == ["order"]


def test_the_example_of_a_language_model_is_a_valid_one(shop: Path, tmp_path: Path) -> None:
    text = (shop / "agent.yaml").read_text()
    assert "  # writer: " in text
    (tmp_path / "agent.yaml").write_text(text.replace("  # writer: ", "  writer: "))
    source = load_config(tmp_path / "agent.yaml").source
    assert isinstance(source, ImapSourceConfig)
    assert source.writer is not None and source.writer.suggests


def test_what_the_firm_says_of_its_replies_can_be_read(shop: Path) -> None:
    config = Project.open(shop).kit_config
    assert isinstance(config, Config)
    assert load_templates(Path(config.templates)).firm.register_ == "formal"


def test_what_a_person_can_mend_ends_the_recipe_without_a_traceback(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [
        "--mailbox",
        "m",
        "--bundle",
        "b",
        "--own",
        "a@b.example",
        "--base",
        "c",
        "--epochs",
        "0",
    ]
    monkeypatch.setattr(sys, "argv", ["train_reply_model.py", *given])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(shop / "recipes" / "train_reply_model.py"), run_name="__main__")
    assert end.value.code == 3
    assert capsys.readouterr().err.startswith("error: epochs: must be 1 or more")


def test_the_projects_own_tests_pass(shop: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=shop, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
