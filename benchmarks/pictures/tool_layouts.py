"""What labelling tools write: a file for each picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.pictures.made import HEIGHT, WIDTH, Part
from benchmarks.pictures.writing import Collection, corners, put, sized

layout = Collection()
KINDS = ("scratch", "dent")
_WHERE = ("split",)


def pictures(folder: Path, parts: Sequence[Part], *, split: bool = False) -> None:
    """`0001.jpg` …, in a folder per split if asked for."""
    for part in parts:
        put(folder / (part.split if split else "") / f"{part.stem}.jpg", part.encoded())


@layout("LabelImg (YOLO): a txt beside each picture, classes.txt", without=_WHERE)
def labelimg_yolo(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    _yolo(folder, parts)
    put(folder / "classes.txt", "scratch\ndent\n")


def _yolo(folder: Path, parts: Sequence[Part], *, polygons: bool = False) -> None:
    for part in parts:
        put(folder / f"{part.stem}.txt", _yolo_line(part, polygons=polygons))


def _yolo_line(part: Part, *, polygons: bool = False) -> str:
    if part.box is None:
        return ""
    x, y, w, h = sized(part.box)
    values = [(x + w / 2) / WIDTH, (y + h / 2) / HEIGHT, w / WIDTH, h / HEIGHT]
    if polygons:
        values = [
            v / side for corner in corners(part.box) for v, side in zip(corner, (WIDTH, HEIGHT))
        ]
    return " ".join([str(KINDS.index(part.kind)), *(f"{v:.6f}" for v in values)]) + "\n"


@layout("Roboflow (YOLO): train, valid, test, data.yaml with ../")
def roboflow_yolo(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        split = {"train": "train", "val": "valid", "test": "test"}[part.split]
        put(folder / split / "images" / f"{part.stem}_jpg.rf.0a1b.jpg", part.encoded())
        put(folder / split / "labels" / f"{part.stem}_jpg.rf.0a1b.txt", _yolo_line(part))
    lists = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n"
    put(folder / "data.yaml", lists + "\nnc: 2\nnames: ['scratch', 'dent']\n")


@layout("YOLO polygons, train/images and train/labels without a data.yaml")
def yolo_split_folders(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(folder / part.split / "images" / f"{part.stem}.jpg", part.encoded())
        put(folder / part.split / "labels" / f"{part.stem}.txt", _yolo_line(part, polygons=True))
    put(folder / "classes.txt", "scratch\ndent\n")


@layout("CVAT (YOLO 1.1): obj.names, obj_train_data", without=_WHERE)
def cvat_yolo(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "obj_train_data", parts)
    _yolo(folder / "obj_train_data", parts)
    put(folder / "obj.names", "scratch\ndent\n")
    put(
        folder / "obj.data",
        "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n",
    )
    put(folder / "train.txt", "".join(f"data/obj_train_data/{part.stem}.jpg\n" for part in parts))


@layout("Label Studio (YOLO): images, labels, classes.txt, notes.json", without=_WHERE)
def label_studio_yolo(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    _yolo(folder / "labels", parts)
    put(folder / "classes.txt", "scratch\ndent\n")
    put(
        folder / "notes.json",
        {"categories": [{"id": 0, "name": "scratch"}], "info": {"year": 2025}},
    )


def _voc(part: Part, file: str) -> str:
    box = ""
    if part.box is not None:
        x0, y0, x1, y1 = part.box
        box = f"<object><name>{part.kind}</name><pose>Unspecified</pose><difficult>0</difficult><bndbox><xmin>{x0}</xmin>"
        box += f"<ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"
    return f"<annotation><folder>x</folder><filename>{file}</filename>{size}{box}</annotation>"


@layout("Pascal VOC: JPEGImages, Annotations, ImageSets")
def voc(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "JPEGImages", parts)
    for part in parts:
        put(folder / "Annotations" / f"{part.stem}.xml", _voc(part, f"{part.stem}.jpg"))
    for split in ("train", "val", "test"):
        names = "".join(f"{part.stem}\n" for part in parts if part.split == split)
        put(folder / "ImageSets/Main" / f"{split}.txt", names)


@layout(
    "NEU-DET: train and validation, images in class folders, annotations",
    without=("good",),
    rest="val",
)
def neu_det(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        if not part.good:
            split = "train" if part.split == "train" else "validation"
            put(
                folder / "NEU-DET" / split / "images" / part.kind / f"{part.stem}.jpg",
                part.encoded(),
            )
            put(
                folder / "NEU-DET" / split / "annotations" / f"{part.stem}.xml",
                _voc(part, part.stem),
            )


@layout("LabelMe in a folder of its own", without=_WHERE)
def labelme(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    for part in parts:
        shapes = (
            [{"label": part.kind, "points": corners(part.box), "shape_type": "polygon"}]
            if part.box
            else []
        )
        path = f"..\\images\\{part.stem}.jpg"
        put(folder / "annotations" / f"{part.stem}.json",
            {"version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": path, "imageData": None})  # fmt: skip


@layout("Supervisely: img and ann", without=_WHERE)
def supervisely(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "ds/img", parts)
    put(folder / "meta.json", {"classes": [{"title": "scratch", "shape": "polygon"}], "tags": []})
    for part in parts:
        shapes: list[object] = []
        if part.box and part.kind == "dent":
            x0, y0, x1, y1 = part.box
            points = {"exterior": [[x0, y0], [x1, y1]], "interior": []}
            shapes = [{"classTitle": "dent", "geometryType": "rectangle", "points": points}]
        elif part.box:
            shapes = [
                {
                    "classTitle": "scratch",
                    "geometryType": "polygon",
                    "points": {"exterior": corners(part.box), "interior": []},
                }
            ]
        size = {"height": HEIGHT, "width": WIDTH}
        put(
            folder / "ds/ann" / f"{part.stem}.jpg.json",
            {"description": "", "tags": [], "size": size, "objects": shapes},
        )


@layout("V7 Darwin: a JSON per picture", without=_WHERE)
def darwin(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    for part in parts:
        notes = []
        if part.box:
            x, y, w, h = sized(part.box)
            notes = [
                {"id": "u", "name": part.kind, "bounding_box": {"x": x, "y": y, "w": w, "h": h}}
            ]
        item = {
            "name": f"{part.stem}.jpg",
            "path": "/",
            "slots": [{"width": WIDTH, "height": HEIGHT}],
        }
        put(
            folder / "annotations" / f"{part.stem}.json",
            {"version": "2.0", "item": item, "annotations": notes},
        )


LAYOUTS = tuple(layout.layouts)
