"""A device takes only what is whole and computes the same; a hub takes only from whom it knows."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from kits.core.sample import digest_of
from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.integration.site import Line, Site
from tests.waiting import PATIENCE_S, wait_for


@pytest.fixture
def line(site: Site, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Line]:
    """A running agent that decides with bundle 1."""
    (tmp_path / "b.kwb").write_bytes(make_bundle(1))
    name = request.node.name.replace("_", "-")[5:35].strip("-")
    made = site.add_line(name, tmp_path, parts=30, rate_hz=60, loop=True, bundle="b.kwb")
    made.start()
    wait_for(lambda: len(site.samples(made)) >= 5)
    yield made
    made.stop()


def assert_kept_the_old(line: Line, rollout: object, reason: str) -> None:
    old = bundle_id_of(make_bundle(1))
    ended = line.site.deployment(rollout)  # type: ignore[arg-type]
    assert ended["state"] == "failed"
    assert reason in str(ended["error"])
    assert line.status()["bundle"] == old
    line.wait_decided(old, more=10)
    assert {row["bundle"] for row in line.site.samples(line)} == {old}
    wait_for(lambda: "bundle-refused" in line.site.alerts_of(line))


def test_a_newer_release_takes_over_and_a_deliberate_return_too(site: Site, line: Line) -> None:
    new, old = make_bundle(4, act_at=0.73), make_bundle(1)
    assert site.deployment(site.roll_out(new, line))["state"] == "committed"
    line.wait_decided(bundle_id_of(new), more=10)
    back = site.deployment(site.roll_out(old, line))  # old bytes, a higher number
    assert back["state"] == "committed", back
    line.wait_decided(bundle_id_of(old), more=10)
    assert {row["bundle"] for row in site.samples(line)} == {bundle_id_of(old), bundle_id_of(new)}
    assert line.updates()["previous"] == bundle_id_of(new)
    assert line.updates()["denied"] == {}


def test_an_aborted_rollout_stops_a_device_that_has_begun(site: Site, tmp_path: Path) -> None:
    """On probation, where the new bundle decides already: it goes back, and may come again."""
    (tmp_path / "b.kwb").write_bytes(make_bundle(1))
    update = {"poll_s": 0.3, "shadow_samples": 5, "probation_samples": 100_000,
              "max_latency_factor": 50}  # fmt: skip
    line = site.add_line(
        "aborted", tmp_path, parts=30, rate_hz=60, loop=True, bundle="b.kwb", update=update
    )
    line.start()
    new = make_bundle(5, act_at=0.74)
    wait_for(lambda: line.running() == bundle_id_of(make_bundle(1)))
    rollout = site.roll_out(new, line)
    wait_for(lambda: line.running() == bundle_id_of(new))
    site.api.call("POST", f"/v1/rollouts/{rollout}/abort")
    wait_for(lambda: line.running() == bundle_id_of(make_bundle(1)))
    wait_for(lambda: line.updates()["state"] == "")
    assert line.updates()["denied"] == {}
    site.roll_out(new, line)
    wait_for(lambda: line.running() == bundle_id_of(new))
    line.stop()


def test_one_flipped_byte_in_the_hub(site: Site, line: Line) -> None:
    content = make_bundle(2, act_at=0.71)
    site.publish(content)
    digest = digest_of(content)
    stored = site.data / "blobs" / "sha256" / digest[:2] / digest[2:]
    stored.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
    rollout = site.api.roll_out(bundle_id_of(content), line.name)["rollout"]
    assert_kept_the_old(line, rollout, "digest")


def test_other_numbers_than_the_golden_ones(site: Site, line: Line) -> None:
    wrong = make_bundle(3, act_at=0.72, golden_score=0.9)
    assert_kept_the_old(line, site.roll_out(wrong, line), "golden")


def test_a_revoked_device_is_not_heard_any_more(site: Site, line: Line) -> None:
    token = json.loads((line.folder / "state" / "identity.json").read_text())["token"]
    assert desired_status(site, token) == 200
    site.api.call("POST", f"/v1/devices/{line.name}/revoke")
    assert desired_status(site, token) == 401
    wait_for(lambda: line.figure("sync_connected") == 0)
    had = len(site.seqs(line))
    waiting = line.figure_now("outbox_rows")
    wait_for(lambda: line.figure("outbox_rows") >= waiting + 40)
    assert len(site.seqs(line)) == had
    wait_for(lambda: "broker-refuses" in line.open_alerts())


def test_a_revoked_device_is_not_heard_over_a_broker_without_passwords(
    any_site: Site, tmp_path: Path
) -> None:
    (tmp_path / "b.kwb").write_bytes(make_bundle(1))
    line = any_site.add_line("gone", tmp_path, parts=30, rate_hz=60, loop=True, bundle="b.kwb")
    line.start()
    wait_for(lambda: len(any_site.samples(line)) >= 5)
    any_site.api.call("POST", f"/v1/devices/{line.name}/revoke")
    had = len(any_site.seqs(line))
    waiting = line.figure_now("outbox_rows")
    wait_for(lambda: line.figure("outbox_rows") >= waiting + 40)
    assert len(any_site.seqs(line)) == had
    line.kill()


def desired_status(site: Site, token: str) -> int:
    request = urllib.request.Request(
        f"{site.url}/v1/device/desired", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
