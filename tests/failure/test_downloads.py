"""A large bundle over a line that is cut again and again: at most 2 % of the bytes travel twice.

Hub and agent are the real programs; the agent reaches the hub through a proxy that ends the
connection after so many bytes, every third time by silence. 3.75 MB are what a line of 1 Mbit/s
carries in 30 s: 200 MB are cut more than fifty times.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.failure.conftest import Record
from tests.failure.proxy import Proxy
from tests.integration.site import Site
from tests.waiting import wait_for

MakeSite = Callable[..., Site]
MB = 1_000_000
CUT_BYTES = 3_750_000
MOST_TWICE = 0.02


def download(
    site: Site, folder: Path, size: int, cut_every: int, limit_s: float
) -> dict[str, float]:
    """Rolls a bundle of `size` bytes out to an agent behind a bad line; the figures."""
    site.serve()
    (folder / "first.kwb").write_bytes(make_bundle(1))
    line = site.add_line(
        "slow", folder / "slow", parts=30, rate_hz=20, loop=True,
        bundle=str(folder / "first.kwb"), hub={"timeout_s": 1.0},
    )  # fmt: skip
    content = make_bundle(2, padding=size)
    host, _, port = site.url.removeprefix("http://").partition(":")
    with Proxy((host, int(port)), cut_every=cut_every) as proxy:
        identity = line.folder / "state" / "identity.json"
        values = json.loads(identity.read_text())
        identity.write_text(json.dumps({**values, "hub": f"http://127.0.0.1:{proxy.port}"}))
        line.start()
        wait_for(lambda: line.figure("captured") >= 10, 60)
        before = proxy.down
        bundle = site.publish(content)
        plan = {"bundle": bundle, "device": line.name}
        site.api.call("POST", "/v1/rollouts", plan)
        took = wait_for(lambda: line.running() == bundle_id_of(content), limit_s)
        sent, cuts = proxy.down - before, proxy.cuts
        line.kill()
    return {
        "bundle bytes": len(content),
        "cut every bytes": cut_every,
        "cuts": cuts,
        "bytes over the line": sent,
        "sent twice %": round(100 * (sent - len(content)) / len(content), 3),
        "seconds": round(took, 1),
    }


@pytest.mark.slow
def test_a_bundle_over_a_line_that_is_cut(
    make_site: MakeSite, tmp_path: Path, record: Record
) -> None:
    figures = download(make_site(fresh=True), tmp_path, 20 * MB, CUT_BYTES, 90)
    record(figures)
    assert figures["cuts"] >= 5
    assert 0 <= figures["sent twice %"] <= 100 * MOST_TWICE


@pytest.mark.slow
def test_a_bundle_of_200_mb_over_a_line_that_is_cut(
    make_site: MakeSite, tmp_path: Path, record: Record
) -> None:
    figures = download(make_site(), tmp_path, 200 * MB, CUT_BYTES, 400)
    record(figures)
    assert figures["cuts"] >= 50
    assert 0 <= figures["sent twice %"] <= 100 * MOST_TWICE
