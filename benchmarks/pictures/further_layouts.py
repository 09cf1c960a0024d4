"""More ways to keep pictures, written after the first ones were read: how many of these were read at once is the fairer figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

from benchmarks.pictures.list_layouts import coco
from benchmarks.pictures.made import HEIGHT, WIDTH, Part
from benchmarks.pictures.tool_layouts import KINDS, pictures
from benchmarks.pictures.writing import Collection, corners, lines, put, rows, runs, sized

layout = Collection()
_PLACE = ("boxes", "split")


@layout("folders of a camera: OK_Cam1, NG_Cam1, OK_Cam2 …", without=("boxes", "kind", "split"))
def verdict_and_camera(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(
            folder / f"{'OK' if part.good else 'NG'}_Cam{part.number % 2 + 1}" / f"{part.stem}.bmp",
            part.encoded(".bmp"),
        )


@layout("folders of a day: 2025-03-01_OK, 2025-03-01_NG …", without=("boxes", "kind", "split"))
def verdict_and_day(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        day = f"2025-03-{part.number % 3 + 1:02d}_{'OK' if part.good else 'NG'}"
        put(folder / day / f"{part.stem}.jpg", part.encoded())


@layout("a folder per serial number, the verdict in the name", without=("boxes", "kind", "split"))
def serials(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(
            folder
            / f"SN{part.number // 2:06d}"
            / f"top_{part.number % 2}_{'PASS' if part.good else 'FAIL'}.png",
            part.encoded(".png"),
        )


@layout(
    "a German table in Windows' code page",
    without=_PLACE,
    words={"scratch": "Kratzer", "dent": "Druckstelle (groß)"},
)
def german(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "Aufnahmen", parts)
    words = {"good": "in Ordnung", "scratch": "Kratzer", "dent": "Druckstelle (groß)"}
    cells = [[f"C:\\Prüfung\\Aufnahmen\\{p.stem}.jpg", "Müller", words[p.kind]] for p in parts]
    put(
        folder / "Prüfliste.csv",
        rows(cells, ";", ["Dateiname", "Prüfer", "Ergebnis"]).encode("cp1252"),
    )


@layout(
    "a spreadsheet of names without an ending, under a title", without=("boxes", "split", "kind")
)
def titled(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    book = xlsxwriter.Workbook(str(folder / "Erfassung.xlsx"))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Sichtprüfung KW 10"])
    sheet.write_row(2, 0, ["lfd. Nr.", "Bildnummer", "n.i.O."])
    for n, part in enumerate(parts):
        sheet.write_row(3 + n, 0, [n + 1, f"'{part.stem}".lstrip("'"), "" if part.good else "x"])
    book.close()


@layout("Labelbox: NDJSON", without=("split",))
def labelbox(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    entries = []
    for part in parts:
        drawn = []
        if part.box:
            x, y, w, h = sized(part.box)
            drawn = [
                {
                    "name": part.kind,
                    "annotation_kind": "ImageBoundingBox",
                    "bounding_box": {"top": y, "left": x, "height": h, "width": w},
                }
            ]
        label = {
            "label_kind": "Default",
            "annotations": {"objects": drawn, "classifications": [], "relationships": []},
        }
        entries.append({
            "data_row": {"id": f"c{part.number}", "external_id": f"{part.stem}.jpg", "row_data": f"https://s.example/{part.stem}"},
            "media_attributes": {"width": WIDTH, "height": HEIGHT}, "projects": {"p1": {"labels": [label]}},
        })  # fmt: skip
    put(folder / "export.ndjson", lines(entries))


@layout("SuperAnnotate: a JSON per picture", without=("split",))
def superannotate(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder, parts)
    for part in parts:
        drawn: list[object] = []
        if part.box:
            x0, y0, x1, y1 = part.box
            drawn = [
                {
                    "type": "bbox",
                    "className": part.kind,
                    "points": {"x1": x0, "y1": y0, "x2": x1, "y2": y1},
                }
            ]
        about = {
            "name": f"{part.stem}.jpg",
            "width": WIDTH,
            "height": HEIGHT,
            "status": "Completed",
        }
        put(folder / f"{part.stem}.jpg.json", {"metadata": about, "instances": drawn, "tags": []})


@layout("Dataloop: a JSON per picture", without=("split",))
def dataloop(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "items", parts)
    for part in parts:
        drawn: list[object] = []
        if part.box:
            x0, y0, x1, y1 = part.box
            drawn = [
                {
                    "type": "box",
                    "label": part.kind,
                    "coordinates": [{"x": x0, "y": y0}, {"x": x1, "y": y1}],
                }
            ]
        put(
            folder / "json" / f"{part.stem}.json",
            {"filename": f"/{part.stem}.jpg", "annotations": drawn},
        )


@layout("FiftyOne: data and labels.json", without=_PLACE)
def fiftyone(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "data", parts)
    names = ["dent", "good", "scratch"]
    put(
        folder / "labels.json",
        {"classes": names, "labels": {part.stem: names.index(part.kind) for part in parts}},
    )


@layout("lists of paths and numbers of classes, beside their names", refused="may be labels")
def numbered_lists(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    names = ["good", *KINDS]
    for split in ("train", "val", "test"):
        some = [f"images/{p.stem}.jpg {names.index(p.kind)}\n" for p in parts if p.split == split]
        put(folder / f"{split}.txt", "".join(some))
    put(folder / "classes.txt", "\n".join(names) + "\n")


@layout("OpenCV: positives with their boxes, negatives", without=("split", "kind", "boxes"))
def opencv(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(folder / ("neg" if part.good else "pos") / f"{part.stem}.jpg", part.encoded())
    marked = [f"pos/{p.stem}.jpg 1 {' '.join(map(str, sized(p.box)))}\n" for p in parts if p.box]
    put(folder / "info.dat", "".join(marked))
    put(folder / "bg.txt", "".join(f"neg/{p.stem}.jpg\n" for p in parts if p.good))


@layout("KITTI: a text of boxes per picture", refused="may be labels")
def kitti(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "image_2", parts)
    for part in parts:
        line = (
            f"{part.kind} 0.00 0 0.00 {' '.join(f'{v}.00' for v in part.box)} 0 0 0 0 0 0 0\n"
            if part.box
            else ""
        )
        put(folder / "label_2" / f"{part.stem}.txt", line)


@layout("DOTA: a text of corners per picture", refused="may be labels")
def dota(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    for part in parts:
        line = ""
        if part.box:
            line = (
                " ".join(f"{v}.0" for corner in corners(part.box) for v in corner)
                + f" {part.kind} 0\n"
            )
        put(folder / "labelTxt" / f"{part.stem}.txt", f"imagesource:camera\ngsd:0.1\n{line}")


@layout("COCO of classes alone, with a category for good parts", without=_PLACE)
def coco_classes(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "images", parts)
    names = ["OK", *KINDS]
    notes = [
        {
            "id": p.number,
            "image_id": p.number,
            "category_id": names.index("OK" if p.good else p.kind),
        }
        for p in parts
    ]
    kinds = [{"id": n, "name": name} for n, name in enumerate(names)]
    put(folder / "labels.json", coco(parts) | {"annotations": notes, "categories": kinds})


@layout("Airbus: runs of pixels, a line per region, empty for none", without=("split", "kind"))
def airbus(folder: Path, parts: Sequence[Part]) -> None:
    pictures(folder / "train_v2", parts)
    cells = [[f"{p.stem}.jpg", "" if p.good else runs(p)] for p in parts]
    put(
        folder / "train_ship_segmentations_v2.csv", rows(cells, header=["ImageId", "EncodedPixels"])
    )


@layout("a table of verdicts per camera and part", without=("boxes", "kind", "split"))
def two_keys(folder: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        put(folder / f"cam{part.number % 2}" / f"{part.number // 2:04d}.png", part.encoded(".png"))
    cells = [
        [f"cam{p.number % 2}/{p.number // 2:04d}.png", "TRUE" if p.good else "FALSE", 0.9]
        for p in parts
    ]
    put(folder / "results.tsv", rows(cells, "\t", ["image", "passed", "confidence"]))


LAYOUTS = tuple(layout.layouts)
