"""Masks say where a defect is, and which parts are good where no folder does; what contradicts itself is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.visual_inspection import data
from kits.visual_inspection._reading.masks import read_map, regions
from tests.hostile_pictures import bomb
from tests.visual_inspection.builders import encoded, picture, put
from tests.visual_inspection.pictures import mask, pictures, read


def test_the_regions_of_a_mask_become_boxes_of_the_folders_class(tmp_path: Path) -> None:
    pictures(tmp_path, "train/good/1.png", "test/good/1.png", "test/dent/1.png")
    mask(tmp_path / "ground_truth/dent/1_mask.png", (4, 5, 14, 15), (40, 30, 60, 40))
    found = read(tmp_path)
    boxes = [(one.x0, one.y0, one.x1, one.y1) for one in found.note("test/dent/1.png").boxes]
    assert boxes == [(4, 5, 14, 15), (40, 30, 60, 40)]
    assert {one.label for one in found.note("test/dent/1.png").boxes} == {"dent"}
    assert found.note("test/good/1.png").boxes == ()


def test_a_mask_of_another_size_is_scaled(tmp_path: Path) -> None:
    pictures(tmp_path, "good/1.png", "dent/2.png")
    mask(tmp_path / "masks/dent/2.png", (8, 10, 28, 30), shape=(96, 128))
    assert read(tmp_path).box("dent/2.png") == (4, 5, 14, 15, "dent")


def test_parts_of_a_scratch_that_lie_close_are_one(tmp_path: Path) -> None:
    shown = np.zeros((480, 640), np.uint8)
    for x in range(100, 300, 12):
        shown[200:204, x : x + 8] = 1
    assert regions(shown) == [(100, 200, 300, 204)]


def test_a_picture_without_a_mask_is_not_annotated_where_masks_decide(tmp_path: Path) -> None:
    pictures(tmp_path, "images/1.jpg", "images/2.jpg", "images/3.jpg")
    mask(tmp_path / "masks/1.png", (4, 5, 14, 15))
    mask(tmp_path / "masks/2.png")
    found = read(tmp_path)
    assert found.labels == {"images/1.jpg": "defect", "images/2.jpg": "good", "images/3.jpg": ""}
    assert found.told["image-without-label"].evidence == ("images/3.jpg",)
    assert "empty mask" in found.told["image-without-label"].fix


def test_a_folder_per_part_is_a_group_and_no_class(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"kos0{n}/Part{k}.jpg" for n in range(3) for k in range(2)))
    for n in range(3):
        mask(tmp_path / f"kos0{n}/Part0_label.bmp")
        mask(tmp_path / f"kos0{n}/Part1_label.bmp", (4, 5, 14, 15))
    found = read(tmp_path)
    assert data.detect_format(tmp_path) == "masks"
    assert {one.group for one in found.samples.values()} == {"kos00", "kos01", "kos02"}
    assert sorted(found.labels.values()) == ["defect"] * 3 + ["good"] * 3
    assert "6 masks" in found.told["masks"].text


def test_a_class_all_of_whose_masks_are_empty_is_good(tmp_path: Path) -> None:
    pictures(tmp_path, "MT_Free/1.jpg", "MT_Crack/2.jpg")
    mask(tmp_path / "MT_Free/1.png")
    mask(tmp_path / "MT_Crack/2.png", (4, 5, 14, 15))
    found = read(tmp_path)
    assert found.labels == {"MT_Free/1.jpg": "good", "MT_Crack/2.jpg": "MT_Crack"}
    assert found.told["good-by-masks"].evidence == ("MT_Free",)


def test_a_mask_with_a_defect_in_the_folder_of_good_parts_is_told(tmp_path: Path) -> None:
    pictures(tmp_path, "good/1.png", "dent/2.png")
    mask(tmp_path / "masks/good/1.png", (4, 5, 14, 15))
    mask(tmp_path / "masks/dent/2.png", (4, 5, 14, 15))
    found = read(tmp_path)
    assert found.labels["good/1.png"] == "good" and found.note("good/1.png").boxes == ()
    assert found.told["masks-differ"].evidence == ("good/1.png",)


def test_masks_that_are_none_and_masks_without_a_picture_are_told(tmp_path: Path) -> None:
    pictures(tmp_path, "good/1.png", "dent/2.png")
    put(tmp_path / "masks/dent/2.png", encoded(picture(), ".png"))
    mask(tmp_path / "masks/dent/9.png", (4, 5, 14, 15))
    found = read(tmp_path)
    assert found.labels == {"good/1.png": "good", "dent/2.png": "dent"}
    assert "many grays" in found.told["malformed-label"].text
    assert found.told["label-without-image"].evidence == ("masks/dent/9.png",)


def test_pictures_of_the_same_name_in_two_formats_are_both_parts_if_none_is_a_mask(
    tmp_path: Path,
) -> None:
    pictures(tmp_path, "good/1.jpg", "good/1.png", "dent/2.jpg", "dent/2.png")
    assert len(read(tmp_path).samples) == 4


def test_a_product_whose_folder_is_called_as_one_of_masks_has_pictures(tmp_path: Path) -> None:
    pictures(tmp_path, "labels/good/1.jpg", "labels/torn/2.jpg")
    assert read(tmp_path).labels == {"labels/good/1.jpg": "good", "labels/torn/2.jpg": "torn"}


@pytest.mark.parametrize("kind", ["classes", "jpeg", "colours", "alpha", "white", "deep", "float"])
def test_masks_in_many_forms(tmp_path: Path, kind: str) -> None:
    shown = np.zeros((48, 64), np.uint8)
    shown[5:15, 4:14] = 255
    pixels, end = shown, ".png"
    if kind == "classes":
        pixels = shown // 255 * 3
    elif kind == "jpeg":
        end = ".jpg"
    elif kind == "colours":
        pixels = np.dstack([shown * 0, shown * 0, shown])
    elif kind == "deep":
        pixels = shown.astype(np.uint16) * 257
    elif kind == "float":
        pixels, end = (shown / 255).astype(np.float32), ".tif"
    elif kind == "alpha":
        pixels = np.dstack([shown, shown, shown, np.full_like(shown, 255)])
    else:
        pixels = np.where(shown > 0, 40, 255).astype(np.uint8)
    found = read_map(put(tmp_path / f"m{end}", encoded(pixels, end)))
    rows, columns = np.nonzero(found)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (4, 5, 14, 15)


def test_a_mask_that_is_damaged_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_map(put(tmp_path / "m.png", b"no picture"))
    with pytest.raises(DataError, match="cannot be read"):
        read_map(put(tmp_path / "e.png", b""))
    with pytest.raises(DataError, match="cannot be read"):
        read_map(put(tmp_path / "b.png", bomb()))


def test_masks_in_a_folder_per_picture_are_one(tmp_path: Path) -> None:
    pictures(
        tmp_path,
        "train/good/000.png",
        "test/good/000.png",
        "test/bent/000.png",
        "test/bent/001.png",
    )
    mask(tmp_path / "ground_truth/bent/001/000.png", (4, 5, 14, 15))
    mask(tmp_path / "ground_truth/bent/001/001.png", (40, 30, 60, 40))
    mask(tmp_path / "ground_truth/bent/000/000.png", (20, 20, 30, 30), shape=(96, 128))
    found = read(tmp_path)
    boxes = [(one.x0, one.y0, one.x1, one.y1) for one in found.note("test/bent/001.png").boxes]
    assert boxes == [(4, 5, 14, 15), (40, 30, 60, 40)]
    assert found.box("test/bent/000.png") == (10, 10, 15, 15, "bent")
    assert "label-without-image" not in found.told


def test_a_few_masks_beside_their_pictures_are_no_parts(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"OK/{n}.jpg" for n in range(20)), "NG/1.jpg")
    mask(tmp_path / "NG/1.png", (4, 5, 14, 15))
    found = read(tmp_path)
    assert len(found.samples) == 21 and found.box("NG/1.jpg") == (4, 5, 14, 15, "NG")


def test_a_mask_of_specks_has_a_bounded_number_of_boxes(tmp_path: Path) -> None:
    shown = np.zeros((400, 400), np.uint8)
    shown[::4, ::4] = 1
    found = regions(shown)
    assert 1 <= len(found) <= 300
    assert min(box[0] for box in found) == 0 and max(box[2] for box in found) == 397
    assert regions(np.zeros((4, 4), np.uint8)) == []


def test_masks_in_the_colours_of_a_list_have_kinds(tmp_path: Path) -> None:
    pictures(tmp_path, "JPEGImages/1.jpg", "JPEGImages/2.jpg")
    shown = np.zeros((48, 64, 3), np.uint8)
    shown[5:15, 4:14] = (245, 61, 184)
    shown[30:40, 40:60] = (0, 0, 255)
    shown[42:46, 1:5] = (9, 9, 9)
    put(tmp_path / "SegmentationClass/1.png", encoded(shown, ".png"))
    put(tmp_path / "SegmentationObject/1.jpg", encoded(shown // 255 * 255, ".jpg"))
    put(tmp_path / "SegmentationClass/2.png", encoded(shown * 0, ".png"))
    put(
        tmp_path / "labelmap.txt",
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\ndent:184,61,245::\nscratch:255,0,0::\n",
    )
    put(tmp_path / "ImageSets/Segmentation/train.txt", "1\n2\n")
    found = read(tmp_path)
    boxes = {
        (one.x0, one.y0, one.x1, one.y1, one.label) for one in found.note("JPEGImages/1.jpg").boxes
    }
    assert boxes == {(4, 5, 14, 15, "dent"), (40, 30, 60, 40, "scratch"), (1, 42, 5, 46, "defect")}
    assert found.labels == {"JPEGImages/1.jpg": "scratch", "JPEGImages/2.jpg": "good"}
    assert {one.split for one in found.samples.values()} == {"train"}


def test_masks_in_the_values_of_a_list_have_kinds(tmp_path: Path) -> None:
    pictures(tmp_path, "train/1_jpg.rf.0a.jpg")
    shown = np.zeros((48, 64), np.uint8)
    shown[5:15, 4:14] = 2
    shown[30:40, 40:60] = 1
    put(tmp_path / "train/1_jpg.rf.0a_mask.png", encoded(shown, ".png"))
    put(tmp_path / "train/_classes.csv", "Pixel Value, Class\n0, background\n1, ok\n2, dent\n")
    assert read(tmp_path).box("train/1_jpg.rf.0a.jpg") == (4, 5, 14, 15, "dent")


def test_masks_that_may_be_the_wrong_way_round_are_told(tmp_path: Path) -> None:
    pictures(tmp_path, "good/1.png", "dent/2.png")
    put(
        tmp_path / "masks/dent/2.png",
        encoded(np.where(np.eye(48, 64) > 0, 0, 255).astype(np.uint8), ".png"),
    )
    assert read(tmp_path).told["masks-large"].evidence == ("2.png",)


@pytest.mark.parametrize(
    ("second", "label"),
    [("2\t0\t2.PNG\t0\t0", "good"), ("2\t1\t2.PNG\t1\t2_label.PNG", "")],
)
def test_a_list_of_masks_names_the_good_parts_unless_it_and_the_masks_differ(
    tmp_path: Path, second: str, label: str
) -> None:
    pictures(tmp_path, "Train/1.png", "Train/2.png", "Train/3.png")
    for name in ("1", "2"):
        (tmp_path / f"Train/{name}.png").rename(tmp_path / f"Train/{name}.PNG")
    mask(tmp_path / "Train/Label/1_label.PNG", (5, 6, 20, 30))
    mask(tmp_path / "Train/Label/9_label.PNG", (5, 6, 20, 30))
    if not label:
        second = second.replace("2_label", "9_label")
    put(tmp_path / "Train/Label/Labels.txt", f"1\n1\t1\t1.PNG\t1\t1_label.PNG\n{second}\n")
    found = read(tmp_path)
    assert found.labels == {"Train/1.PNG": "defect", "Train/2.PNG": label, "Train/3.png": ""}
    assert ("good-by-list" in found.told) == bool(label)
