"""Files of labelling tools where they are odd: what cannot be read, is not answered, or means another picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.visual_inspection import data
from tests.visual_inspection.builders import put
from tests.visual_inspection.pictures import pictures, read


def cvat(folder: Path, *images: str) -> Path:
    put(
        folder / "annotations.xml",
        f"<annotations><version>1.1</version>{''.join(images)}</annotations>",
    )
    return folder


def test_shapes_of_cvat_become_boxes(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"images/{name}.jpg" for name in "abcde"))
    cvat(
        tmp_path,
        '<image name="a.jpg"><ellipse label="dent" cx="20" cy="20" rx="5" ry="4"/></image>',
        '<image name="b.jpg"><mask label="dent" left="3" top="4" width="10" height="6" rle="1, 2"/></image>',
        '<image name="c.jpg"><polyline label="crack" points="1,2;30,40"/></image>',
        '<image name="d.jpg"><box label="dent" xtl="x" ytl="2" xbr="3" ybr="4"/></image>',
        '<image name="gone.jpg"/>',
    )
    found = read(tmp_path)
    assert found.box("images/a.jpg") == (15, 16, 25, 24, "dent")
    assert found.box("images/b.jpg") == (3, 4, 13, 10, "dent")
    assert found.box("images/c.jpg") == (1, 2, 30, 40, "crack")
    assert found.labels["images/d.jpg"] == "" and found.labels["images/e.jpg"] == ""
    assert found.told["malformed-label"].evidence == ("images/d.jpg",)
    assert found.told["label-without-image"].evidence == ("gone.jpg",)
    assert found.told["image-without-label"].evidence == ("images/e.jpg",)
    assert "3 with 3 boxes" in found.told["labels"].text


@pytest.mark.parametrize(
    ("first", "encoding"),
    [('<!DOCTYPE a [<!ENTITY b "c">]>', "utf-8"), ('<!DOCTYPE a [<!ENTITY b "c">]>', "utf-16"), ('<?xml version="1.0" encoding="x-none"?>', "utf-8")],
)  # fmt: skip
def test_an_xml_that_could_explode_or_cannot_be_decoded_is_not_parsed(
    first: str, encoding: str, tmp_path: Path
) -> None:
    pictures(tmp_path, *(f"{n}.jpg" for n in range(5)))
    images = "".join(f'<image name="{n}.jpg"><tag label="dent"/></image>' for n in range(5))
    content = f"{first}<annotations>{images}</annotations>".encode(encoding)
    put(tmp_path / "annotations.xml", content)
    with pytest.raises(DataError, match="may be labels"):
        read(tmp_path)


def test_an_xml_in_another_encoding_is_read(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    content = '<annotations><image name="a.jpg"><tag label="délié"/></image></annotations>'
    put(tmp_path / "annotations.xml", content.encode("utf-16"))
    assert read(tmp_path).labels["a.jpg"] == "délié"


def test_a_box_around_what_is_good_is_no_defect(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    box = '<box label="{}" xtl="1" ytl="2" xbr="30" ybr="40"/>'
    cvat(
        tmp_path,
        f'<image name="a.jpg">{box.format("OK")}</image>',
        f'<image name="b.jpg">{box.format("i.O.")}{box.format("dent")}</image>',
    )
    found = read(tmp_path)
    assert (found.note("a.jpg").label, found.note("a.jpg").boxes) == ("good", ())
    assert found.box("b.jpg") == (1, 2, 30, 40, "dent")


def task(name: str, *answers: object, **more: object) -> dict[str, object]:
    return {"id": 1, "data": {"image": name}, "annotations": list(answers), **more}


def rectangle(label: str) -> dict[str, object]:
    value = {"x": 25, "y": 50, "width": 25, "height": 25, "rectanglelabels": [label]}
    return {"type": "rectanglelabels", "value": value}


def test_tasks_of_label_studio_that_nobody_answered_are_open(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{name}.jpg" for name in "abcde"))
    put(
        tmp_path / "export.json",
        json.dumps([
            task("/data/local-files/?d=line%201/a.jpg", {"result": [rectangle("dent")]}),
            task("/data/upload/3/0a1b2c3d-b.jpg"),
            task("s3://line/c.jpg", {"was_cancelled": True, "result": []}),
            task("https://y.example/x/d.jpg?signature=1", {"result": []}),
            task("e.jpg", {"result": [rectangle("old")]}, {"result": [rectangle("dent")]}),
        ]),
    )  # fmt: skip
    found = read(tmp_path)
    assert data.detect_format(tmp_path) == "label-studio"
    assert found.box("a.jpg") == (16, 24, 32, 36, "dent")
    assert found.box("e.jpg") == (16, 24, 32, 36, "dent")
    assert found.labels == {
        "a.jpg": "dent",
        "b.jpg": "",
        "c.jpg": "",
        "d.jpg": "good",
        "e.jpg": "dent",
    }
    assert found.told["malformed-label"].evidence == ("b.jpg", "c.jpg")


def test_ellipses_polygons_and_brushes_of_label_studio(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    ellipse = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 25, "ellipselabels": ["dent"]}
    polygon = {"points": [[0, 0], [50, 0], [50, 100]], "polygonlabels": ["crack"]}
    brush = {"format": "rle", "rle": [1, 2], "brushlabels": ["dent"]}
    values = {"a.jpg": ellipse, "b.jpg": polygon, "c.jpg": brush}
    put(
        tmp_path / "x.json",
        json.dumps([task(n, {"result": [{"value": v}]}) for n, v in values.items()]),
    )
    found = read(tmp_path)
    assert found.box("a.jpg") == (25.6, 12, 38.4, 36, "dent")
    assert found.box("b.jpg") == (0, 0, 32, 48, "crack")
    assert found.labels["c.jpg"] == "" and "brush" in found.told["malformed-label"].text


def via(name: str, shape: object, attributes: object) -> dict[str, object]:
    return {
        "filename": name,
        "regions": {"0": {"shape_attributes": shape, "region_attributes": attributes}},
    }


def test_regions_of_via_in_its_older_form(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{name}.jpg" for name in "abcd"))
    rect = {"name": "rect", "x": 1, "y": 2, "width": 10, "height": 20}
    entries = [
        via(
            "a.jpg",
            {"name": "circle", "cx": 20, "cy": 20, "r": 5},
            {"note": "", "type": {"dent": True, "crack": False}},
        ),
        via("b.jpg", rect, {"shift": "late", "defect": "crack"}),
        via("c.jpg", rect, {}),
        via("d.jpg", {"name": "polygon", "all_points_x": [1, "x"], "all_points_y": [1, 2]}, {}),
    ]
    put(tmp_path / "via.json", json.dumps({str(n): one for n, one in enumerate(entries)}))
    found = read(tmp_path)
    assert found.box("a.jpg") == (15, 15, 25, 25, "dent")
    assert found.box("b.jpg") == (1, 2, 11, 22, "crack")
    assert found.box("c.jpg") == (1, 2, 11, 22, "defect")
    assert found.labels["d.jpg"] == ""


def test_the_same_name_in_two_folders_is_told_apart_or_not_at_all(tmp_path: Path) -> None:
    pictures(tmp_path, "cam1/1.jpg", "cam2/1.jpg")
    put(tmp_path / "labels.json", json.dumps({"x/cam2/1.jpg": "dent", "x/cam1/1.jpg": "ok"}))
    assert read(tmp_path).labels == {"cam1/1.jpg": "good", "cam2/1.jpg": "dent"}
    put(tmp_path / "labels.json", json.dumps({"1.jpg": "dent"}))
    found = read(tmp_path)
    assert found.labels == {"cam1/1.jpg": "", "cam2/1.jpg": ""}
    assert "or to several" in found.told["label-without-image"].text


def test_a_picture_that_two_files_state_is_told(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg")
    put(tmp_path / "x.json", json.dumps({"a.jpg": "dent"}))
    put(tmp_path / "y.json", json.dumps({"a.jpg": "ok"}))
    found = read(tmp_path)
    assert found.labels == {"a.jpg": "good"} and found.told["stated-twice"].evidence == ("a.jpg",)


def coco(folder: Path, *notes: dict[str, object]) -> Path:
    images = [{"id": n, "file_name": f"{name}.jpg"} for n, name in enumerate("abc")]
    content = {"images": images, "categories": [{"id": 1, "name": "dent"}, {"id": 2, "name": "ok"}]}
    put(folder / "coco.json", json.dumps(content | {"annotations": list(notes)}))
    return pictures(folder, "a.jpg", "b.jpg", "c.jpg")


def test_a_picture_of_coco_whose_annotation_cannot_be_read_is_not_good(tmp_path: Path) -> None:
    found = read(coco(tmp_path, {"image_id": 0, "category_id": 1, "bbox": ["x", 1, 2, 3]}))
    assert found.labels == {"a.jpg": "", "b.jpg": "good", "c.jpg": "good"}


def test_classes_runs_and_outlines_of_coco(tmp_path: Path) -> None:
    counts = [0] * 3
    counts = [
        10 * 48 + 5,
        6,
        48 - 6,
        6,
        64 * 48 - (10 * 48 + 5 + 6 + 42 + 6),
    ]  # columns 10 and 11, rows 5 to 10
    found = read(
        coco(
            tmp_path,
            {"image_id": 0, "category_id": 1, "segmentation": {"size": [48, 64], "counts": counts}},
            {"image_id": 1, "category_id": 1},
            {
                "image_id": 2,
                "category_id": 1,
                "segmentation": [[1, 2, 30, 2, 30, 40], [5, 5, 50, 6, 7, 8]],
            },
        )
    )
    assert found.box("a.jpg") == (10, 5, 12, 11, "dent")
    assert (found.note("b.jpg").label, found.note("b.jpg").boxes) == ("dent", ())
    assert found.box("c.jpg") == (1, 2, 50, 40, "dent")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", "[1, 2"), ("a.json", "[]"), ("a.json", "{}"), ("a.json", '{"x": [[[[]]]]}'), ("a.jsonl", '{"a": 1}\n[2]\n'),
        ("a.manifest", "\xff\x00"), ("a.xml", "<annotations><image>"), ("a.json", "[" * 100_000), ("a.labels", "null"),
    ],
)  # fmt: skip
def test_other_files_beside_pictures_are_passed_over(
    tmp_path: Path, name: str, content: str
) -> None:
    pictures(tmp_path, "good/1.jpg", "dent/2.jpg")
    put(tmp_path / name, content.encode("latin-1"))
    assert sorted(read(tmp_path).labels.values()) == ["dent", "good"]


def test_a_format_that_is_asked_for_and_not_there_says_so(tmp_path: Path) -> None:
    pictures(tmp_path, "1.jpg")
    for format in ("cvat", "via", "manifest", "labelme", "boxes", "names"):
        with pytest.raises(DataError) as error:
            read(tmp_path, format)
        assert error.value.fix


def test_a_name_whose_own_picture_is_absent_takes_no_other(tmp_path: Path) -> None:
    pictures(tmp_path, "cam1/1.jpg")
    put(
        tmp_path / "labels.json",
        json.dumps({"cam2/1.jpg": "dent", "cam1/1.jpg": "ok", "cam3/1.jpg": "dent"}),
    )
    found = read(tmp_path)
    assert found.labels == {"cam1/1.jpg": "good"}
    assert set(found.told["label-without-image"].evidence) == {"cam2/1.jpg", "cam3/1.jpg"}


def test_numbers_too_large_for_a_place_are_none(tmp_path: Path) -> None:
    found = read(coco(tmp_path, {"image_id": 0, "category_id": 1, "bbox": [10**400, 1, 2, 3]}))
    assert found.labels["a.jpg"] == ""


def _of_whole(tool: str, word: str) -> dict[str, object]:
    """A file without shapes that says one word of its whole picture."""
    size = {"imagePath": "x", "imageHeight": 48, "imageWidth": 64}
    return {
        "labelme": {"version": "5.0.1", "flags": {"ok": word == "ok", "pores": word == "pores"}, "shapes": [], **size},
        "supervisely": {"size": {"height": 48, "width": 64}, "objects": [], "tags": [{"name": "verdict", "value": word}]},
        "darwin": {"item": {"name": "x"}, "annotations": [{"name": word, "tag": {}}]},
        "superannotate": {"metadata": {"name": "x"}, "instances": [{"type": "tag", "className": word}]},
        "dataloop": {"filename": "x", "annotations": [{"type": "class", "label": word}]},
    }[tool]  # fmt: skip


@pytest.mark.parametrize("tool", ["labelme", "supervisely", "darwin", "superannotate", "dataloop"])
def test_what_is_said_of_a_whole_picture_is_its_class(tmp_path: Path, tool: str) -> None:
    words = {"a": "ok", "b": "pores" if tool == "labelme" else "scratch", "c": "ok"}
    pictures(tmp_path, *(f"{name}.jpg" for name in words))
    for name, word in words.items():
        put(tmp_path / f"{name}.json", json.dumps(_of_whole(tool, word)))
    assert read(tmp_path).labels == {"a.jpg": "good", "b.jpg": words["b"], "c.jpg": "good"}


def test_flags_of_which_none_is_set_state_nothing_and_other_words_no_verdict(
    tmp_path: Path,
) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    put(tmp_path / "a.json", json.dumps(_of_whole("labelme", "")))
    put(tmp_path / "b.json", json.dumps(_of_whole("labelme", "") | {"flags": {"night": True}}))
    put(tmp_path / "c.json", json.dumps(_of_whole("labelme", "") | {"flags": {"scratch": False}}))
    found = read(tmp_path)
    assert found.labels == {"a.jpg": "", "b.jpg": "good", "c.jpg": "good"}
    assert found.told["image-without-label"].evidence == ("a.jpg",)
    assert found.told["words-not-read"].evidence == ("b.jpg: night",)


@pytest.mark.parametrize(
    ("flags", "labels"),
    [
        # what is set of good parts, too, is no kind of defect
        ([{"ok": True, "checked": True}, {"ok": False, "checked": True}], ["good", ""]),
        ([{"ok": True, "blurry": True}, {"ok": False, "pores": True}], ["good", "pores"]),
        # flags that a project offers and nobody sets
        ([{"ok": False, "nok": False}, {"ok": False, "nok": False}], ["good", "good"]),
        ([{"ok": True, "scratch": True}, {"ok": True}], ["scratch", "good"]),
    ],
)
def test_flags_are_understood_by_those_of_the_other_pictures(
    tmp_path: Path, flags: list[dict[str, bool]], labels: list[str]
) -> None:
    names = [f"{n}.jpg" for n in range(len(flags))]
    pictures(tmp_path, *names)
    for n, own in enumerate(flags):
        put(tmp_path / f"{n}.json", json.dumps(_of_whole("labelme", "") | {"flags": own}))
    assert read(tmp_path).labels == dict(zip(names, labels))


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [("scratch", "none", "good"), ("scratch", False, "good"), ("ok", "no", "defect"), ("scratch", None, "scratch")],
)  # fmt: skip
def test_a_tag_whose_value_says_no_says_that_it_is_not(
    tmp_path: Path, name: str, value: object, label: str
) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    for one, said in (("a", value), ("b", value)):
        put(tmp_path / f"{one}.json", json.dumps(_of_whole("supervisely", "") | {"tags": [{"name": name, "value": said}]}))  # fmt: skip
    assert read(tmp_path).labels == {"a.jpg": label, "b.jpg": label}
