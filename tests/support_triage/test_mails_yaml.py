"""The reference page of `mails.yaml` says what the file may hold, no more and no less."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pydantic import BaseModel

from kits.support_triage._reading.sidecar import Columns, Sidecar, load_sidecar
from tests.support_triage.triage import put

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
