"""The same parts as tools, cameras and public sets keep them: each picture, verdict, kind, place and split is found, without a setting.

What a layout does not tell is stated with it; what each looks like stands under `benchmarks/pictures`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.picture_layouts import LAYOUTS, look
from benchmarks.pictures.made import make_parts
from benchmarks.pictures.writing import Layout
from kits.core.errors import DataError

PARTS = make_parts(20)


@pytest.mark.parametrize(
    "layout", [one for one in LAYOUTS if not one.refused], ids=lambda layout: layout.name
)
def test_all_is_found(layout: Layout, tmp_path: Path) -> None:
    layout.write(tmp_path, PARTS)
    found = look(tmp_path, PARTS)
    said = "\n".join(f"{one.check}: {one.text}" for one in found.findings)
    assert found.wrong(layout, PARTS) == [], f"read as {found.format}\n{said}"


@pytest.mark.parametrize(
    "layout", [one for one in LAYOUTS if one.refused], ids=lambda layout: layout.name
)
def test_what_tells_too_little_is_asked_about(layout: Layout, tmp_path: Path) -> None:
    layout.write(tmp_path, PARTS)
    with pytest.raises(DataError) as error:
        look(tmp_path, PARTS)
    assert layout.refused in error.value.what
    assert "--format golden" in error.value.fix


def test_layouts_are_told_apart() -> None:
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)
