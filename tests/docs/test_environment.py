"""The table of environment variables names what the code asks for, and the pages say where to put it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.service_unit import make_unit
from kits.toolchain.reference_environment import VARIABLES

ROOT = Path(__file__).parents[2]
HOW_TO = sorted((ROOT / "docs" / "how-to").glob("*.md"))
_OURS = re.compile(r"(KITWRIGHT|KIT)_[A-Z_]+")
_READS = re.compile(r"environ|getenv|KIT(WRIGHT)?_")
ELSEWHERE = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT", "NO_COLOR"}
"""Read by the S3 client and by what draws on a terminal (rich), not by our code."""
OF_THE_LIBRARY = {"YOLO_OFFLINE", "YOLO_AUTOINSTALL", "YOLO_CONFIG_DIR", "YOLO_VERBOSE"}
"""Set from a table, unless they are set already."""


def asked_for() -> set[str]:
    found = set()
    for package in ("kits", "edge_agent", "cloud_sync"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if path.name != "reference_environment.py" and _READS.search(text):
                found.update(_names(ast.parse(text)))
    return found


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and _OURS.fullmatch(str(node.value)):
            yield str(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "os.environ.get", "os.getenv", "os.environ.setdefault",
        ):  # fmt: skip
            if isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)
        elif (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Load)
            and isinstance(node.slice, ast.Constant)
            and ast.unparse(node.value) == "os.environ"
        ):
            yield str(node.slice.value)


def test_every_variable_that_is_read_stands_in_the_reference_and_no_other() -> None:
    listed = {name for names, _, _ in VARIABLES for name in names.split(", ")}
    assert listed == asked_for() | ELSEWHERE | OF_THE_LIBRARY
    trainer = (ROOT / "kits/visual_inspection/_detector_train.py").read_text(encoding="utf-8")
    assert all(name in trainer for name in OF_THE_LIBRARY)


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_a_page_with_commands_about_a_hub_says_which_hub(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.S | re.M)
    silent = [
        line
        for line in "\n".join(blocks).splitlines()
        if re.match(r"(sudo -u \S+ )?\S*cloud-sync ", line) and "--data" not in line
    ]
    assert not silent or "KITWRIGHT_HUB_DATA" in text, silent


def test_the_services_read_their_secrets_where_the_pages_put_them() -> None:
    hub = (ROOT / "cloud_sync/deploy/cloud-sync.service").read_text(encoding="utf-8")
    agent = make_unit(Path("/etc/kitwright/agent.yaml"), Path("/var/lib/kitwright"), "kitwright")
    read = [re.findall(r"^EnvironmentFile=-(\S+)$", unit, re.M) for unit in (hub, agent)]
    said = {
        path
        for page in [*HOW_TO, ROOT / "cloud_sync/deploy/README.md"]
        for path in re.findall(r"/etc/kitwright/\w+\.env", page.read_text(encoding="utf-8"))
    }
    assert sorted(said) == sorted(path for paths in read for path in paths)
