"""Folders as public sets and lines have them: an xml for one of two pictures, cameras with a folder each, months with hundreds of parts."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import DataError
from tests.visual_inspection.builders import encoded, put
from tests.visual_inspection.pictures import pictures, read


def test_an_xml_is_of_the_picture_in_the_folder_like_its_own(tmp_path: Path) -> None:
    pictures(tmp_path, "images/short/01.jpg", "rotation/short_rotation/01.jpg")
    box = "<bndbox><xmin>4</xmin><ymin>5</ymin><xmax>20</xmax><ymax>30</ymax></bndbox>"
    xml = f"<annotation><object><name>short</name>{box}</object></annotation>"
    put(tmp_path / "Annotations/short/01.xml", xml)
    found = read(tmp_path)
    assert found.labels == {"images/short/01.jpg": "short", "rotation/short_rotation/01.jpg": ""}
    assert "without an xml" in found.told["image-without-label"].text


def test_bitmaps_of_supervisely_become_boxes(tmp_path: Path) -> None:
    pictures(tmp_path, "ds/img/a.png", "ds/img/b.png")
    png = encoded(np.full((7, 12), 255, np.uint8), ".png")
    bitmap = {"data": base64.b64encode(zlib.compress(png)).decode(), "origin": [20, 10]}
    shapes = [{"classTitle": "pore", "geometryType": "bitmap", "bitmap": bitmap}]
    for name, drawn in (("a", shapes), ("b", [])):
        content = {"size": {"height": 48, "width": 64}, "objects": drawn, "tags": []}
        put(tmp_path / f"ds/ann/{name}.png.json", json.dumps(content))
    found = read(tmp_path)
    assert found.box("ds/img/a.png") == (20.0, 10.0, 32.0, 17.0, "pore")
    assert found.labels["ds/img/b.png"] == "good"


@pytest.mark.parametrize("data", ["", "no base 64", base64.b64encode(b"no zlib").decode()])
def test_a_bitmap_that_cannot_be_read_is_not_annotated(tmp_path: Path, data: str) -> None:
    pictures(tmp_path, "img/a.png")
    shape = {"classTitle": "pore", "bitmap": {"data": data, "origin": [1, 2]}}
    content = {"size": {"height": 48, "width": 64}, "objects": [shape]}
    put(tmp_path / "ann/a.png.json", json.dumps(content))
    assert read(tmp_path).labels == {"img/a.png": ""}


def test_names_written_as_in_an_address_are_found(tmp_path: Path) -> None:
    pictures(tmp_path, "images/cam 1.jpg", "images/cam 2.jpg")
    rows = [
        {"image": f"/data/upload/4/0a1b2c3d-cam%20{n}.jpg", "choice": choice, "annotator": 1}
        for n, choice in ((1, "ok"), (2, "chipped"))
    ]
    put(tmp_path / "project-4.json", json.dumps(rows))
    assert read(tmp_path).labels == {"images/cam 1.jpg": "good", "images/cam 2.jpg": "chipped"}


def test_cameras_with_a_folder_each_and_a_table_with_a_row_per_part(tmp_path: Path) -> None:
    parts = [f"A25{n}" for n in range(10, 16)]
    pictures(tmp_path, *(f"cam_{cam}/{part}.png" for cam in ("top", "side") for part in parts))
    rows = "".join(f"{part};{'NIO' if part == 'A2510' else 'IO'}\n" for part in parts)
    put(tmp_path / "results.csv", f"Seriennummer;Ergebnis\n{rows}")
    found = read(tmp_path)
    assert {name for name, label in found.labels.items() if label != "good"} == {
        "cam_top/A2510.png", "cam_side/A2510.png",
    }  # fmt: skip
    groups = {name: one.group for name, one in found.samples.items()}
    assert (
        groups["cam_top/A2511.png"] == groups["cam_side/A2511.png"] != groups["cam_top/A2512.png"]
    )


def test_a_table_in_each_days_folder_says_nothing_of_other_days(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"day{day}/part{n:04d}.png" for day in (1, 2) for n in range(4)))
    for day, bad in ((1, 0), (2, 3)):
        rows = "".join(f"part{n:04d},{'ng' if n == bad else 'ok'}\n" for n in range(4))
        put(tmp_path / f"day{day}/labels.csv", f"part,result\n{rows}")
    labels = read(tmp_path).labels
    assert {name for name, label in labels.items() if label != "good"} == {
        "day1/part0000.png", "day2/part0003.png",
    }  # fmt: skip


def test_a_folder_of_a_month_is_no_part(tmp_path: Path) -> None:
    months = [f"2025{m}/{n:03d}_{'NG' if n % 4 == 0 else 'OK'}.png" for m in (3, 4, 5) for n in range(25)]  # fmt: skip
    found = read(pictures(tmp_path, *months))
    assert {one.group for one in found.samples.values()} == {""}
    assert sorted(set(found.labels.values())) == ["NG", "good"]
    assert "3 folders hold many of the pictures" in found.told["folders-divided"].text


def test_one_large_folder_does_not_tear_the_parts_beside_it(tmp_path: Path) -> None:
    parts = [f"P{n:03d}/{view}_{'NG' if n % 4 == 0 else 'OK'}.png" for n in range(10) for view in range(4)]  # fmt: skip
    found = read(pictures(tmp_path, *parts, *(f"misc/{n}_OK.png" for n in range(40))))
    groups = {name: one.group for name, one in found.samples.items()}
    assert groups["P003/0_OK.png"] == groups["P003/3_OK.png"] == "P003"
    assert {group for name, group in groups.items() if name.startswith("misc")} == {""}
    assert found.told["folders-divided"].evidence == ("misc",)


@pytest.mark.parametrize(
    ("column", "of"),
    [("template", "t.png"), ("earlier", "img/{before}.png"), ("overlay", "made/{n}.png")],
)
def test_pictures_of_other_parts_or_made_of_one_are_no_views(
    tmp_path: Path, column: str, of: str
) -> None:
    pictures(tmp_path, "t.png", *(f"{folder}/{n}.png" for n in range(8) for folder in ("img", "made")))  # fmt: skip
    cells = [of.format(n=n, before=n - 1) if n or "before" not in of else "" for n in range(8)]
    rows = "".join(f"img/{n}.png,{cell},{'good' if n % 3 else 'scratch'}\n" for n, cell in enumerate(cells))  # fmt: skip
    put(tmp_path / "labels.csv", f"image,{column},label\n{rows}")
    labels = read(tmp_path).labels
    assert {name for name, label in labels.items() if label == "scratch"} == {f"img/{n}.png" for n in (0, 3, 6)}  # fmt: skip
    assert labels["t.png"] == labels["made/0.png"] == ""


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("defective_image", "good_image"),
        ("image", "defect_crop"),
        ("image", "depth"),
        ("image", "x"),
    ],
)
def test_pictures_of_a_column_that_is_no_side_get_no_label(
    tmp_path: Path, first: str, other: str
) -> None:
    pictures(tmp_path, *(f"{folder}/{folder}{n}.png" for n in range(8) for folder in "ab"))
    rows = "".join(f"a/a{n}.png,b/b{n}.png,{'dent' if n % 3 else 'scratch'}\n" for n in range(8))
    put(tmp_path / "labels.csv", f"{first},{other},label\n{rows}")
    found = read(tmp_path)
    assert {label for name, label in found.labels.items() if name.startswith("b")} == {""}
    assert found.told["image-without-label"].level == "warn"


@pytest.mark.parametrize(
    ("first", "other"),
    [("top", "side"), ("image_1", "image_2"), ("cam1", "cam2"), ("file", "Rückseite")],
)
def test_pictures_of_sides_have_the_label_of_their_part(
    tmp_path: Path, first: str, other: str
) -> None:
    pictures(tmp_path, *(f"{folder}/{folder}{n}.png" for n in range(8) for folder in "ab"))
    rows = "".join(f"a/a{n}.png,b/b{n}.png,{'good' if n % 3 else 'scratch'}\n" for n in range(8))
    put(tmp_path / "labels.csv", f"{first},{other},label\n{rows}")
    assert "" not in read(tmp_path).labels.values()


def test_a_file_called_as_labels_are_is_asked_about(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"C0001/C0001_{n:04d}.png" for n in range(1, 9)))
    put(tmp_path / "C0001/ground_truth.txt", "  1.0e+00  2.0e+01  4.0e+01  1.0e+01  3.0e+01\n")
    with pytest.raises(DataError, match=r"ground_truth\.txt may be labels"):
        read(tmp_path)


def test_a_table_with_a_column_of_pictures_per_view(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"fotos/{n}_{view}.png" for n in range(6) for view in "os"))
    rows = "".join(f"T-{n},{n}_o.png,{n}_s.png,{'Ausschuss' if n == 2 else 'Gut'}\n" for n in range(6))  # fmt: skip
    put(tmp_path / "protokoll.csv", f"Teilenummer,Bild oben,Bild seite,Urteil\n{rows}")
    found = read(tmp_path)
    assert {name for name, label in found.labels.items() if label != "good"} == {
        "fotos/2_o.png", "fotos/2_s.png",
    }  # fmt: skip
    assert len({one.group for one in found.samples.values()}) == 6


def test_a_folder_per_part_with_the_verdict_in_its_name(tmp_path: Path) -> None:
    folders = [f"SN{880 + n}_{'NOK' if n % 4 == 0 else 'OK'}" for n in range(12)]
    found = read(pictures(tmp_path, *(f"{name}/{view}.png" for name in folders for view in ("front", "back"))))  # fmt: skip
    assert found.labels["SN880_NOK/back.png"] == "NOK"
    assert found.labels["SN881_OK/back.png"] == "good"
    assert len({one.group for one in found.samples.values()}) == 12
    assert "folders-like-parts" not in found.told


def test_names_that_begin_with_splits_are_no_kinds_of_defects(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"imgs/{split}{n:04d}.bmp" for split in ("train", "test") for n in range(8)))  # fmt: skip
    for split in ("train", "test"):
        put(tmp_path / f"{split}.txt", "".join(f"imgs/{split}{n:04d}.bmp {n % 2}\n" for n in range(8)))  # fmt: skip
    with pytest.raises(DataError, match=r"test\.txt names pictures and may be labels"):
        read(tmp_path)


def test_texts_called_after_pictures_may_be_labels_and_none_of_them_is_taken_for_good(
    tmp_path: Path,
) -> None:
    pictures(tmp_path, *(f"Images/{n}.bmp" for n in range(100, 106)))
    for n in range(100, 106):
        put(tmp_path / f"Boxes/{n}_anno.txt", "Live_Knot\t0.1\t0.2\t0.4\t0.5\n" if n % 2 else "")
    with pytest.raises(DataError, match="6 files called after pictures may be labels"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("folders", "told"),
    [
        (("D/CD", "D/UD", "W/CW", "W/UW"), True),
        (("crack/lot a", "crack/lot b", "spot/lot a", "spot/lot b"), False),
        (("kind a", "kind b"), False),
        (("D/1", "D/2", "W/1", "W/2"), False),
    ],
)
def test_two_levels_of_folders_that_nothing_tells_apart_are_told(
    tmp_path: Path, folders: tuple[str, ...], told: bool
) -> None:
    pictures(tmp_path, *(f"{folder}/{n}.jpg" for folder in folders for n in range(7)))
    assert ("folders-below" in read(tmp_path).told) is told
