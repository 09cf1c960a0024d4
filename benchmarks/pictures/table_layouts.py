"""Labels in a table or a list of lines beside the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

from benchmarks.pictures.made import HEIGHT, WIDTH, Part
from benchmarks.pictures.tool_layouts import KINDS, pictures
from benchmarks.pictures.writing import Collection, lines, put, rows, runs, sized

layout = Collection()
_PLACE = ("boxes", "split")
_GERMAN = {"scratch": "Kratzer", "dent": "Delle"}


@layout("a spreadsheet of verdicts", without=_PLACE, words=_GERMAN)
def spreadsheet(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "Bilder", parts)
    book = xlsxwriter.Workbook(str(folder / "Befunde.xlsx"))
    sheet = book.add_worksheet("Prüfung")
    sheet.write_row(0, 0, ["Bild", "Befund", "Prüfer"])
    for n, part in enumerate(parts, start=1):
        verdict = _GERMAN.get(part.kind, "i.O.")
        sheet.write_row(n, 0, [f"{part.stem}.jpg", verdict, "Jo" if n % 3 else "Al"])
    book.close()


@layout("a table of names and classes without a header", without=_PLACE)
def headless(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    put(folder / "labels.csv", rows([[f"images/{p.stem}.jpg", p.kind] for p in parts]))


@layout("ELPV: a table of spaces without a header", refused="may be labels")
def elpv(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    entries = [
        f"images/{p.stem}.jpg  {0.0 if p.good else 1.0}   {'mono' if p.number % 3 else 'poly'}\n"
        for p in parts
    ]
    put(folder / "labels.csv", "".join(entries))


@layout("VisA: image_anno.csv", without=("split",))
def image_anno(folder: Path, parts: Sequence[Part]) -> None:
    cells: list[list[str]] = []
    for part in parts:
        place = f"plate/Data/Images/{'Normal' if part.good else 'Anomaly'}/{part.stem}.JPG"
        put(folder / place, part.encoded())
        mask = "" if part.good else f"plate/Data/Masks/Anomaly/{part.stem}.png"
        if mask:
            put(folder / mask, part.encoded(".png", mask=True))
        cells.append([place, "normal" if part.good else part.kind, mask])
    put(folder / "plate/image_anno.csv", rows(cells, header=["image", "label", "mask"]))


@layout("Roboflow: _classes.csv, a column per class", without=("boxes",))
def one_hot(folder: Path, parts: Sequence[Part]) -> None:
    for split, name in (("train", "train"), ("val", "valid"), ("test", "test")):
        some = [part for part in parts if part.split == split]
        pictures(folder / name, some)
        cells = [
            [f"{p.stem}.jpg", int(p.kind == "dent"), int(p.good), int(p.kind == "scratch")]
            for p in some
        ]
        put(
            folder / name / "_classes.csv",
            rows(cells, header=["filename", " dent", " good", " scratch"]),
        )


@layout("Roboflow: _annotations.csv of boxes", without=("good",))
def roboflow_boxes(folder: Path, parts: Sequence[Part]) -> None:
    for split, name in (("train", "train"), ("val", "valid"), ("test", "test")):
        some = [part for part in parts if part.split == split]
        pictures(folder / name, some)
        cells = [[f"{p.stem}.jpg", WIDTH, HEIGHT, p.kind, *p.box] for p in some if p.box]
        header = ["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"]
        put(folder / name / "_annotations.csv", rows(cells, header=header))


@layout("RetinaNet: boxes without a header, empty for good parts", without=("split",))
def retinanet(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    cells = [
        [f"images/{p.stem}.jpg", *(p.box or ("",) * 4), "" if p.good else p.kind] for p in parts
    ]
    put(folder / "annotations.csv", rows(cells))


@layout("Open Images: boxes as shares", without=("split", "good"))
def open_images(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "data", parts)
    cells = []
    for part in parts:
        if part.box:
            x0, y0, x1, y1 = part.box
            cells.append(
                [
                    part.stem,
                    "xclick",
                    part.kind,
                    1,
                    x0 / WIDTH,
                    x1 / WIDTH,
                    y0 / HEIGHT,
                    y1 / HEIGHT,
                    0,
                ]
            )
    header = [
        "ImageID",
        "Source",
        "LabelName",
        "Confidence",
        "XMin",
        "XMax",
        "YMin",
        "YMax",
        "IsOccluded",
    ]
    put(folder / "boxes.csv", rows(cells, header=header))


@layout("Google AutoML: set, address, class, corners", without=("good",))
def automl(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    cells = []
    for part in parts:
        if part.box:
            x0, y0, x1, y1 = part.box
            split = {"train": "TRAIN", "val": "VALIDATE", "test": "TEST"}[part.split]
            share = [x0 / WIDTH, y0 / HEIGHT, "", "", x1 / WIDTH, y1 / HEIGHT, "", ""]
            cells.append([split, f"gs://plates/{part.stem}.jpg", part.kind, *share])
    put(folder / "export.csv", rows(cells))


@layout("makesense: class, x, y, width, height, file", without=("split", "good"))
def makesense(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    cells = [[p.kind, *sized(p.box), f"{p.stem}.jpg", WIDTH, HEIGHT] for p in parts if p.box]
    header = [
        "label_name",
        "bbox_x",
        "bbox_y",
        "bbox_width",
        "bbox_height",
        "image_name",
        "image_width",
        "image_height",
    ]
    put(folder / "labels_my-project.csv", rows(cells, header=header))


@layout(
    "Severstal: runs of pixels, every picture listed",
    without=("split",),
    words={"scratch": "1", "dent": "2"},
)
def severstal(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "train_images", parts)
    cells = [
        [f"{p.stem}.jpg", "" if p.good else KINDS.index(p.kind) + 1, "" if p.good else runs(p)]
        for p in parts
    ]
    put(folder / "train.csv", rows(cells, header=["ImageId", "ClassId", "EncodedPixels"]))


@layout(
    "Severstal (2019): a line per picture and class",
    without=("split",),
    words={"scratch": "1", "dent": "2"},
)
def severstal_2019(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "train_images", parts)
    cells = [
        [f"{p.stem}.jpg_{n}", runs(p) if p.kind == kind else ""] for p in parts for n, kind in ((1, "scratch"), (2, "dent"))
    ]  # fmt: skip
    put(folder / "train.csv", rows(cells, header=["ImageId_ClassId", "EncodedPixels"]))


@layout("SageMaker: a manifest of boxes", without=("split",))
def sagemaker(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    entries = []
    for part in parts:
        notes = []
        if part.box:
            x, y, w, h = sized(part.box)
            notes = [
                {"class_id": KINDS.index(part.kind), "left": x, "top": y, "width": w, "height": h}
            ]
        size = [{"width": WIDTH, "height": HEIGHT, "depth": 3}]
        named = {str(KINDS.index(part.kind)): part.kind} if part.box else {}
        entries.append({
            "source-ref": f"s3://plates/{part.stem}.jpg", "plates": {"image_size": size, "annotations": notes},
            "plates-metadata": {"class-map": named, "type": "groundtruth/object-detection", "human-annotated": "yes"},
        })  # fmt: skip
    put(folder / "output.manifest", lines(entries))


@layout("Lookout for Vision: a manifest of verdicts", without=("boxes", "kind", "split"))
def lookout(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    entries = [
        {
            "source-ref": f"s3://plates/{p.stem}.jpg", "anomaly-label": int(not p.good),
            "anomaly-label-metadata": {"class-name": "normal" if p.good else "anomaly", "type": "groundtruth/image-classification"},
        }
        for p in parts
    ]  # fmt: skip
    put(folder / "train.manifest", lines(entries))


@layout("Hugging Face: metadata.jsonl of classes", without=("boxes",), rest="test")
def metadata(folder: Path, parts: Sequence[Part]) -> None:
    for split in ("train", "test"):
        some = [p for p in parts if (p.split == "train") == (split == "train")]
        pictures(folder / split, some)
        entries = [{"file_name": f"{p.stem}.jpg", "label": p.kind} for p in some]
        put(folder / split / "metadata.jsonl", lines(entries))


@layout("Hugging Face: metadata.jsonl of boxes", without=("split",))
def metadata_boxes(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    entries = [
        {"file_name": f"{p.stem}.jpg", "objects": {"bbox": [sized(p.box)] if p.box else [], "categories": [p.kind] if p.box else []}}
        for p in parts
    ]  # fmt: skip
    put(folder / "metadata.jsonl", lines(entries))


@layout("Vertex AI: lines of boxes as shares", without=("good",))
def vertex(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    entries = []
    for part in parts:
        if part.box:
            x0, y0, x1, y1 = part.box
            note = {
                "displayName": part.kind,
                "xMin": x0 / WIDTH,
                "yMin": y0 / HEIGHT,
                "xMax": x1 / WIDTH,
                "yMax": y1 / HEIGHT,
            }
            use = {"train": "training", "val": "validation", "test": "test"}[part.split]
            resource = {"aiplatform.googleapis.com/ml_use": use}
            entries.append(
                {
                    "imageGcsUri": f"gs://plates/{part.stem}.jpg",
                    "boundingBoxAnnotations": [note],
                    "dataItemResourceLabels": resource,
                }
            )
    put(folder / "data.jsonl", lines(entries))


@layout("Edge Impulse: bounding_boxes.labels", without=("split",))
def edge_impulse(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    boxes = {}
    for part in parts:
        drawn = []
        if part.box:
            x, y, w, h = sized(part.box)
            drawn = [{"label": part.kind, "x": x, "y": y, "width": w, "height": h}]
        boxes[f"{part.stem}.jpg"] = drawn
    put(
        folder / "bounding_boxes.labels",
        {"version": 1, "type": "bounding-box-labels", "boundingBoxes": boxes},
    )


@layout("a list of labels nobody knows", refused="may be labels")
def unknown(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "pictures", parts)
    put(
        folder / "result.txt",
        "".join(f"{p.stem}.jpg => {'-' if p.good else p.box}\n" for p in parts),
    )


@layout("a list of the pictures that says nothing of them", without=("boxes", "kind", "split"))
def listing(folder: Path, parts: Sequence[Part]) -> None:
    good = [part for part in parts if part.good]
    pictures(folder / "pictures", good)
    put(folder / "files.txt", "".join(f"{p.stem}.jpg\n" for p in good))


LAYOUTS = tuple(layout.layouts)
