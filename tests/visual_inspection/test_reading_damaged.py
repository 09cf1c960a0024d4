"""JPEG files whose data is damaged in the middle: the decoder makes pixels up and says so on the error stream alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kits.core.kit import Finding, RawSample
from kits.visual_inspection import data
from kits.visual_inspection._reading.decoder_words import _SAID, decode_heard
from tests.visual_inspection.builders import encoded, picture, put

WHOLE = encoded(picture(120, 160))
MIDDLE = WHOLE.find(b"\xff\xda") + 14 + 400


def read(folder: Path) -> tuple[list[RawSample], dict[str, Finding]]:
    found = list(data.read(folder, "auto"))
    return [f for f in found if isinstance(f, RawSample)], {
        f.check: f for f in found if isinstance(f, Finding)
    }


def test_one_of_which_a_part_is_made_up_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "good/1.jpg", WHOLE)
    put(tmp_path / "good/2.jpg", WHOLE[:MIDDLE] + WHOLE[MIDDLE + 500 :])
    samples, findings = read(tmp_path)
    assert [one.source for one in samples] == ["good/1.jpg"]
    assert "good/2.jpg: refused" in findings["corrupt-image"].text
    assert "made up" in findings["corrupt-image"].text
    assert "Corrupt JPEG" not in capfd.readouterr().err  # it names no file


@pytest.mark.parametrize("more", [b"\x35" * 8, b"\x35" * 200])
def test_one_with_more_data_than_pixels_is_kept_and_told(tmp_path: Path, more: bytes) -> None:
    put(tmp_path / "good/1.jpg", WHOLE[:-2] + more + WHOLE[-2:])
    samples, findings = read(tmp_path)
    assert [one.content for one in samples] == [WHOLE[:-2] + more + WHOLE[-2:]]
    told = findings["unusual-image"]
    assert (told.level, told.evidence) == ("warn", ("good/1.jpg",))
    assert "more data than pixels" in told.text and "look at them" in told.fix


def test_what_others_write_meanwhile_is_passed_on(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(content: bytes, *, where: str) -> np.ndarray:
        os.write(2, f"reading {where}\n".encode())
        os.write(2, b"\rreading 1/2 ")  # as a bar does, without an end of the line
        os.write(2, b"Corrupt JPEG data: bad Huffman code\n")
        os.write(2, b"libpng warning: iCCP: known incorrect sRGB profile\n")
        os.write(2, b"a line without its end")
        return picture()

    monkeypatch.setattr("kits.visual_inspection._images.decode", decode)
    _, heard = decode_heard(b"", "a.jpg")
    assert heard.filled_in and not heard.left_over
    assert capfd.readouterr().err == "reading a.jpg\n\rreading 1/2 a line without its end"
    os.write(2, b"as before\n")
    assert capfd.readouterr().err == "as before\n"


def test_opencvs_own_lines_are_no_others() -> None:
    said = (
        b"[ WARN:0@1.577] global grfmt_png.cpp:793 readFromStreamOrBuffer PNG input buffer is incomplete\n"
        b"[ERROR:0@6.5] global loadsave.cpp:1390 imdecode_ imdecode_(''): can't read data\n\nTraceback\n"
    )
    assert _SAID.sub(b"", said) == b"Traceback\n"


def test_where_the_error_stream_is_closed_pictures_are_read_all_the_same() -> None:
    code = (
        "import os, sys; os.close(2); from tests.visual_inspection.test_reading_damaged import WHOLE;"
        "from kits.visual_inspection._reading.decoder_words import decode_heard;"
        "print(decode_heard(WHOLE, 'a.jpg')[0].shape)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    assert told.stdout == "(160, 120, 3)\n"


def test_pictures_are_read_where_no_folder_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    assert decode_heard(WHOLE, "a.jpg")[0].shape == (160, 120, 3)
