"""Tables of classes and of boxes: which column says what, and what is asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.visual_inspection import data
from tests.sheets import xlsx
from tests.visual_inspection.builders import put
from tests.visual_inspection.pictures import pictures, read


def test_a_sheet_of_findings(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    xlsx(
        tmp_path / "b.xlsx",
        [["Bild", "Befund"], ["a.jpg", "i.O."], ["b.jpg", "Kratzer"], ["c.jpg", ""]],
    )
    found = read(tmp_path)
    assert found.labels == {"a.jpg": "good", "b.jpg": "Kratzer", "c.jpg": ""}
    assert "has no class for it" in found.told["malformed-label"].text


def test_a_verdict_that_nobody_has_given_is_none(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    put(
        tmp_path / "b.csv",
        "Bild;Befund\na.jpg;i.O.\nb.jpg;Kratzer\nc.jpg;unklar\nd.jpg;unbekannt\n",
    )
    found = read(tmp_path)
    assert found.labels == {"a.jpg": "good", "b.jpg": "Kratzer", "c.jpg": "", "d.jpg": "unbekannt"}
    assert found.told["malformed-label"].evidence == ("c.jpg",)


def with_kinds(path: Path, header: str, kind: str, good: str = "") -> dict[str, str]:
    """Classes of twenty pictures of which eight are bad, four each of two kinds."""
    names = [f"{n}.jpg" for n in range(20)]
    pictures(path, *names)
    rows = [
        f"{name};{'n.i.O.' if n < 8 else 'i.O.'};{kind.format(n % 2 or 'Delle') if n < 8 else good};Huber"
        for n, name in enumerate(names)
    ]
    put(path / "liste.csv", "\n".join([header, *rows]))
    return read(path).labels


def test_the_kind_of_a_defect_stands_beside_a_verdict(tmp_path: Path) -> None:
    labels = with_kinds(tmp_path / "a", "Bild;Befund;Fehlerart;Prüfer", "{}")
    assert (labels["0.jpg"], labels["1.jpg"], labels["9.jpg"]) == ("Delle", "1", "good")
    labels = with_kinds(tmp_path / "b", "Bild;Befund;Fehlerart;Prüfer", "{}", "keine")
    assert (labels["0.jpg"], labels["9.jpg"]) == ("Delle", "good")


def test_a_verdict_of_any_name_counts_before_the_kind_of_a_defect(tmp_path: Path) -> None:
    labels = with_kinds(tmp_path / "a", "Bild;Prüfergebnis;Fehlerart;Prüfer", "{}")
    assert (labels["0.jpg"], labels["1.jpg"], labels["9.jpg"]) == ("Delle", "1", "good")
    labels = with_kinds(tmp_path / "b", "Bild;Schärfe;Fehlerart;Prüfer", "Delle")
    assert (labels["0.jpg"], labels["9.jpg"]) == ("n.i.O.", "good")


def line_system(folder: Path, header: str, *rows: str) -> Path:
    """Three pictures each of four parts, and a table of the line's own system with a row per part."""
    pictures(folder, *(f"20261102/P71000{n}_{view}.jpg" for n in range(4) for view in (1, 2, 3)))
    put(folder / "mes.csv", "\n".join([header, *rows]))
    return folder


def test_a_table_with_a_row_per_part_says_what_its_pictures_show(tmp_path: Path) -> None:
    rows = ["P710000;i.O.", "p710001;n.i.O.", "P710002;i.O.", "P799999;i.O."]
    found = read(line_system(tmp_path, "Seriennummer;Ergebnis", *rows))
    labels = {name.removeprefix("20261102/"): label for name, label in found.labels.items()}
    assert labels["P710000_3.jpg"] == "good"
    assert labels["P710001_1.jpg"] == labels["P710001_2.jpg"] == "n.i.O."
    assert labels["P710003_1.jpg"] == ""
    groups = {one.group for one in found.samples.values() if "P710002" in one.source}
    assert groups == {"P710002"}
    assert "3 parts by 'Seriennummer'" in found.told["columns"].text


def test_the_figures_of_a_serial_number_are_enough(tmp_path: Path) -> None:
    rows = [f"71000{n};{'ko' if n == 2 else 'ok'}" for n in range(4)]
    labels = read(line_system(tmp_path, "Matricola;Esito", *rows)).labels
    assert [labels[f"20261102/P71000{n}_1.jpg"] for n in range(4)] == ["good", "good", "ko", "good"]


