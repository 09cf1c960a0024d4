"""What folders, names and lists say of parts; before all are taken for good ones, whatever may say otherwise is asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.visual_inspection import data
from tests.sheets import xlsx
from tests.visual_inspection.builders import put
from tests.visual_inspection.pictures import pictures, read


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("0001_OK.jpg", "0002_NG.jpg"), ["good", "NG"]),
        (("io_1.jpg", "nio_2.jpg"), ["good", "nio"]),
        (("OK0001.jpg", "NG0002.jpg"), ["good", "NG"]),
        (("a-1-n.i.O..jpg", "b-2-i.O..jpg"), ["n.i.O", "good"]),
        (("p1_good_a.jpg", "p2_dent_b.jpg", "p3_crack_c.jpg"), ["good", "dent", "crack"]),
    ],
)
def test_the_verdict_in_a_name(tmp_path: Path, names: tuple[str, ...], labels: list[str]) -> None:
    found = read(pictures(tmp_path, *names))
    assert [found.labels[name] for name in names] == labels
    assert "names of the pictures" in found.told["labels"].text


@pytest.mark.parametrize(
    "names",
    [
        ("1.jpg", "2.jpg"),
        ("cam1_left.jpg", "cam1_right.jpg"),
        ("ok_1.jpg", "ok_2.jpg"),
        ("_.jpg", "-.jpg"),
    ],
)
def test_names_that_say_nothing_leave_all_good(tmp_path: Path, names: tuple[str, ...]) -> None:
    pictures(tmp_path, *names)
    assert data.detect_format(tmp_path) == "golden"


def test_names_of_defective_parts_among_others_are_asked_about(tmp_path: Path) -> None:
    pictures(tmp_path, "1.jpg", "2.jpg", "3_defekt.jpg")
    with pytest.raises(DataError, match="1 of 3 pictures") as error:
        read(tmp_path)
    assert "3_defekt" in error.value.what and "--format golden" in error.value.fix
    assert set(read(tmp_path, "golden").labels.values()) == {"good"}


def test_a_folder_of_rejected_parts_that_shall_count_as_good_is_told(tmp_path: Path) -> None:
    pictures(tmp_path, "gut/1.jpg", "gut/2.jpg", "Ausschuss/tag-1/3.jpg")
    told = read(tmp_path, "golden").told["names-differ"]
    assert told.evidence == ("Ausschuss/tag-1/3",)


def test_classes_below_days_are_classes_and_the_days_are_told(tmp_path: Path) -> None:
    pictures(tmp_path, "2025-03-01/OK/1.jpg", "2025-03-01/NG/2.jpg", "2025-03-02/OK/3.jpg")
    found = read(tmp_path)
    assert sorted(found.labels.values()) == ["NG", "good", "good"]
    assert found.told["folders-above"].evidence == ("2025-03-01", "2025-03-02")


def test_negative_is_good_beside_positive_alone(tmp_path: Path) -> None:
    pictures(tmp_path / "a", "Positive/1.jpg", "Negative/2.jpg")
    assert sorted(read(tmp_path / "a").labels.values()) == ["Positive", "good"]
    pictures(tmp_path / "b", "negative/1.jpg", "dent/2.jpg")
    assert sorted(read(tmp_path / "b").labels.values()) == ["dent", "negative"]


def test_a_list_of_rejects_alone_is_asked_about_and_not_passed_over(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{n:02d}.jpg" for n in range(20)))
    rows = [["Teil", "Bemerkung"], *([f"{n:02d}.jpg", "Kratzer an der Kante"] for n in range(6))]
    xlsx(tmp_path / "Ausschuss.xlsx", rows)
    with pytest.raises(DataError, match=r"Ausschuss.xlsx.* names pictures and may be labels"):
        read(tmp_path)
    (tmp_path / "Ausschuss.xlsx").write_bytes(b"PK\x03\x04 not a book")
    with pytest.raises(DataError, match=r"Ausschuss.xlsx may be labels, and cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["notes.txt", "export.json", "defects.xml", "list.dat"])
def test_a_file_that_says_something_of_the_pictures_is_asked_about(
    tmp_path: Path, name: str
) -> None:
    pictures(tmp_path, *(f"{n:02d}.jpg" for n in range(8)))
    put(tmp_path / "out" / name, "\n".join(f"images/{n:02d}.jpg has a dent" for n in range(8)))
    with pytest.raises(DataError, match=f"out/{name} names pictures"):
        read(tmp_path)


def test_a_list_of_names_and_a_file_about_other_things_say_nothing(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{n:02d}.jpg" for n in range(8)))
    put(tmp_path / "files.txt", "\n".join(f"./pics/{n:02d}.jpg" for n in range(8)))
    put(tmp_path / "readme.txt", "Taken by Jo on Monday, such as 01.jpg and 02.jpg.")
    assert set(read(tmp_path).labels.values()) == {"good"}


def test_kinds_at_the_start_of_names_are_asked_about_and_cameras_are_not(tmp_path: Path) -> None:
    pictures(tmp_path / "kinds", *(f"{kind}_{n}.bmp" for kind in ("Cr", "Pa") for n in range(5)))
    with pytest.raises(DataError, match=r"begin with 2 words \(cr, pa\)"):
        read(tmp_path / "kinds")
    pictures(tmp_path / "shots", *(f"{kind}_{n}.bmp" for kind in ("IMG", "DSC") for n in range(5)))
    assert data.detect_format(tmp_path / "shots") == "golden"


def test_pictures_and_films_in_other_forms_are_told(tmp_path: Path) -> None:
    pictures(tmp_path, "good/1.jpg", "bad/2.jfif.jpg")
    for name in ("good/3.heic", "bad/4.GIF", "film.mp4", ".hidden.gif"):
        put(tmp_path / name, b"x")
    told = read(tmp_path).told["file-passed-over"]
    assert (
        told.evidence == ("bad/4.GIF", "film.mp4", "good/3.heic")
        and ".gif, .heic, .mp4" in told.text
    )


def test_pictures_in_one_folder_that_says_nothing_are_asked_about(tmp_path: Path) -> None:
    pictures(tmp_path, "week 23/1.jpg", "week 23/2.jpg")
    with pytest.raises(DataError, match="all pictures lie in one folder, week 23") as error:
        read(tmp_path)
    assert "--format golden" in error.value.fix and "--format folders" in error.value.fix
    assert set(read(tmp_path, "golden").labels.values()) == {"good"}
    assert set(read(tmp_path / "week 23").labels.values()) == {"good"}


@pytest.mark.parametrize(
    "names",
    [
        ("2025-03-01", "2025-03-02"),
        ("SN0001", "SN0002", "SN0003"),
        ("Cam1", "Cam2"),
        ("1", "2"),
        ("lot 7", "lot 8"),
    ],
)
def test_folders_of_days_and_lots_are_asked_about(tmp_path: Path, names: tuple[str, ...]) -> None:
    pictures(tmp_path, *(f"{name}/{n}.jpg" for name in names for n in range(2)))
    with pytest.raises(
        DataError, match=rf"{len(names)} folders such as days or lots \({names[0]}, "
    ) as error:
        read(tmp_path)
    assert "--format golden" in error.value.fix
    assert set(read(tmp_path, "golden").labels.values()) == {"good"}
    assert set(read(tmp_path, "folders").labels.values()) == set(names)


def test_folders_of_kinds_of_defects_alone_are_their_classes(tmp_path: Path) -> None:
    pictures(tmp_path, "crazing/1.jpg", "inclusion/2.jpg", "rolled-in_scale/3.jpg")
    assert set(read(tmp_path).labels.values()) == {"crazing", "inclusion", "rolled-in_scale"}


@pytest.mark.parametrize("name", ["scratch", "NG", "Kratzer_2", "surface crack", "Ausschuss"])
def test_one_folder_of_a_defect_is_its_class(tmp_path: Path, name: str) -> None:
    pictures(tmp_path, f"{name}/1.jpg", f"{name}/2.jpg")
    assert set(read(tmp_path).labels.values()) == {name}


def test_files_beside_class_folders_that_may_be_labels_are_told(tmp_path: Path) -> None:
    pictures(
        tmp_path,
        *(f"neg/{n:03d}.jpg" for n in range(5)),
        *(f"pos/{n:03d}.jpg" for n in range(5, 10)),
    )
    put(tmp_path / "info.dat", "".join(f"pos/{n:03d}.jpg 1 4 5 10 12\n" for n in range(5, 10)))
    found = read(tmp_path)
    assert "info.dat names pictures" in found.told["file-passed-over"].text
    assert found.labels["neg/001.jpg"] == "good" and found.labels["pos/005.jpg"] == "pos"


def test_pictures_of_a_folder_with_the_verdict_in_their_names_are_one_part(tmp_path: Path) -> None:
    pictures(
        tmp_path, "SN1/top_PASS.png", "SN1/side_PASS.png", "SN2/top_FAIL.png", "SN2/side_FAIL.png"
    )
    found = read(tmp_path)
    assert {(one.group, found.labels[name]) for name, one in found.samples.items()} == {
        ("SN1", "good"),
        ("SN2", "FAIL"),
    }


def test_a_folder_of_a_day_with_verdicts_in_the_names_is_of_many_parts(tmp_path: Path) -> None:
    days = ("2025-03-14", "15.03.2025", "20250316")
    pictures(
        tmp_path, *(f"{day}/SN{n}_{v}.png" for day in days for n, v in ((1, "IO"), (2, "NIO")))
    )
    found = read(tmp_path)
    assert sorted(found.labels.values()) == ["NIO"] * 3 + ["good"] * 3
    assert {one.group for one in found.samples.values()} == {""}
    assert "folders-divided" not in found.told


def test_a_folder_of_a_moment_or_of_a_part_within_its_day_is_one_part(tmp_path: Path) -> None:
    folders = ("20250314_081500", "2025-03-14_SN1", "2025-03-14/SN2")
    pictures(tmp_path, *(f"{one}/{view}_OK.png" for one in folders for view in ("top", "side")))
    pictures(tmp_path, "20250314_081700/top_NOK.png", "20250314_081700/side_NOK.png")
    groups = {name: one.group for name, one in read(tmp_path).samples.items()}
    assert all(groups.values())
    assert len(set(groups.values())) == 4
