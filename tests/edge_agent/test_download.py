"""Bundles over HTTP: cut connections, ranges ignored or wrong, endless data, power cuts, no room."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.errors import HubUnreachableError, NoRoomError
from edge_agent.update.download import Downloader
from edge_agent.update.fetch import HubClient
from edge_agent.update.updater import Updater
from kits.core.hub_api import Reported
from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.edge_agent.update_bench import NEW, Bench
from tests.failure.tuf_simulator import Answer, Simulator, served
from tests.waiting import wait_for

PATH = f"/v1/bundles/{bundle_id_of(NEW)}/content"


@pytest.fixture
def hub() -> Simulator:
    simulator = Simulator()
    simulator.bundles[bundle_id_of(NEW)] = NEW
    return simulator


@pytest.fixture
def client(hub: Simulator) -> Iterator[HubClient]:
    with served(hub) as url:
        yield HubClient(url, "t", timeout_s=3)


def downloader(client: HubClient | Simulator) -> Downloader:
    return Downloader(client, spare_bytes=0)


def test_a_cut_download_asks_only_for_the_rest(
    hub: Simulator, client: HubClient, tmp_path: Path
) -> None:
    fetch, target = downloader(client), tmp_path / "x.part"
    hub.cut_after = len(NEW) // 2
    with pytest.raises(HubUnreachableError, match="cut off"):
        fetch.download(PATH, target, len(NEW))
    assert target.read_bytes() == NEW[: len(NEW) // 2]
    hub.cut_after = 0
    fetch.download(PATH, target, len(NEW))
    assert target.read_bytes() == NEW
    assert hub.sent_bytes == len(NEW)
    fetch.download(PATH, target, len(NEW))
    assert hub.sent_bytes == len(NEW)


def test_a_hub_that_ignores_ranges_loses_nothing_that_is_here(
    hub: Simulator, client: HubClient, tmp_path: Path
) -> None:
    fetch, target = downloader(client), tmp_path / "x.part"
    hub.ranges = False
    hub.cut_after = 900
    for _ in range(2):
        with pytest.raises(HubUnreachableError, match="cut off"):
            fetch.download(PATH, target, len(NEW))
    assert target.read_bytes() == NEW[:900]
    hub.cut_after = 0
    fetch.download(PATH, target, len(NEW))
    assert target.read_bytes() == NEW


@pytest.mark.parametrize("said", ["bytes 5-20/100", "bytes */100", "", "bytes 0-99/100"])
def test_a_range_that_was_not_asked_for_is_not_stored(
    hub: Simulator, tmp_path: Path, said: str
) -> None:
    target = tmp_path / "x.part"
    hub.cut_after = 100
    fetch = downloader(hub)
    with pytest.raises(HubUnreachableError):
        fetch.download(PATH, target, len(NEW))
    hub._ranged = lambda *_: Answer(206, b"x" * 50, {"Content-Range": said})  # type: ignore[method-assign]
    with pytest.raises(HubUnreachableError, match="answered 206"):
        fetch.download(PATH, target, len(NEW))
    assert target.read_bytes() == NEW[:100]


def test_no_byte_beyond_the_signed_length_is_stored(hub: Simulator, tmp_path: Path) -> None:
    hub.bundles[bundle_id_of(NEW)] = NEW + b"x" * 1_000_000
    target = tmp_path / "x.part"
    downloader(hub).download(PATH, target, len(NEW))
    assert target.read_bytes() == NEW


def test_a_download_that_is_not_wanted_any_more_ends_after_a_piece(
    hub: Simulator, tmp_path: Path
) -> None:
    hub.bundles[bundle_id_of(NEW)] = NEW + b"x" * 1_000_000
    target, length, pieces = tmp_path / "x.part", len(NEW) + 1_000_000, [False, True]
    downloader(hub).download(PATH, target, length, lambda: pieces.pop(0) if pieces else True)
    assert 0 < target.stat().st_size < length
    downloader(hub).download(PATH, target, length)
    assert target.stat().st_size == length


def test_after_a_power_cut_only_what_was_synced_counts(hub: Simulator, tmp_path: Path) -> None:
    target = tmp_path / "x.part"
    hub.cut_after = 1000
    with pytest.raises(HubUnreachableError):
        downloader(hub).download(PATH, target, len(NEW))
    os.truncate(target, 1500)  # the size survived, the bytes did not
    hub.cut_after = 0
    downloader(hub).download(PATH, target, len(NEW))
    assert target.read_bytes() == NEW


def test_a_file_of_unknown_origin_is_fetched_from_its_beginning(
    hub: Simulator, tmp_path: Path
) -> None:
    target = tmp_path / "x.part"
    target.write_bytes(b"\0" * 700)
    downloader(hub).download(PATH, target, len(NEW))
    assert target.read_bytes() == NEW


def test_room_is_looked_for_before_the_first_byte(hub: Simulator, tmp_path: Path) -> None:
    fetch = Downloader(hub, spare_bytes=1 << 60)
    with pytest.raises(NoRoomError, match="are free"):
        fetch.download(PATH, tmp_path / "x.part", len(NEW))
    assert hub.asked == []


def test_a_download_that_nobody_waits_for_ends_after_a_piece_and_can_go_on(
    hub: Simulator, client: HubClient, tmp_path: Path
) -> None:
    content = make_bundle(5, padding=3_000_000)
    path, target = f"/v1/bundles/{bundle_id_of(content)}/content", tmp_path / "x.part"
    hub.bundles[bundle_id_of(content)] = content
    downloader(client).download(path, target, len(content), lambda: True)
    assert 0 < target.stat().st_size <= 1 << 16
    assert content.startswith(target.read_bytes())
    downloader(client).download(path, target, len(content))
    assert target.read_bytes() == content


def test_a_mark_without_its_file_vouches_for_nothing_after_the_next_power_cut(
    hub: Simulator, tmp_path: Path
) -> None:
    target = tmp_path / "x.part"
    downloader(hub).download(PATH, target, len(NEW))
    target.unlink()  # the rename outlived a power cut, the removal of the mark did not
    hub.down = True
    with pytest.raises(HubUnreachableError):
        downloader(hub).download(PATH, target, len(NEW))
    hub.down = False
    target.write_bytes(bytes(len(NEW)))  # the next attempt was cut off by the next power cut
    downloader(hub).download(PATH, target, len(NEW))
    assert target.read_bytes() == NEW


def test_reports_reach_the_hub_in_order(hub: Simulator, client: HubClient, bench: Bench) -> None:
    updater = Updater(bench.installer, bench.slots, (client, bench.offers), 1e9)
    updater.queue_report(Reported(bundle="a"))
    updater.queue_report(Reported(bundle="b"))
    updater.start()
    wait_for(lambda: len(hub.reported) == 2)
    updater.close()
    assert [r.bundle for r in hub.reported] == ["a", "b"]


def test_an_absent_hub_is_a_clear_error() -> None:
    with pytest.raises(HubUnreachableError, match="does not answer"):
        HubClient("http://127.0.0.1:9", "t", timeout_s=1).desired()
