"""Prediction into a file: any number of rows, in order, on one core or all, and nothing of it lost in silence."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.addresses import free_port
from kits.core.errors import DataError, UnreachableError, UsageError
from kits.core.kit import NoProgress
from kits.toolchain import batch
from kits.toolchain.batch import Row, in_order, predict_to_file
from kits.toolchain.predict import Input, find_inputs, refuse_if_all_failed
from kits.toolchain.project import Project
from kits.toolchain.training import Trained
from tests.small_disks import MakeDisk, fill


def kit(*words: str) -> str:
    done = CliRunner().invoke(make_app(), words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def rows_of(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("on", [(), ("--on", "cores")])
def test_rows_come_in_order_and_say_what_kit_predict_says(
    on: tuple[str, ...], trained: tuple[Project, Trained], dots_folder: Path, tmp_path: Path
) -> None:
    folder, bundle, out = dots_folder / "test", str(trained[1].bundle), tmp_path / "rows.jsonl"
    told = kit("predict", str(folder), "--bundle", bundle, "--out", str(out), *on)
    answer = json.loads(kit("predict", str(folder), "--bundle", bundle, "--json"))
    rows = rows_of(out)
    assert [row["path"] for row in rows] == [one["path"] for one in answer["predictions"]]
    assert [row["verdict"] for row in rows] == [one["verdict"] for one in answer["predictions"]]
    assert told.startswith(f"{len(rows)} rows: ")
    assert not list(tmp_path.glob("*.part"))


def test_of_nothing_there_no_file_is_begun(
    trained: tuple[Project, Trained], tmp_path: Path
) -> None:
    out = tmp_path / "rows.jsonl"
    with pytest.raises(UsageError, match="no such file or folder"):
        kit(
            *("predict", str(tmp_path / "nowhere")),
            *("--bundle", str(trained[1].bundle), "--out", str(out)),
        )
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_read_has_a_row_that_says_so(
    trained: tuple[Project, Trained], dots_folder: Path, tmp_path: Path
) -> None:
    broken, out = tmp_path / "broken.png", tmp_path / "rows.jsonl"
    broken.write_bytes(b"not a picture")
    good = next(iter(sorted((dots_folder / "test" / "good").iterdir())))
    told = kit(
        "predict", str(broken), str(good), "--bundle", str(trained[1].bundle), "--out", str(out)
    )
    assert "unreadable 1" in told
    assert "not a picture" in str(rows_of(out)[0]["error"])
    assert rows_of(out)[1]["verdict"] in ("act", "pass", "review")


def test_nothing_readable_leaves_no_file(trained: tuple[Project, Trained], tmp_path: Path) -> None:
    broken, out = tmp_path / "broken.png", tmp_path / "rows.jsonl"
    broken.write_bytes(b"no")
    with pytest.raises(DataError, match="nothing could be read: not a picture"):
        kit("predict", str(broken), "--bundle", str(trained[1].bundle), "--out", str(out))
    assert [path.name for path in tmp_path.iterdir()] == ["broken.png"]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "rows.xlsx"])
def test_a_full_disk_is_told_with_the_file(
    name: str, trained: tuple[Project, Trained], dots_folder: Path, make_disk: MakeDisk
) -> None:
    folder, bundle = str(dots_folder / "test"), str(trained[1].bundle)
    full = make_disk(2)
    fill(full)
    with pytest.raises(OSError, match="No space left") as told:
        kit("predict", folder, "--bundle", bundle, "--out", str(full / name))
    assert name in str(told.value.filename)
    assert not (full / name).exists()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--on", "cores"), "--on writes its rows into a file"),
        (("--out", "x.jsonl", "--save", "pictures"), "--out writes rows alone"),
        (("--out", "x.jsonl", "--on", "moon://1"), "not possible"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    words: tuple[str, ...],
    what: str,
    trained: tuple[Project, Trained],
    dots_folder: Path,
    tmp_path: Path,
) -> None:
    words = tuple(str(tmp_path / word) if word == "x.jsonl" else word for word in words)
    with pytest.raises(UsageError, match=what):
        kit("predict", str(dots_folder / "test"), "--bundle", str(trained[1].bundle), *words)


def test_only_so_many_chunks_are_under_way() -> None:
    """A cluster that is slower than the reader must not fill the memory."""
    under_way = most = 0

    def parts() -> Iterator[Sequence[Input]]:
        for number in range(50):
            yield (Input(Path(str(number))),)

    def submit(part: Sequence[Input]) -> str:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        return str(part[0].path)

    def wait(future: str) -> list[Row]:
        nonlocal under_way
        under_way -= 1
        return [("pass", future)]

    lines = [line for rows in in_order(parts(), submit, wait, 4) for _, line in rows]
    assert lines == [str(number) for number in range(50)]
    assert most == 4


def test_rows_on_a_ray_cluster_are_the_same(
    trained: tuple[Project, Trained], dots_folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    texts = []
    for on in ("", "ray"):
        out = tmp_path / f"{on or 'here'}.jsonl"
        inputs = [Input(path, "image/png") for path in find_inputs([dots_folder / "test"])]
        predict_to_file(
            trained[1].bundle, inputs, out, on=on, provider="cpu", progress=NoProgress()
        )
        texts.append(out.read_text())
    assert texts[0] == texts[1]


def test_a_cluster_that_lets_nobody_in_is_told_with_what_to_do(
    trained: tuple[Project, Trained], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a token, where it has one, Ray speaks of its own error; without a server, of a connection."""
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    nobody = f"ray://127.0.0.1:{free_port()}"
    with pytest.raises(UnreachableError) as caught:
        predict_to_file(
            trained[1].bundle, [], tmp_path / "rows.jsonl", on=nobody, provider="cpu", progress=NoProgress()
        )  # fmt: skip
    assert caught.value.where == nobody and "RAY_AUTH_TOKEN" in caught.value.fix
    assert not ray.is_initialized()


def test_of_rows_that_are_all_left_out_it_is_said_why(
    trained: tuple[Project, Trained], tmp_path: Path
) -> None:
    given = [Input(tmp_path / "sums.csv", content=b"", left_out="2 rows are no leads: a total (2)")]
    for on in ("", "cores"):
        with pytest.raises(DataError, match="nothing to predict there: 2 rows are no leads"):
            predict_to_file(trained[1].bundle, iter(given), tmp_path / "rows.jsonl", on=on, provider="cpu", progress=NoProgress())  # fmt: skip
    with pytest.raises(DataError, match="2 rows are no leads"):
        refuse_if_all_failed([], [given[0].left_out])
    assert not list(tmp_path.iterdir())


def take_long(bundle: str, _provider: str, part: Sequence[Input]) -> list[Row]:
    time.sleep(1.0)
    with Path(bundle).open("a", encoding="utf-8") as ended:
        ended.write("one\n")
    return [("pass", "{}") for _ in part]


def test_other_processes_do_not_go_on_with_what_waits_once_this_one_is_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM reaches the first process alone: it waited for all that was under way, three chunks for each core."""
    monkeypatch.setattr(batch, "granted", lambda: 2)
    monkeypatch.setattr(batch, "_in_process", take_long)
    ended = tmp_path / "ended"
    parts = [(Input(tmp_path),)] * 6
    with pytest.raises(KeyboardInterrupt), batch._judge_on("cores", ended, "cpu") as judge:
        next(iter(judge(parts)))
        raise KeyboardInterrupt
    assert len(ended.read_text(encoding="utf-8").splitlines()) < len(parts)
