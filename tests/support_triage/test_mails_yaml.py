"""The reference page of `mails.yaml` says what the file may hold, no more and no less."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pydantic import BaseModel

from kits.core.kit import Finding, RawSample
from kits.support_triage._reading.sidecar import Columns, Sidecar, load_sidecar
from kits.support_triage.config import Config
from kits.support_triage.data import read_as
from tests.support_triage.triage import label_of, put, told

GUIDE = Path(__file__).parents[2] / "docs/how-to/bring-mails.md"
PAGE = Path(__file__).parents[2] / "docs/reference/mails-yaml.md"


def lines(model: type[BaseModel], before: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        section = field.annotation is Columns
        # a bar in a cell ends it
        default = "" if section else f"`{json.dumps(field.get_default())}`".replace("|", r"\|")
        found.append(f"| `{before}{name}` | {field.description} | {default} |")
        found += lines(Columns, f"{name}.") if section else []
    return found


def test_every_key_stands_on_the_page_with_its_meaning_and_default() -> None:
    stated = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert stated == lines(Sidecar)


def test_the_example_of_the_guide_is_valid(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.S)
    put(tmp_path / "mails.yaml", example)
    stated = load_sidecar(tmp_path)
    assert stated.columns.label == ("department", "topic")
    assert stated.labels["Old"] == ""


def imported(data: Path, project: Path) -> tuple[list[str], str]:
    """Labels, and what is said of which statement counts."""
    found = list(read_as(data, "eml", Config().located(project)))
    labels = [label_of(one) for one in found if isinstance(one, RawSample)]
    return labels, told((one for one in found if isinstance(one, Finding)), "stated")


def test_what_a_project_states_counts_where_nothing_lies_beside_the_data(tmp_path: Path) -> None:
    put(tmp_path / "mail" / "Old" / "1.eml", b"From: a@b.example\nSubject: x\n\nwords")
    project = put(tmp_path / "project" / "mails.yaml", "group: thread\n").parent
    assert imported(tmp_path / "mail", project) == (["Old"], "")
    put(project / "mails.yaml", "labels: {Old: refund}\n")
    assert imported(tmp_path / "mail", project) == (
        ["refund"],
        "mails.yaml of the project counts: none lies beside the data",
    )
    assert imported(tmp_path / "mail" / "Old" / "1.eml", project)[1]


def test_a_statement_beside_the_data_counts_and_another_of_the_project_is_told(
    tmp_path: Path,
) -> None:
    put(tmp_path / "mail" / "Old" / "1.eml", b"From: a@b.example\nSubject: x\n\nwords")
    project = put(tmp_path / "project" / "mails.yaml", "labels: {Old: refund}\n").parent
    put(tmp_path / "mail" / "mails.yaml", "labels: {Old: delivery}\n")
    labels, said = imported(tmp_path / "mail", project)
    assert labels == ["delivery"]
    assert "the mails.yaml beside the data counts" in said
    put(tmp_path / "mail" / "mails.yaml", "labels: {Old: refund}\n")
    assert imported(tmp_path / "mail", project) == (["refund"], "")
