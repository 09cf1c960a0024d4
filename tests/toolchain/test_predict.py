"""Predicting files says what was found, and names what could not be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.errors import DataError, UsageError
from kits.core.openvino import openvino_lacking
from kits.core.operating_point import Decision
from kits.core.prediction import Prediction, Quantity
from kits.toolchain.predict import Predicted
from kits.toolchain.project import Project
from kits.toolchain.training import Trained


def kit(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(make_app(), words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def test_folder_gives_one_verdict_per_file(
    trained: tuple[Project, Trained], dots_folder: Path
) -> None:
    folder = dots_folder / "test" / "defect"
    code, out = kit("predict", str(folder), "--bundle", str(trained[1].bundle), "--json")
    document = json.loads(out)
    assert code == 0
    assert document["bundle"] == trained[1].bundle_id
    assert len(document["predictions"]) == len(list(folder.iterdir()))
    assert {p["verdict"] for p in document["predictions"]} <= {"act", "pass", "review"}


def test_unreadable_file_is_named_and_the_rest_goes_on(
    trained: tuple[Project, Trained], dots_folder: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    good = next(iter(sorted((dots_folder / "test" / "good").iterdir())))
    code, out = kit("predict", str(broken), str(good), "--bundle", str(trained[1].bundle))
    assert code == 0
    assert "unreadable 1 of 2" in out.splitlines()[0]
    assert f"{broken}: not a picture" in out
    assert out.splitlines()[-1] == "next: kit bench"


def test_who_predicts_many_is_told_of_the_table(
    trained: tuple[Project, Trained], dots_folder: Path, tmp_path: Path
) -> None:
    many = str(dots_folder / "test" / "good")
    _, out = kit("predict", many, "--bundle", str(trained[1].bundle))
    assert out.splitlines()[-1] == "next: kit predict PATH --out FILE.csv"
    _, out = kit("predict", many, "--bundle", str(trained[1].bundle), "--save", str(tmp_path))
    assert out.splitlines()[-1] == "next: kit bench"


def test_nothing_readable_is_a_data_error(trained: tuple[Project, Trained], tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no")
    with pytest.raises(DataError, match="nothing could be read: not a picture"):
        kit("predict", str(tmp_path), "--bundle", str(trained[1].bundle))


def test_absent_path_is_a_usage_error(trained: tuple[Project, Trained]) -> None:
    with pytest.raises(UsageError, match="no such file"):
        kit("predict", "/nowhere/x.png", "--bundle", str(trained[1].bundle))


@pytest.mark.skipif(bool(openvino_lacking()), reason="needs the extra openvino on x86")
def test_openvino_predicts_what_onnxruntime_predicts(
    trained: tuple[Project, Trained], dots_folder: Path
) -> None:
    given = (str(dots_folder / "test"), "--bundle", str(trained[1].bundle), "--json")
    answers = [
        json.loads(kit("predict", *given, "--provider", name)[1])["predictions"]
        for name in ("cpu", "openvino-fp32")
    ]
    for one, two in zip(*answers):
        assert one["verdict"] == two["verdict"]
        assert one["score"] == pytest.approx(two["score"], rel=1e-4, abs=1e-5)


def test_save_writes_a_picture_per_input(
    trained: tuple[Project, Trained], dots_folder: Path, tmp_path: Path
) -> None:
    folder = dots_folder / "test" / "good"
    bundle = str(trained[1].bundle)
    code, _ = kit("predict", str(folder), "--bundle", bundle, "--save", str(tmp_path / "out"))
    assert code == 0
    written = list((tmp_path / "out").iterdir())
    assert len(written) == len(list(folder.iterdir()))
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in written)


def test_evaluate_outside_data_takes_its_test_part_and_stores_nothing(
    own_project: Project, dots_folder: Path
) -> None:
    before = sorted(own_project.blobs.digests())
    code, out = kit("evaluate", "--data", str(dots_folder), "-C", str(own_project.root), "--json")
    document = json.loads(out)
    assert code == 0
    assert document["n"] == 60
    assert document["split"] == "test"
    assert set(document["metrics"]["image_auroc"]) >= {"value", "low", "high", "n"}
    assert not any("training split" in note for note in document["notes"])
    assert sorted(own_project.blobs.digests()) == before


def test_evaluate_says_when_outside_data_was_learned_from(
    own_project: Project, dots_folder: Path
) -> None:
    train = dots_folder / "train"
    _, out = kit("evaluate", "--data", str(train / "good"), "-C", str(own_project.root), "--json")
    assert any(
        "30 of these samples are in the training split" in n for n in json.loads(out)["notes"]
    )


def test_evaluate_refuses_a_misspelt_split_with_the_likely_one(own_project: Project) -> None:
    with pytest.raises(UsageError) as caught:
        kit("evaluate", "--split", "tset", "-C", str(own_project.root))
    assert "test" in caught.value.fix


def test_of_a_sample_with_a_probability_that_is_shown_and_not_what_thresholds_compare() -> None:
    told = Quantity("probability", 0.3, "", 0.2, 0.4, 0.9)
    decided = Decision("act", 0.45, "won", "score 0.45 ≥ 0.4")
    shown = Predicted(Path("leads.csv"), Prediction(0.45, quantities=(told,)), decided).as_json()
    assert shown["score"] == 0.3 and shown["reason"] == "score 0.45 ≥ 0.4"
    plain = Predicted(Path("part.png"), Prediction(0.45), decided).as_json()
    assert plain["score"] == 0.45


def test_a_zip_is_not_predicted_as_if_it_were_a_sample(
    trained: tuple[Project, Trained], tmp_path: Path
) -> None:
    (tmp_path / "new.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.raises(UsageError, match="a zip is not predicted") as caught:
        kit("predict", str(tmp_path / "new.zip"), "--bundle", str(trained[1].bundle))
    assert "unpack it" in caught.value.fix
