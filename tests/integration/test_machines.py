"""A machine at a real hub with a real broker: its case arrives, and so do the minutes a person asks for."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from kits.core.window import decode_window
from tests.edge_agent.machine_parts import make_level_bundle
from tests.integration.site import Json, Line, Site
from tests.waiting import wait_for

SOURCE = {
    "kind": "simulated", "asset": "press-7", "speed": 10, "fault_at_s": 30, "window_s": 5,
    "signals": [{"name": "acc", "unit": "g", "rate_hz": 100, "fault_gain": 3600}],
}  # fmt: skip


def recorded(site: Site, line: Line, why: str) -> list[Json]:
    """What the hub has of raw signals kept for a reason."""
    return [row for row in site.samples(line) if row["kept_for"] == why]


def test_a_person_gets_the_minutes_that_are_asked_for(site: Site, tmp_path: Path) -> None:
    (tmp_path / "b.kwb").write_bytes(make_level_bundle())
    line = site.add_line("machine", tmp_path, parts=1, bundle="b.kwb")
    settings = yaml.safe_load(line.config.read_text())
    settings |= {"source": SOURCE, "alarms": {"audit_per_day": 0, "before_s": 20, "after_s": 5}}
    line.config.write_text(yaml.safe_dump(settings))
    line.start()
    wait_for(lambda: len(recorded(site, line, "act")) >= 2, 60)
    told = site.programs.text(
        *("cloud-sync", "device", "request-window", line.name, "--asset", "press-7"),
        *("--minutes", "0.5", "--data", str(site.data), "--json"),
    )
    wish = json.loads(told)["id"]
    wait_for(lambda: bool(recorded(site, line, "request")), 60)
    (row,) = recorded(site, line, "request")
    meta = site.api.call("GET", f"/v1/samples/{row['id']}")["meta"]
    assert isinstance(meta, dict)
    assert (meta["request"], meta["asset"]) == (wish, "press-7")
    wait_for(lambda: line.figure("outbox_blobs") == 0)
    window = decode_window(site.content(recorded(site, line, "request")[0]))
    assert window.channels[0].readings.size == 3000
    line.kill()
    line.start()  # a life later the wish is remembered: nothing comes twice
    wait_for(lambda: line.figure("captured") > 5)
    line.stop()
    assert len(recorded(site, line, "request")) == 1


def test_a_case_that_is_closed_at_the_hub_labels_what_the_device_kept(
    site: Site, tmp_path: Path
) -> None:
    (tmp_path / "b.kwb").write_bytes(make_level_bundle())
    line = site.add_line("ward", tmp_path, parts=1, bundle="b.kwb")
    settings = yaml.safe_load(line.config.read_text())
    settings |= {"source": SOURCE, "alarms": {"audit_per_day": 0, "before_s": 20, "after_s": 5}}
    line.config.write_text(yaml.safe_dump(settings))
    line.start()
    wait_for(lambda: len(recorded(site, line, "act")) >= 3, 60)
    line.stop()
    cases = site.api.call("GET", "/v1/cases?limit=100")["cases"]
    assert isinstance(cases, list)
    (case,) = (one for one in cases if isinstance(one, dict) and one["device"] == line.name)
    assert (case["asset"], case["level"], case["label"]) == ("press-7", "alarm", "worn")
    site.api.call("POST", f"/v1/cases/{case['id']}/close", {"cause": "outer-race", "note": "seen"})
    kept = [site.api.call("GET", f"/v1/samples/{r['id']}") for r in recorded(site, line, "act")]
    labelled = [one for one in kept if one["annotations"]]
    assert len(labelled) == 3, "the window of the alarm, and what lies before and after it"
    stated = [one["annotations"][-1]["body"] for one in labelled]
    assert {body["label"] for body in stated} == {"outer-race"}
    spans = [body["spans"] for body in stated if body.get("spans")]
    assert len(spans) == 1, "only the recording of before has a stretch without the fault"
    line.start()  # the device was away meanwhile: it hears of it now, follows, and says so
    wait_for(lambda: closed_by_device(site, str(case["id"])), 60)
    line.stop()


def closed_by_device(site: Site, case: str) -> list[Json]:
    steps = site.api.call("GET", f"/v1/cases/{case}")["steps"]
    assert isinstance(steps, list)
    said = [step for step in steps if isinstance(step, dict) and step["source"] == "device"]
    return [s for s in said if (s["transition"], s["note"]) == ("closed", "at the hub: outer-race")]
