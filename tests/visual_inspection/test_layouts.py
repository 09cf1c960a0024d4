"""Pictures as people keep them: wrapped folders, masks, tables, LabelMe; what is not understood is never taken for good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.visual_inspection import data
from kits.visual_inspection._words import is_good
from tests.visual_inspection.builders import put
from tests.visual_inspection.pictures import pictures
from tests.visual_inspection.pictures import read as read_pictures


def read(path: Path) -> tuple[dict[str, str], dict[str, Finding]]:
    """Label of each picture (empty: not annotated), and findings."""
    found = read_pictures(path)
    return found.labels, found.told


def test_folders_around_the_classes_are_no_classes(tmp_path: Path) -> None:
    pictures(
        tmp_path, "pcb/Data/Images/Normal/1.jpg", "pcb/Data/Images/Anomaly/2.jpg", "pcb/Data/Masks/Anomaly/2.png",
    )  # fmt: skip
    labels, told = read(tmp_path)
    assert sorted(labels.values()) == ["Anomaly", "good"]
    assert told["masks"].level == "pass" and "1 masks" in told["masks"].text


def test_one_product_of_a_collection_has_its_splits(tmp_path: Path) -> None:
    pictures(
        tmp_path,
        "bottle/train/good/1.png",
        "bottle/test/broken/2.png",
        "bottle/ground_truth/broken/2_mask.png",
    )
    found = [one for one in data.read(tmp_path, "auto") if isinstance(one, RawSample)]
    assert {(one.split, one.annotation.label) for one in found if one.annotation} == {
        ("train", "good"),
        ("test", "broken"),
    }


def test_several_products_side_by_side_are_refused(tmp_path: Path) -> None:
    pictures(tmp_path, "bottle/train/good/1.png", "cable/train/good/2.png")
    with pytest.raises(DataError, match="2 data sets in one folder") as error:
        read(tmp_path)
    assert "bottle, cable" in error.value.what


def test_a_picture_called_a_mask_without_another_is_a_picture(tmp_path: Path) -> None:
    labels, _ = read(pictures(tmp_path, "good/face_mask.jpg", "torn/face_mask_2.jpg"))
    assert sorted(labels.values()) == ["good", "torn"]


@pytest.mark.parametrize(
    "name",
    [
        "ok_front",
        "Gutteil",
        "defect-free",
        "OK parts",
        "i.O.",
        "OK_Cam1",
        "2025-03-01_OK",
        "no crack",
        "OK Bilder",
        "bestanden",
        "良品",
    ],
)
def test_words_for_good_parts(name: str) -> None:
    assert is_good(name)


@pytest.mark.parametrize(
    "name",
    [
        "not_ok",
        "no good",
        "nok",
        "def_front",
        "NIO",
        "front",
        "ok_scratch",
        "no label",
        "NG_Cam1",
        "NOK Bilder",
        "nicht bestanden",
        "不良品",
    ],
)
def test_words_that_are_none(name: str) -> None:
    assert not is_good(name)


def test_a_table_beside_the_pictures_says_their_classes(tmp_path: Path) -> None:
    pictures(tmp_path, "images/a.jpg", "images/b.jpg", "images/c.jpg")
    put(
        tmp_path / "labels.csv",
        "filename;Fehler;split\nimages/a.jpg;ok;train\nB.JPG;Kratzer;test\nz.jpg;ok;train\n",
    )
    assert data.detect_format(tmp_path) == "table"
    labels, told = read(tmp_path)
    assert labels == {"images/a.jpg": "good", "images/b.jpg": "Kratzer", "images/c.jpg": ""}
    assert told["image-without-label"].evidence == ("images/c.jpg",)
    assert told["label-without-image"].evidence == ("z.jpg",)


@pytest.mark.parametrize(
    ("column", "labels"), [("defective", ["defect", "good"]), ("ok", ["good", "defect"])]
)
def test_a_one_means_what_its_column_asks(tmp_path: Path, column: str, labels: list[str]) -> None:
    pictures(tmp_path, "1.png", "2.png")
    put(tmp_path / "list.csv", f"image,{column}\n1,1\n2,0\n")
    assert list(read(tmp_path)[0].values()) == labels


def test_a_number_of_which_nobody_knows_what_it_means_is_asked_about(tmp_path: Path) -> None:
    pictures(tmp_path, "1.png", "2.png")
    put(tmp_path / "list.csv", "image,label\n1.png,1\n2.png,0\n")
    with pytest.raises(DataError, match="may mean good or defective") as error:
        read(tmp_path)
    assert "column label" in error.value.where


def test_a_table_without_a_class_is_asked_about(tmp_path: Path) -> None:
    pictures(tmp_path, "1.png", "2.png")
    put(tmp_path / "list.csv", "image,operator\n1.png,Jo\n2.png,Al\n")
    with pytest.raises(DataError, match="no column tells their class: operator"):
        read(tmp_path)


def test_tables_that_do_not_name_the_pictures_are_passed_over(tmp_path: Path) -> None:
    pictures(tmp_path, "1.png", "2.png")
    put(tmp_path / "temperatures.csv", "time,celsius\n1,20.5\n2,20.6\n")
    put(tmp_path / "empty.csv", "")
    assert data.detect_format(tmp_path) == "golden"


def test_shapes_of_labelme_become_boxes(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    polygon = {"label": "dent", "shape_type": "polygon", "points": [[10, 8], [30, 12], [20, 40]]}
    circle = {"label": "hole", "shape_type": "circle", "points": [[30, 20], [35, 20]]}
    broken = {"label": "dent", "points": [["x", 1], [2, 3]]}
    for name, shapes in (("a", [polygon]), ("b", [circle]), ("c", []), ("d", [broken])):
        put(tmp_path / f"{name}.json", json.dumps({"shapes": shapes, "imageData": None}))
    assert data.detect_format(tmp_path) == "labelme"
    found = list(data.read(tmp_path, "auto"))
    a, b, c, d = (one for one in found if isinstance(one, RawSample))
    assert a.annotation is not None and b.annotation is not None and c.annotation is not None
    box, hole = a.annotation.boxes[0], b.annotation.boxes[0]
    assert (box.x0, box.y0, box.x1, box.y1, box.label) == (10, 8, 30, 40, "dent")
    assert (hole.x0, hole.y0, hole.x1, hole.y1) == (25, 15, 35, 25)
    assert c.annotation.label == "good" and d.annotation is None
    assert any(one.check == "malformed-label" for one in found if isinstance(one, Finding))


def test_files_that_may_be_labels_are_not_passed_over(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    put(tmp_path / "a.txt", "0 0.5 0.5 0.1 0.1\n")
    with pytest.raises(DataError, match="may be labels") as error:
        data.detect_format(tmp_path)
    assert "--format golden" in error.value.fix
    assert len([one for one in data.read(tmp_path, "golden") if isinstance(one, RawSample)]) == 2


def test_lists_of_the_splits_are_kept_and_a_name_in_two_has_none(tmp_path: Path) -> None:
    pictures(tmp_path, "good/1.jpg", "good/2.jpg", "dent/3.jpg", "dent/4.jpg")
    put(tmp_path / "splits/train.txt", "\ufeffgood/1.jpg\n./dent/3.jpg 1\n2\n")
    put(tmp_path / "splits/test.txt", "2.jpg\nC:\\line\\dent\\4.jpg\nghost.jpg\n")
    found = read_pictures(tmp_path).samples
    assert [found[n].split for n in ("good/1.jpg", "good/2.jpg", "dent/3.jpg", "dent/4.jpg")] == [
        "train",
        None,
        "train",
        "test",
    ]


def test_names_of_classes_with_a_mark_of_order_of_bytes(tmp_path: Path) -> None:
    pictures(tmp_path, "1.jpg", "2.jpg")
    put(tmp_path / "classes.txt", "\ufeffscratch\ndent\n")
    put(tmp_path / "1.txt", "\ufeff0 0.5 0.5 0.25 0.5\n")
    put(tmp_path / "2.txt", "")
    assert read(tmp_path)[0] == {"1.jpg": "scratch", "2.jpg": "good"}


def test_splits_lie_at_any_depth_beside_another_set_without_them(tmp_path: Path) -> None:
    """The casting set as it is downloaded: `train` and `test` were classes of defects."""
    kinds = ("def_front", "ok_front")
    pictures(tmp_path, *(f"casting_512/casting_512/{kind}/1.jpg" for kind in kinds))
    pictures(
        tmp_path,
        *(
            f"casting/casting/{part}/{kind}/{part}2.jpg"
            for part in ("train", "test")
            for kind in kinds
        ),
    )
    found = read_pictures(tmp_path)
    assert set(found.labels.values()) == {"def_front", "good"}
    assert found.labels["casting/casting/test/ok_front/test2.jpg"] == "good"
    assert found.samples["casting/casting/test/ok_front/test2.jpg"].split == "test"
    assert found.samples["casting_512/casting_512/ok_front/1.jpg"].split is None


def test_products_side_by_side_are_refused_below_another_folder_too(tmp_path: Path) -> None:
    for product in ("bottle", "cable"):
        pictures(tmp_path, f"mvtec/{product}/train/good/1.png", f"mvtec/{product}/test/dent/1.png")
    with pytest.raises(
        DataError,
        match="2 data sets in one folder, each with splits of its own: mvtec/bottle, mvtec/cable",
    ):
        read(tmp_path)


def test_a_folder_of_what_nobody_has_judged_is_no_class_of_defects(tmp_path: Path) -> None:
    pictures(
        tmp_path, *(f"{one}/{one}{n}.png" for one in ("gut", "Kratzer", "unklar") for n in (1, 2))
    )
    labels, told = read(tmp_path)
    assert labels["gut/gut1.png"] == "good"
    assert labels["Kratzer/Kratzer1.png"] == "Kratzer"
    assert labels["unklar/unklar1.png"] == ""
    assert told["image-without-label"].evidence == (
        "unklar/unklar1.png",
        "unklar/unklar2.png",
    )


def test_a_folder_of_unknown_or_open_defects_is_a_class(tmp_path: Path) -> None:
    pictures(tmp_path, "gut/1.png", "unknown/2.png", "offen/3.png")
    labels, told = read(tmp_path)
    assert sorted(labels.values()) == ["good", "offen", "unknown"]
    assert "image-without-label" not in told
