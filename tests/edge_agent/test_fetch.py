"""Bundles and reports over HTTP: cut connections, ranges, an absent hub."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edge_agent.errors import HubUnreachableError
from edge_agent.update.fetch import HubClient
from edge_agent.update.updater import Updater
from kits.core.hub_api import Reported
from tests.edge_agent.parts import desired_for, wait_for
from tests.edge_agent.update_bench import NEW, Bench


class RangeHub:
    """A hub on loopback that cuts its first answers and knows ranges."""

    def __init__(self, content: bytes) -> None:
        hub = self
        self.ranges: list[str] = []
        self.reported: list[bytes] = []
        self.cuts = 2

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range", "")
                hub.ranges.append(asked)
                start = int(asked[6:-1]) if asked else 0
                rest = content[start:]
                self.send_response(206 if asked else 200)
                self.send_header("Content-Length", str(len(rest)))
                self.end_headers()
                if hub.cuts:
                    hub.cuts -= 1
                    rest = rest[: len(rest) // 2]
                self.wfile.write(rest)
                self.close_connection = True

            def do_POST(self) -> None:
                hub.reported.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def range_hub() -> Iterator[RangeHub]:
    hub = RangeHub(NEW)
    yield hub
    hub.close()


def test_a_cut_download_asks_only_for_the_rest(
    range_hub: RangeHub, tmp_path: Path, bench: Bench
) -> None:
    client = HubClient(range_hub.url, "t", timeout_s=3)
    wish = desired_for(NEW, bench.key).bundle
    assert wish is not None
    target = tmp_path / "x.part"
    for _ in range(2):
        with pytest.raises(HubUnreachableError, match="cut off"):
            client.download(wish, target)
    client.download(wish, target)
    assert target.read_bytes() == NEW
    half = len(NEW) // 2
    assert range_hub.ranges[0] == ""
    assert range_hub.ranges[1] == f"bytes={half}-"
    client.download(wish, target)
    assert len(range_hub.ranges) == 3


def test_reports_reach_the_hub_in_order(range_hub: RangeHub, bench: Bench) -> None:
    updater = Updater(bench.installer, bench.slots.folder, HubClient(range_hub.url, "t"), 1e9)
    updater.queue_report(Reported(bundle="a"))
    updater.queue_report(Reported(bundle="b"))
    updater.start()
    wait_for(lambda: len(range_hub.reported) == 2)
    updater.close()
    assert [Reported.model_validate_json(r).bundle for r in range_hub.reported] == ["a", "b"]


def test_an_absent_hub_is_a_clear_error() -> None:
    with pytest.raises(HubUnreachableError, match="does not answer"):
        HubClient("http://127.0.0.1:9", "t", timeout_s=1).desired()
