"""An error that a person meets says how to mend what is wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOLD = {
    "AgentConfigError", "ConfigError", "ConflictError", "MachineError", "NotFoundError", "SourceError", "UsageError",
}  # fmt: skip
"""Kinds whose cause a person can do something about."""
ALSO_TOLD = {"kits/predictive_maintenance": {"BundleError", "DataError"}}
"""Folder → kinds that say it there, too."""
WITHOUT = {
    "cloud_sync/api/blobs.py": "asked for by programs, by digest",
    "cloud_sync/crm/simulator/serving.py": "the pretended CRM, where a machine is too slow for it",
    "cloud_sync/fleet/tuf.py": "asked for by programs, and the answer is no fault",
    "cloud_sync/web/pages": "a page with the menu beside it",
    "edge_agent/sources/opencv_video.py": "in the words of the decoder",
    "kits/core/discovery.py": "a programmer's own kit",
    "kits/core/kit.py": "a programmer's own kit",
    "kits/core/settings.py": "in the words of the reader of YAML, with line and column",
    "kits/predictive_maintenance/_signals": "a programmer's own arrays",
    "kits/predictive_maintenance/_simulated/sensors.py": "a programmer's own windows",
    "kits/support_triage/_simulated/mailbox_server.py": "in the words of the server",
    "kits/toolchain/bench.py": "in the words of what was measured",
    "kits/toolchain/demo/circle.py": "a programmer's order of steps",
}
"""File or folder → why some of its errors say no more than what is wrong."""
FILES = sorted(
    str(path.relative_to(ROOT))
    for package in ("cloud_sync", "edge_agent", "kits")
    for path in (ROOT / package).rglob("*.py")
)


def unmended(file: str) -> Iterator[str]:
    """Errors in a file that are raised without `fix`."""
    kinds = TOLD.union(
        *(also for folder, also in ALSO_TOLD.items() if file.startswith(f"{folder}/"))
    )
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
            continue
        kind = ast.unparse(node.exc.func).rpartition(".")[2]
        said = {keyword.arg for keyword in node.exc.keywords}
        if kind in kinds and said.isdisjoint({"fix", None}):
            yield f"{file}:{node.lineno}: {ast.unparse(node.exc)}"


def test_an_error_that_a_person_can_mend_says_how() -> None:
    found = {file: list(unmended(file)) for file in FILES}
    excused = {
        one
        for one in WITHOUT
        if any(found[f] for f in FILES if f == one or f.startswith(f"{one}/"))
    }
    assert excused == {*WITHOUT}, "an exception that is none any more"
    left = [
        told
        for file, each in found.items()
        for told in each
        if not any(file == one or file.startswith(f"{one}/") for one in WITHOUT)
    ]
    assert not left, "\n".join(left)


@pytest.mark.parametrize(
    "line", ['raise UsageError("x")', 'raise errors.ConfigError("x", where="y")']
)
def test_one_without_is_found(tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.docs.test_errors.ROOT", tmp_path)
    (tmp_path / "a.py").write_text(line)
    assert len([*unmended("a.py")]) == 1
    (tmp_path / "a.py").write_text(line[:-1] + ', fix="z")')
    assert not [*unmended("a.py")]
