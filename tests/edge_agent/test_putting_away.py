"""What becomes of files of a hot folder: a decided one is put away once, also when its share goes or somebody holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.sources import putting_away
from edge_agent.sources.arriving import Stamp
from edge_agent.sources.config import HotFolderSourceConfig
from edge_agent.sources.hot_folder import HotFolderSource
from edge_agent.sources.putting_away import PuttingAway
from tests.edge_agent.parts import picture
from tests.edge_agent.test_hot_folder import below, hot, names
from tests.edge_agent.test_sources import Told
from tests.waiting import wait_for


def test_a_picture_whose_share_goes_before_it_is_put_away_was_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putting_away, "_EVERY_S", 0.0)
    share, away = tmp_path / "share", tmp_path / "away"
    share.mkdir()
    source = HotFolderSource(HotFolderSourceConfig(path=share), told := Told(), first_pause_s=0.0)
    assert list(source._one_look()) == []
    for number, misses_a_look in ((1, True), (2, False)):
        (share / f"{number}.png").write_bytes(picture(number))
        looking = source._one_look()
        assert next(looking).payload == picture(number)
        share.rename(away)
        assert next(looking, None) is None
        assert not misses_a_look or list(source._one_look()) == []
        away.rename(share)
        assert [list(source._one_look()) for _ in range(2)] == [[], []]
    assert below(share) == ["decided/DAY/1.png", "decided/DAY/2.png"]
    assert told.alerts == [("source-lost", "error"), ("source-lost", "info")]


def test_a_picture_that_somebody_else_takes_away_makes_room_for_another_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putting_away, "_EVERY_S", 0.0)
    source = HotFolderSource(HotFolderSourceConfig(path=tmp_path), told := Told())
    assert list(source._one_look()) == []
    for _ in range(2):
        (tmp_path / "1.png").write_bytes(picture(1))
        looking = source._one_look()
        assert next(looking).payload == picture(1)
        (tmp_path / "1.png").unlink()
        assert list(looking) == list(source._one_look()) == []
    assert [list(source._one_look()), source._away._left] == [[], {}]
    assert below(tmp_path) == told.alerts == []


def test_files_that_cannot_be_put_away_are_told_and_tried_again_but_not_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putting_away, "_TOLD_AFTER_S", 0.2)
    monkeypatch.setattr(putting_away, "_EVERY_S", 0.05)
    with hot(tmp_path, told := Told()) as consumer:
        (tmp_path / "decided").write_text("a file where the folder would be")
        (tmp_path / "1.png").write_bytes(picture(10))
        (tmp_path / "2.png").write_bytes(picture(20))
        wait_for(lambda: told.alerts == [("files-not-put-away", "warning")])
        (tmp_path / "decided").unlink()
        wait_for(lambda: below(tmp_path) == ["decided/DAY/1.png", "decided/DAY/2.png"])
        wait_for(lambda: len(told.alerts) == 2)
    assert sorted(names(consumer)) == ["1.png", "2.png"]
    assert told.alerts == [("files-not-put-away", "warning"), ("files-not-put-away", "info")]


def test_a_file_that_is_held_for_a_moment_is_put_away_without_a_word(tmp_path: Path) -> None:
    now, gone = [0.0], list[Path]()
    config = HotFolderSourceConfig(path=tmp_path)
    away = PuttingAway(config, told := Told(), gone.append, lambda _: False, lambda: now[0])
    (tmp_path / "decided").write_text("a file where the folder would be")
    (tmp_path / "1.png").write_bytes(picture(1))
    found = (tmp_path / "1.png").stat()
    away.take(tmp_path / "1.png", Stamp(found.st_mtime_ns, found.st_size))
    for seconds in (0.5, 1.5):
        now[0] = seconds
        away.again()
        assert gone == [] and told.alerts == []
    (tmp_path / "decided").unlink()
    now[0] = 2.0
    away.again()
    assert gone == [], "once a second is enough"
    now[0] = 3.0
    away.again()
    assert gone == [tmp_path / "1.png"] and below(tmp_path) == ["decided/DAY/1.png"]
    assert told.alerts == []


def test_only_some_files_are_tried_again_at_once_each_in_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putting_away, "_AT_ONCE", 2)
    now, tried = [0.0], list[str]()
    config = HotFolderSourceConfig(path=tmp_path)
    away = PuttingAway(config, Told(), lambda _: None, lambda _: False, lambda: now[0])

    def refuse(path: Path, _left: object) -> None:
        tried.append(path.name)
        raise PermissionError(13, "held")

    monkeypatch.setattr(away, "_put", refuse)
    for name in ("1", "2", "3"):
        away.take(tmp_path / name, Stamp(0, 0))
    for second in (2.0, 4.0):
        now[0] = second
        away.again()
    assert tried == ["1", "2", "3", "1", "2", "3", "1"]
