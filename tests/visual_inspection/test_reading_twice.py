"""A picture is decoded once, unless its header leaves open whether something of it is dropped."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from kits.visual_inspection._reading import files

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 255, (40, 60), dtype=np.uint8)
COLOURS = RNG.integers(0, 255, (40, 60, 3), dtype=np.uint8)
CLEAR = RNG.integers(0, 255, (40, 60, 4), dtype=np.uint8)
DEEP = RNG.integers(0, 65_535, (40, 60), dtype=np.uint16)


def saved(pixels: Any, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    made = Image.fromarray(pixels)
    if options.pop("palette", False):
        made = made.convert("P")
    made.save(out, form, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "remark", "decoded"),
    [
        (saved(GREY, "PNG"), "", 0),
        (saved(COLOURS, "PNG"), "", 0),
        (saved(COLOURS, "PNG", palette=True), "", 0),
        (saved(COLOURS, "PNG", palette=True, transparency=3), "transparency dropped", 1),
        (saved(CLEAR, "PNG"), "transparency dropped", 1),
        (saved(DEEP, "PNG"), "16-bit, read as 8-bit", 1),
        (saved(DEEP // 32, "PNG"), "16-bit with 12-bit values: will look black", 1),
        (saved(GREY, "BMP"), "", 0),
        (saved(COLOURS, "BMP"), "", 0),
        (saved(COLOURS, "TIFF"), "", 1),
        (saved(DEEP, "TIFF"), "16-bit, read as 8-bit", 1),
    ],
    ids=["grey", "colours", "palette", "clear-palette", "clear", "deep", "12-bit", "grey-bmp", "bmp", "tiff", "deep-tiff"],
)  # fmt: skip
def test_what_a_header_tells_is_not_decoded_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, remark: str, decoded: int
) -> None:
    (tmp_path / "a.png").write_bytes(content)
    asked: list[int] = []
    decode = cv2.imdecode

    def counted(buffer: Any, flags: int) -> Any:
        asked.append(flags)
        return decode(buffer, flags)

    monkeypatch.setattr(cv2, "imdecode", counted)
    picture = files.open_picture(tmp_path / "a.png", tmp_path)
    assert isinstance(picture, files.Picture)
    assert picture.remark == remark
    assert asked.count(cv2.IMREAD_UNCHANGED) == decoded
