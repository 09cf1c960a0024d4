"""The tables of alerts name what the programs raise, no less and no more."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from cloud_sync.effects import known_alerts as of_hub
from edge_agent import known_alerts as of_device
from kits.core.alerts import AlertInfo
from tests.docs.alert_names import raised_in

ROOT = Path(__file__).parents[2]
TABLES = pytest.mark.parametrize(
    ("package", "table"), [("edge_agent", of_device.ALERTS), ("cloud_sync", of_hub.ALERTS)]
)


@cache
def raised(package: str) -> dict[str, Path]:
    """What `raised_in` finds, looked for once."""
    return raised_in(ROOT / package)


@TABLES
def test_every_alert_that_is_raised_stands_in_the_table(
    package: str, table: tuple[AlertInfo, ...]
) -> None:
    assert len(raised(package)) >= 12
    known = [info.name for info in table]
    assert {
        n: p for n, p in raised(package).items() if not any(fnmatchcase(k, n) for k in known)
    } == {}


@TABLES
def test_every_alert_in_the_table_is_raised(package: str, table: tuple[AlertInfo, ...]) -> None:
    names = [info.name for info in table]
    assert [n for n in names if not any(fnmatchcase(n, r) for r in raised(package))] == []
    assert len(names) == len(set(names))


def test_alerts_named_in_the_docs_exist() -> None:
    known = {info.name for info in (*of_device.ALERTS, *of_hub.ALERTS)}
    said = re.compile(
        r"\balerts? `([a-z-]+)`|raises? `([a-z-]+)`|\"name\": \"([a-z-]+)\", \"severity\""
    )
    wrong = {
        (path.name, name)
        for path in [*ROOT.glob("docs/**/*.md"), ROOT / "CHANGELOG.md"]
        for found in said.finditer(path.read_text(encoding="utf-8"))
        for name in filter(None, found.groups())
        if name not in known
    }
    assert wrong == set()


@pytest.mark.parametrize(
    "code",
    [
        "def f(self): self._alerts('a-b', 'error', 'text')",
        "A = 'a-b'\ndef f(self): raise_alert(s, n, A, 'error', 'text')",
        "def f(self, name): raise_alert(s, n, name, 'error', 'text')\ndef g(self): self.f('a-b')",
        "def f(alerts):\n  for name in ('a-b', 'c-d'):\n    alerts(name, 'info', 'text')",
    ],
)
def test_a_name_is_found_however_it_is_written(code: str, tmp_path: Path) -> None:
    ast.parse(code)
    (tmp_path / "code.py").write_text(code)
    assert "a-b" in raised_in(tmp_path)
