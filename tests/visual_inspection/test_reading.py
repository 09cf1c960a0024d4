"""Every format is read, and every kind of bad input is named instead of crashing."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from kits.core.errors import DataError, UsageError
from kits.core.kit import Finding, RawSample
from kits.visual_inspection import data
from kits.visual_inspection._images import decode, size_of
from kits.visual_inspection._reading.files import open_picture
from tests.hostile_pictures import HEIGHT, LONELY, WIDTH, bomb, lying_jpeg
from tests.visual_inspection.builders import encoded, picture, put


def split_up(path: Path, format: str = "auto") -> tuple[list[RawSample], dict[str, Finding]]:
    found = list(data.read(path, format))
    samples = [f for f in found if isinstance(f, RawSample)]
    return samples, {f.check: f for f in found if isinstance(f, Finding)}


def yolo(folder: Path, **labels: str | None) -> Path:
    put(folder / "data.yaml", "path: .\ntrain: images/train\nnames: {0: scratch, 1: dent}\n")
    for number, (name, label) in enumerate(labels.items()):
        put(folder / "images/train" / f"{name}.jpg", encoded(picture(seed=number)))
        if label is not None:
            put(folder / "labels/train" / f"{name}.txt", label)
    return folder


def test_yolo_boxes_become_pixels_and_an_empty_label_file_states_a_good_part(
    tmp_path: Path,
) -> None:
    folder = yolo(tmp_path, bad="1 0.5 0.5 0.25 0.5\n", fine="")
    assert data.detect_format(folder) == "yolo"
    samples, _ = split_up(folder)
    bad, fine = samples
    assert bad.annotation is not None and fine.annotation is not None
    box = bad.annotation.boxes[0]
    assert (box.x0, box.y0, box.x1, box.y1, box.label) == (24, 12, 40, 36, "dent")
    assert (fine.annotation.label, fine.annotation.boxes) == ("good", ())
    assert bad.split == "train"
    assert bad.meta["width"] == 64


@pytest.mark.parametrize(
    ("line", "check"),
    [
        ("0 1.4 0.5 0.2 0.2", "label-outside-image"),
        ("7 0.5 0.5 0.2 0.2", "unknown-class"),
        ("0 0.5 0.5 0.2", "malformed-label"),
        ("0 0.5 nan 0.2 0.2", "malformed-label"),
        ("zero 0.5 0.5 0.2 0.2", "malformed-label"),
        ("0 0.5 0.5 0.0 0.2", "zero-area-box"),
    ],
)
def test_a_bad_yolo_line_is_reported_and_never_becomes_a_good_part(
    tmp_path: Path, line: str, check: str
) -> None:
    samples, findings = split_up(yolo(tmp_path, part=line))
    assert check in findings
    assert samples[0].annotation is None


def test_a_box_slightly_outside_is_clipped(tmp_path: Path) -> None:
    samples, findings = split_up(yolo(tmp_path, part="0 0.9 0.5 0.202 0.2"))
    assert samples[0].annotation is not None
    assert samples[0].annotation.boxes[0].x1 == 64
    assert "clipped" in findings["label-outside-image"].text


def test_pictures_and_labels_without_partner_are_reported(tmp_path: Path) -> None:
    folder = yolo(tmp_path, alone=None, fine="")
    put(folder / "labels/train/ghost.txt", "0 0.5 0.5 0.1 0.1")
    samples, findings = split_up(folder)
    assert [s.annotation is None for s in samples] == [True, False]
    assert findings["label-without-image"].evidence == ("ghost.txt",)
    assert "not annotated" in findings["image-without-label"].text


def test_what_is_to_be_said_of_many_pictures_is_said_once_and_names_each(tmp_path: Path) -> None:
    for number in range(30):
        put(tmp_path / f"{number}.jpg", encoded(picture(seed=number)))
    body = "<object><name>dent</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>{}</xmax><ymax>12</ymax></bndbox></object>"
    for number, right in enumerate((11, 65, 66, 120, 130)):
        put(tmp_path / f"{number}.xml", f"<annotation>{body.format(right)}</annotation>")
    found = [one for one in data.read(tmp_path, "voc") if isinstance(one, Finding)]
    told = {one.text: one.evidence for one in found}
    assert sorted(told) == [
        "2 times: a box clipped to the picture",
        "2 times: a box with more than 5% outside the picture left out",
        "25 times: a picture without an xml is imported as not annotated",
    ]
    assert sorted(len(names) for names in told.values()) == [2, 2, 25]
    assert (
        told["2 times: a box with more than 5% outside the picture left out"][0]
        == "3.jpg: 47% outside"
    )


def test_a_picture_that_is_too_long_is_told_so_and_what_to_do(tmp_path: Path) -> None:
    put(tmp_path / "good/1.png", encoded(picture(), ".png"))
    put(tmp_path / "good/web.png", encoded(picture(64, 40_000), ".png"))
    _, findings = split_up(tmp_path)
    assert "64×40000 pixels are more than 32000 on a side" in findings["corrupt-image"].text
    assert "cut it" in findings["corrupt-image"].fix


def test_coco_is_read(tmp_path: Path) -> None:
    put(tmp_path / "images/a.png", encoded(picture(), ".png"))
    put(tmp_path / "images/b.png", encoded(picture(seed=1), ".png"))
    content = {
        "images": [
            {"id": 1, "file_name": "a.png"},
            {"id": 2, "file_name": "b.png"},
            {"id": 3, "file_name": "../../etc/passwd.png"},
        ],
        "categories": [{"id": 5, "name": "dent"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 5, "bbox": [4, 5, 10, 20]},
            {"id": 2, "image_id": 1, "category_id": 9, "bbox": [4, 5, 10, 20]},
        ],
    }
    put(tmp_path / "instances_val.json", json.dumps(content))
    assert data.detect_format(tmp_path) == "coco"
    samples, findings = split_up(tmp_path)
    first, second = samples
    assert first.annotation is not None and second.annotation is not None
    assert first.annotation.boxes[0].y1 == 25
    assert (second.annotation.label, second.split) == ("good", "val")
    assert {"malformed-label", "label-without-image"} <= set(findings)


def test_voc_is_read_and_entities_are_refused(tmp_path: Path) -> None:
    put(tmp_path / "a.jpg", encoded(picture()))
    put(tmp_path / "b.jpg", encoded(picture(seed=1)))
    body = "<object><name>dent</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax>"
    body += "<ymax>12</ymax></bndbox></object>"
    put(tmp_path / "a.xml", f"<annotation>{body}</annotation>")
    put(tmp_path / "c.jpg", encoded(picture(seed=2)))
    hostile = '<!DOCTYPE x [<!ENTITY y "z">]><annotation>&y;</annotation>'
    put(tmp_path / "b.xml", hostile)
    put(tmp_path / "c.xml", hostile.encode("utf-16"))
    assert data.detect_format(tmp_path) == "voc"
    samples, findings = split_up(tmp_path)
    assert samples[0].annotation is not None
    assert samples[0].annotation.label == "dent"
    assert samples[1].annotation is None and samples[2].annotation is None
    assert "entities" in findings["malformed-label"].text


def test_class_folders_with_mvtec_layout_and_an_empty_class(tmp_path: Path) -> None:
    put(tmp_path / "train/ok/a.jpg", encoded(picture()))
    put(tmp_path / "test/crack/b.jpg", encoded(picture(seed=1)))
    put(tmp_path / "ground_truth/crack/b.png", encoded(picture(), ".png"))
    (tmp_path / "test/chip").mkdir()
    assert data.detect_format(tmp_path) == "folders"
    samples, findings = split_up(tmp_path)
    stated = {(s.split, s.annotation.label) for s in samples if s.annotation}
    assert stated == {("train", "good"), ("test", "crack")}
    assert "chip" in findings["empty-class"].text


def test_a_folder_of_pictures_is_golden(tmp_path: Path) -> None:
    put(tmp_path / "good/a.jpg", encoded(picture()))
    assert data.detect_format(tmp_path) == "golden"
    samples, _ = split_up(tmp_path)
    assert samples[0].annotation is not None
    assert samples[0].annotation.label == "good"


def test_folders_we_cannot_use_say_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="without pictures"):
        data.detect_format(tmp_path)
    with pytest.raises(DataError, match="no such"):
        data.detect_format(tmp_path / "missing")
    with pytest.raises(UsageError):
        data.read(tmp_path, "yollo")
    put(tmp_path / "good/phone.heic", b"x")
    with pytest.raises(DataError, match=r"1 pictures or films are in a form .* \(.heic\)") as error:
        data.detect_format(tmp_path)
    assert "PNG" in error.value.fix


@pytest.mark.parametrize(
    "content",
    [b"", b"not a picture", encoded(picture())[:-200], encoded(picture(), ".png")[:-30], bomb()],
    ids=["empty", "text", "cut jpeg", "cut png", "pixel bomb"],
)
def test_an_unusable_picture_is_left_out_with_a_finding(tmp_path: Path, content: bytes) -> None:
    put(tmp_path / "a.png", content)
    put(tmp_path / "b.png", encoded(picture(), ".png"))
    samples, findings = split_up(tmp_path)
    assert [s.source for s in samples] == ["b.png"]
    assert findings["corrupt-image"].evidence == ("a.png",)


def test_a_file_that_may_not_be_read_is_not_called_corrupt(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()  # as good as no permission, which root always has
    found = open_picture(tmp_path / "a.png", tmp_path)
    assert isinstance(found, Finding)
    assert (found.check, found.level) == ("unreadable-image", "fail")
    assert "make it readable" in found.fix


def test_gray_alpha_16_bit_and_wrong_suffix_are_read(tmp_path: Path) -> None:
    gray = cv2.cvtColor(picture(), cv2.COLOR_BGR2GRAY)
    put(tmp_path / "gray.png", encoded(gray, ".png"))
    put(tmp_path / "deep.png", encoded(gray.astype(np.uint16) * 257, ".png"))
    put(tmp_path / "dark.png", encoded(gray.astype(np.uint16) * 16, ".png"))
    alpha = np.dstack([picture(), np.full((48, 64), 9, np.uint8)])
    put(tmp_path / "alpha.png", encoded(alpha, ".png"))
    put(tmp_path / "wrong.png", encoded(picture()))
    found = list(data.read(tmp_path, "golden"))
    samples = [f for f in found if isinstance(f, RawSample)]
    assert len(samples) == 5
    assert samples[-1].media_type == "image/jpeg"
    assert any("black" in f.text for f in found if isinstance(f, Finding))


def test_exif_rotation_gives_the_size_labels_refer_to(tmp_path: Path) -> None:
    content = encoded(picture(64, 48))
    tag = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + tag + struct.pack("<I", 0)
    turned = content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:]
    put(tmp_path / "a.jpg", turned)
    samples, _ = split_up(tmp_path)
    assert (samples[0].meta["width"], samples[0].meta["height"]) == (48, 64)


@pytest.mark.parametrize("lonely", LONELY)
def test_the_size_in_a_header_is_the_one_that_decoders_find(lonely: bytes) -> None:
    content = lying_jpeg(lonely)
    assert decode(content).shape[:2] == (HEIGHT, WIDTH)
    assert size_of(content) == (WIDTH, HEIGHT)


def test_a_picture_without_a_size_is_not_decoded() -> None:
    with pytest.raises(DataError, match="damaged"):
        decode(b"\xff\xd8\xff\xe0\x00\x04ab\xff\xd9")


@pytest.mark.parametrize("pages", [1, 3])
def test_a_picture_of_several_pages_is_told(tmp_path: Path, pages: int) -> None:
    done, content = cv2.imencodemulti(".tiff", [picture(seed=n) for n in range(pages)])
    assert done
    put(tmp_path / "stack.tiff", content.tobytes())
    samples, told = split_up(tmp_path, "golden")
    assert len(samples) == 1
    assert ("unusual-image" in told and "several pages" in told["unusual-image"].text) == (
        pages > 1
    )


def test_good_parts_in_their_folder_need_no_xml(tmp_path: Path) -> None:
    put(tmp_path / "images/good/1.jpg", encoded(picture()))
    put(tmp_path / "images/dent/2.jpg", encoded(picture(seed=1)))
    put(tmp_path / "images/dent/3.jpg", encoded(picture(seed=2)))
    body = "<object><name>dent</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>12</ymax></bndbox></object>"
    put(tmp_path / "Annotations/2.xml", f"<annotation>{body}</annotation>")
    samples, findings = split_up(tmp_path)
    assert [s.annotation.label if s.annotation else "" for s in samples] == ["dent", "", "good"]
    assert "3.jpg" in findings["image-without-label"].text


def test_an_empty_file_is_told_as_that(tmp_path: Path) -> None:
    put(tmp_path / "a.png", b"")
    put(tmp_path / "b.png", encoded(picture(), ".png"))
    assert "the file is empty" in split_up(tmp_path)[1]["corrupt-image"].text