def test_folders_of_classes_count_before_a_table_of_parts(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{k}/P71000{n}_1.jpg" for n, k in enumerate(("gut", "gut", "Riss"))))
    put(tmp_path / "mes.csv", "Teil;Ergebnis\nP710000;n.i.O.\nP710001;i.O.\nP710002;i.O.")
    assert list(read(tmp_path).labels.values()) == ["Riss", "good", "good"]


def test_parts_of_which_a_table_says_something_else_are_not_taken_for_good(tmp_path: Path) -> None:
    folder = line_system(tmp_path, "Teil;Kraft", *(f"P71000{n};{n}.5" for n in range(4)))
    with pytest.raises(DataError, match=r"mes\.csv names pictures and may be labels"):
        read(folder)


def test_a_day_in_the_names_is_no_part(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"20261102_{n}_cam.jpg" for n in range(30)))
    put(tmp_path / "tage.csv", "Tag;Ergebnis\n20261102;i.O.\n20261103;n.i.O.")
    assert data.detect_format(tmp_path) == "golden"


@pytest.mark.parametrize(
    ("header", "kind", "good"),
    [
        ("Bild;Befund;Maßnahme;Prüfer", "{}", ""),  # what was done about it
        ("Bild;Befund;Fehlerart;Prüfer", "{}", "{}"),  # also where nothing is wrong
        ("Bild;Befund;Fehlerart;Prüfer", "Delle", ""),  # always the same says nothing
    ],
)
def test_what_is_no_kind_of_a_defect_is_no_class(
    header: str, kind: str, good: str, tmp_path: Path
) -> None:
    labels = with_kinds(tmp_path, header, kind, good)
    assert set(labels.values()) == {"n.i.O.", "good"}


