"""What labelling tools write: one file for all pictures, or for those of a split."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from benchmarks.pictures.made import HEIGHT, WIDTH, Part
from benchmarks.pictures.tool_layouts import KINDS, pictures
from benchmarks.pictures.writing import Collection, corners, put, rows, sized

layout = Collection()
_WHERE = ("split",)


def coco(parts: Sequence[Part], *, polygons: bool = False) -> dict[str, object]:
    notes = []
    for part in parts:
        if part.box is None:
            continue
        note = {
            "id": part.number,
            "image_id": part.number,
            "category_id": KINDS.index(part.kind) + 1,
            "iscrowd": 0,
            "area": 99,
        }
        ring = [float(v) for corner in corners(part.box) for v in corner]
        notes.append(
            note
            | (
                {"segmentation": [ring]}
                if polygons
                else {"bbox": sized(part.box), "segmentation": []}
            )
        )
    files = [
        {"id": p.number, "file_name": f"{p.stem}.jpg", "width": WIDTH, "height": HEIGHT}
        for p in parts
    ]
    return {
        "info": {}, "licenses": [], "images": files, "annotations": notes,
        "categories": [{"id": 1, "name": "scratch"}, {"id": 2, "name": "dent"}],
    }  # fmt: skip


@layout("CVAT (COCO): annotations/instances_default.json", without=_WHERE)
def cvat_coco(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    put(folder / "annotations/instances_default.json", coco(parts))


@layout("Roboflow (COCO): _annotations.coco.json in each split, the same names in all")
def roboflow_coco(folder: Path, parts: Sequence[Part]) -> None:
    for split, name in (("train", "train"), ("val", "valid"), ("test", "test")):
        some = [part for part in parts if part.split == split]
        content = coco(some)
        for number, part in enumerate(some):
            put(folder / name / f"img_{number}.jpg", part.encoded())
        files = [{"id": p.number, "file_name": f"img_{n}.jpg"} for n, p in enumerate(some)]
        put(folder / name / "_annotations.coco.json", content | {"images": files})


@layout("COCO with polygons and without boxes", without=_WHERE)
def coco_polygons(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    put(folder / "result.json", coco(parts, polygons=True))


@layout("CVAT for images: annotations.xml", without=_WHERE)
def cvat_xml(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    shapes = []
    for part in parts:
        inner = ""
        if part.box and part.kind == "dent":
            x0, y0, x1, y1 = part.box
            inner = f'<box label="dent" source="manual" occluded="0" xtl="{x0}" ytl="{y0}" xbr="{x1}" ybr="{y1}" z_order="0"></box>'
        elif part.box:
            points = ";".join(f"{x:.2f},{y:.2f}" for x, y in corners(part.box))
            inner = (
                f'<polygon label="scratch" source="manual" points="{points}" z_order="0"></polygon>'
            )
        name = quoteattr(f"{part.stem}.jpg")
        shapes.append(
            f'<image id="{part.number}" name={name} width="{WIDTH}" height="{HEIGHT}">{inner}</image>'
        )
    put(
        folder / "annotations.xml",
        f'<?xml version="1.0"?><annotations><version>1.1</version>{"".join(shapes)}</annotations>',
    )


@layout("CVAT for images: tags only", without=("split", "boxes"))
def cvat_tags(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    tags = "".join(
        f'<image id="{p.number}" name="{p.stem}.jpg" width="{WIDTH}" height="{HEIGHT}"><tag label="{p.kind}" source="manual"></tag></image>'
        for p in parts
    )
    put(
        folder / "annotations.xml",
        f"<annotations><version>1.1</version><meta><task/></meta>{tags}</annotations>",
    )


def _via(part: Part) -> dict[str, object]:
    regions = []
    if part.box and part.kind == "dent":
        x, y, w, h = sized(part.box)
        regions = [
            {
                "shape_attributes": {"name": "rect", "x": x, "y": y, "width": w, "height": h},
                "region_attributes": {"defect": "dent"},
            }
        ]
    elif part.box:
        xs, ys = zip(*corners(part.box))
        shape = {"name": "polygon", "all_points_x": list(xs), "all_points_y": list(ys)}
        regions = [{"shape_attributes": shape, "region_attributes": {"defect": "scratch"}}]
    return {"filename": f"{part.stem}.jpg", "size": 4711, "regions": regions, "file_attributes": {}}


@layout("VIA: project", without=_WHERE)
def via_project(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    images = {f"{part.stem}.jpg4711": _via(part) for part in parts}
    put(
        folder / "via_project.json",
        {
            "_via_settings": {"ui": {}},
            "_via_img_metadata": images,
            "_via_attributes": {"region": {}},
        },
    )


@layout("VIA: annotations as JSON", without=_WHERE)
def via_json(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    put(folder / "via_region_data.json", {f"{part.stem}.jpg4711": _via(part) for part in parts})


@layout("VIA: annotations as CSV", without=_WHERE)
def via_csv(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    cells: list[list[object]] = []
    for part in parts:
        one = _via(part)
        regions = one["regions"]
        assert isinstance(regions, list)
        shape, kind = (
            (regions[0]["shape_attributes"], regions[0]["region_attributes"])
            if regions
            else ({}, {})
        )
        cells.append(
            [one["filename"], 4711, "{}", len(regions), 0, json.dumps(shape), json.dumps(kind)]
        )
    header = [
        "filename",
        "file_size",
        "file_attributes",
        "region_count",
        "region_id",
        "region_shape_attributes",
        "region_attributes",
    ]
    put(folder / "via_region_data.csv", rows(cells, header=header))


def _studio(part: Part, *, drawn: bool = True) -> list[dict[str, object]]:
    if not drawn:
        return [
            {
                "type": "choices",
                "from_name": "choice",
                "to_name": "image",
                "value": {"choices": [part.kind]},
            }
        ]
    if part.box is None:
        return []
    x, y, w, h = sized(part.box)
    value = {
        "x": 100 * x / WIDTH, "y": 100 * y / HEIGHT, "width": 100 * w / WIDTH, "height": 100 * h / HEIGHT, "rotation": 0,
        "rectanglelabels": [part.kind],
    }  # fmt: skip
    return [
        {
            "type": "rectanglelabels",
            "original_width": WIDTH,
            "original_height": HEIGHT,
            "image_rotation": 0,
            "value": value,
        }
    ]


def _tasks(parts: Sequence[Part], *, drawn: bool) -> list[object]:
    return [
        {
            "id": part.number, "file_upload": f"a1b2c3d4-{part.stem}.jpg", "data": {"image": f"/data/upload/1/a1b2c3d4-{part.stem}.jpg"},
            "annotations": [{"id": 9, "was_cancelled": False, "result": _studio(part, drawn=drawn)}], "predictions": [],
        }
        for part in parts
    ]  # fmt: skip


@layout("Label Studio: JSON", without=_WHERE)
def label_studio(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "pictures", parts)
    put(folder / "project-1-at-2025-03-01.json", _tasks(parts, drawn=True))


@layout("Label Studio: JSON with choices", without=("split", "boxes"))
def label_studio_choices(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "pictures", parts)
    put(folder / "project-1.json", _tasks(parts, drawn=False))


@layout("Label Studio: JSON-MIN", without=_WHERE)
def label_studio_min(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    tasks: list[object] = []
    for part in parts:
        task: dict[str, object] = {
            "image": f"/data/upload/1/a1b2c3d4-{part.stem}.jpg",
            "id": part.number,
            "annotator": 1,
            "lead_time": 4.2,
        }
        drawn = _studio(part)
        if drawn:
            value = drawn[0]["value"]
            assert isinstance(value, dict)
            task["label"] = [value | {"original_width": WIDTH, "original_height": HEIGHT}]
        tasks.append(task)
    put(folder / "min.json", tasks)


@layout("CreateML: _annotations.createml.json in each split")
def create_ml(folder: Path, parts: Sequence[Part]) -> None:
    for split, name in (("train", "train"), ("val", "valid"), ("test", "test")):
        some, notes = [part for part in parts if part.split == split], []
        pictures(folder / name, some)
        for part in some:
            drawn = []
            if part.box:
                x, y, w, h = sized(part.box)
                drawn = [
                    {
                        "label": part.kind,
                        "coordinates": {"x": x + w / 2, "y": y + h / 2, "width": w, "height": h},
                    }
                ]
            notes.append({"image": f"{part.stem}.jpg", "annotations": drawn})
        put(folder / name / "_annotations.createml.json", notes)


@layout("Datumaro: annotations/default.json", without=_WHERE)
def datumaro(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images/default", parts)
    items = []
    for part in parts:
        notes = (
            [{"id": 0, "type": "bbox", "label_id": KINDS.index(part.kind), "bbox": sized(part.box)}]
            if part.box
            else []
        )
        items.append(
            {
                "id": part.stem,
                "annotations": notes,
                "image": {"path": f"{part.stem}.jpg", "size": [HEIGHT, WIDTH]},
            }
        )
    names = [{"name": "scratch", "parent": ""}, {"name": "dent", "parent": ""}]
    put(
        folder / "annotations/default.json",
        {"info": {}, "categories": {"label": {"labels": names}}, "items": items},
    )


LAYOUTS = tuple(layout.layouts)