def test_remarks_are_no_kinds(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{n}.jpg" for n in range(20)))
    rows = [f"{n}.jpg;{'n.i.O.' if n < 8 else 'i.O.'};{f'Delle bei {n}' if n < 8 else ''}" for n in range(20)]  # fmt: skip
    put(tmp_path / "liste.csv", "\n".join(["Bild;Befund;Fehler", *rows]))
    assert set(read(tmp_path).labels.values()) == {"n.i.O.", "good"}


@pytest.mark.parametrize(
    ("header", "row", "box"),
    [
        ("file,label,x1,y1,x2,y2", "a.jpg,dent,4,5,20,30", (4, 5, 20, 30)),
        (
            "image;class;bbox_x;bbox_y;bbox_width;bbox_height",
            "a.jpg;dent;4;5;16;25",
            (4, 5, 20, 30),
        ),
        ("Image,Left,Top,Right,Bottom,Defect", "a.jpg,4,5,20,30,dent", (4, 5, 20, 30)),
        ("name,x,y,width,height,category", "a.jpg,4,5,16,25,dent", (4, 5, 20, 30)),
        ("path,XMin,YMin,XMax,YMax,class", "data/a.jpg,0.25,0.5,0.5,0.75,dent", (16, 24, 32, 36)),
    ],
)
def test_columns_of_boxes(tmp_path: Path, header: str, row: str, box: tuple[int, ...]) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    put(tmp_path / "boxes.csv", f"{header}\n{row}\n")
    assert data.detect_format(tmp_path) == "boxes"
    found = read(tmp_path)
    assert found.box("a.jpg") == (*box, "dent")
    assert found.told["image-without-label"].evidence == ("b.jpg",)


def test_a_row_without_a_box_says_that_a_part_is_good_or_only_its_class(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    put(
        tmp_path / "boxes.csv",
        "file,class,xmin,ymin,xmax,ymax\na.jpg,dent,1,2,30,40\na.jpg,crack,5,5,20,20\nb.jpg,,,,,\nc.jpg,dent,,,,\nd.jpg,OK,1,1,60,40\n",
    )
    found = read(tmp_path)
    assert [box.label for box in found.note("a.jpg").boxes] == ["dent", "crack"]
    assert found.labels == {"a.jpg": "dent", "b.jpg": "good", "c.jpg": "dent", "d.jpg": "good"}
    assert found.note("d.jpg").boxes == ()


def test_runs_beyond_the_picture_and_several_regions(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    first, second = f"{2 * 48 + 11} 5", f"{40 * 48 + 1} 10"
    put(
        tmp_path / "train.csv",
        f"ImageId,EncodedPixels\na.jpg,{first} {second}\nb.jpg,999999 7\nc.jpg,\n",
    )
    found = read(tmp_path)
    boxes = {(one.x0, one.y0, one.x1, one.y1) for one in found.note("a.jpg").boxes}
    assert boxes == {(2, 10, 3, 15), (40, 0, 41, 10)}
    assert found.labels["c.jpg"] == "good"


def test_of_a_column_per_class_none_is_good_unless_it_says_so(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    put(
        tmp_path / "_classes.csv", "filename,ok,dent,crack\na.jpg,1,0,0\nb.jpg,0,1,1\nc.jpg,0,0,0\n"
    )
    found = read(tmp_path)
    assert found.labels == {"a.jpg": "good", "b.jpg": "dent,crack", "c.jpg": ""}


def test_tables_in_the_folders_of_splits_belong_together(tmp_path: Path) -> None:
    pictures(tmp_path, "train/1.jpg", "train/2.jpg", "valid/1.jpg")
    put(tmp_path / "train/list.csv", "file,label\n1.jpg,ok\n2.jpg,dent\n")
    put(tmp_path / "valid/list.csv", "file,label\n1.jpg,dent\n")
    found = read(tmp_path)
    assert found.labels == {"train/1.jpg": "good", "train/2.jpg": "dent", "valid/1.jpg": "dent"}
    assert found.samples["valid/1.jpg"].split == "val"


def test_a_list_of_rejects_leaves_the_others_open(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{n:02d}.jpg" for n in range(20)))
    xlsx(
        tmp_path / "Ausschuss.xlsx",
        [["Teil", "Fehler"], *([f"{n:02d}.jpg", "Kratzer"] for n in range(3))],
    )
    found = read(tmp_path)
    assert [found.labels[f"{n:02d}.jpg"] for n in range(4)] == ["Kratzer"] * 3 + [""]
    assert "17 picture(s)" in found.told["image-without-label"].text


def test_lines_of_json_are_a_table_too(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    put(
        tmp_path / "metadata.jsonl",
        '{"file_name": "a.jpg", "label": "ok"}\n{"file_name": "b.jpg", "label": "dent"}\n',
    )
    assert read(tmp_path).labels == {"a.jpg": "good", "b.jpg": "dent"}


def test_bare_numbers_without_a_header_are_asked_about(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{n}.jpg" for n in range(6)))
    put(tmp_path / "labels.csv", "".join(f"{n}.jpg,{n % 2}\n" for n in range(6)))
    with pytest.raises(DataError) as error:
        read(tmp_path)
    assert error.value.fix


def test_of_two_columns_that_may_be_the_class_the_one_with_a_word_for_good_is_taken(
    tmp_path: Path,
) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    put(tmp_path / "list.csv", "file,type,result\na.jpg,flange,ok\nb.jpg,shaft,dent\n")
    assert read(tmp_path).labels == {"a.jpg": "good", "b.jpg": "dent"}


def test_a_row_that_is_cut_short_has_empty_cells(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    put(tmp_path / "train.csv", f"ImageId,ClassId,EncodedPixels\na.jpg,1,{2 * 48 + 11} 5\nb.jpg\n")
    assert read(tmp_path).labels == {"a.jpg": "1", "b.jpg": "good"}


def test_rows_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    put(tmp_path / "list.csv", "file,label\na.jpg,ok\nb.jpg,dent\nc.jpg,dent,and,more\n")
    found = read(tmp_path)
    assert found.labels == {"a.jpg": "good", "b.jpg": "dent", "c.jpg": ""}
    assert "row 3" in found.told["malformed-label"].evidence[0]


def test_a_table_of_some_pictures_does_not_outweigh_the_folders(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"good/{n}.jpg" for n in range(8)), "dent/8.jpg", "dent/9.jpg")
    put(tmp_path / "list.csv", "file,state\n1.jpg,archived\n2.jpg,archived\n3.jpg,new\n")
    found = read(tmp_path)
    assert found.labels["good/1.jpg"] == "good" and found.labels["dent/8.jpg"] == "dent"


def test_good_parts_in_their_folder_need_no_line_beside_the_boxes_of_others(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"good/{n}.jpg" for n in range(4)), "dent/8.jpg", "dent/9.jpg")
    put(tmp_path / "boxes.csv", "file,class,xmin,ymin,xmax,ymax\n8.jpg,dent,1,2,30,40\n")
    found = read(tmp_path)
    assert found.labels["good/1.jpg"] == "good" and found.box("dent/8.jpg") == (
        1,
        2,
        30,
        40,
        "dent",
    )
    assert found.told["image-without-label"].evidence == ("dent/9.jpg",)


def test_a_box_that_is_no_number_leaves_its_picture_open_and_the_others_as_they_are(
    tmp_path: Path,
) -> None:
    pictures(tmp_path, *(f"{n:02d}.jpg" for n in range(30)))
    rows = "".join(f"{n:02d}.jpg,dent,1,2,30,{'4O' if n == 3 else 40}\n" for n in range(30))
    put(tmp_path / "boxes.csv", f"file,class,xmin,ymin,xmax,ymax\n{rows}02.jpg,dent,5,5,x,9\n")
    found = read(tmp_path)
    assert found.labels["03.jpg"] == "" and found.box("04.jpg") == (1, 2, 30, 40, "dent")
    assert found.box("02.jpg") == (1, 2, 30, 40, "dent")
    assert found.told["malformed-label"].evidence == ("02.jpg", "03.jpg")


@pytest.mark.parametrize(
    ("column", "labels"), [("n.i.O.", ["good", "defect"]), ("OK", ["defect", "good"])]
)
def test_a_mark_means_what_its_column_is_called(
    tmp_path: Path, column: str, labels: list[str]
) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    put(tmp_path / "list.csv", f"Bild,Nr,{column}\na.jpg,1,\nb.jpg,2,x\n")
    assert list(read(tmp_path).labels.values()) == labels


def test_names_without_an_ending_in_a_sheet_are_seen(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"P{n:03d}.jpg" for n in range(10)))
    xlsx(
        tmp_path / "notes.xlsx",
        [["part", "remark"], *([f"P{n:03d}", "see drawer 4"] for n in range(8))],
    )
    with pytest.raises(DataError, match=r"notes\.xlsx.* names pictures"):
        read(tmp_path)


def test_an_example_of_answers_is_no_label(tmp_path: Path) -> None:
    pictures(tmp_path, "train/a.jpg", "train/b.jpg", "test/c.jpg", "test/d.jpg", "test/e.jpg")
    made_up = "".join(f"{name}.jpg,1 3072,0\n" for name in "cde")
    put(tmp_path / "sample_submission.csv", f"ImageId,EncodedPixels,ClassId\n{made_up}")
    put(tmp_path / "train.csv", f"ImageId,ClassId,EncodedPixels\na.jpg,3,{2 * 48 + 11} 5\n")
    found = read(tmp_path)
    assert {name: label for name, label in found.labels.items() if label} == {"train/a.jpg": "3"}
    assert "sample_submission.csv was passed over" in found.told["file-passed-over"].text


def test_of_tables_with_other_columns_the_one_that_names_most_pictures_counts(
    tmp_path: Path,
) -> None:
    pictures(tmp_path, *(f"{n}.jpg" for n in range(10)))
    put(
        tmp_path / "a_review.csv",
        "image,x,y,width,height,class\n0.jpg,1,1,9,9,dent\n1.jpg,1,1,9,9,dent\n",
    )
    rows = "".join(f"scratch,{n}.jpg,2,2,30,30\n" for n in range(10))
    put(tmp_path / "labels.csv", f"class,image,xmin,ymin,xmax,ymax\n{rows}")
    found = read(tmp_path)
    assert set(found.labels.values()) == {"scratch"}
    assert "a_review.csv was passed over" in found.told["file-passed-over"].text


def test_tables_in_several_folders_may_be_of_several_products_and_it_is_asked(
    tmp_path: Path,
) -> None:
    """As in VisA: a folder for each product, with its pictures and its table."""
    for product in ("candle", "capsules"):
        pictures(tmp_path / product, f"{product}_a.jpg", f"{product}_b.jpg")
        put(
            tmp_path / product / "image_anno.csv",
            f"image,label\n{product}_a.jpg,normal\n{product}_b.jpg,scratch\n",
        )
    found = read(tmp_path)
    assert found.told["several-tables"].evidence == ("candle", "capsules")
    assert "several-tables" not in read(tmp_path / "candle").told
