"""Decisions, selection, actions and sources, each by what it does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.actions.base import Order
from edge_agent.actions.dispatcher import Dispatcher, collect, make_actions
from edge_agent.config import (
    ActionConfig,
    CameraSourceConfig,
    FolderSourceConfig,
    HttpActionConfig,
    MqttActionConfig,
    SelectionConfig,
    SimulatedActionConfig,
    VideoSourceConfig,
)
from edge_agent.decide import Outcome, judge, safe
from edge_agent.errors import SourceError
from edge_agent.health import AlertBook
from edge_agent.selection import Selection
from edge_agent.sources import make_source
from edge_agent.sources.video import ScriptedCamera, VideoSource
from edge_agent.sync.entry import Entry
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import Prediction
from kits.core.sample import utc_now
from tests.edge_agent.mosquitto import Mosquitto
from tests.edge_agent.parts import picture, wait_for

POINT = OperatingPoint(
    default=Band(act_at=0.8, review_from=0.5), method="test", dataset="d", seed=0
)


def judged(score: float, elapsed_ms: float = 10, safe_side: str = "act") -> Outcome:
    return judge(
        POINT,
        Prediction(score=score),
        elapsed_ms=elapsed_ms,
        deadline_ms=100,
        safe_side=safe_side,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(("score", "verdict"), [(0.1, "pass"), (0.6, "review"), (0.9, "act")])
def test_in_time_the_operating_point_decides(score: float, verdict: str) -> None:
    outcome = judged(score)
    assert (outcome.verdict, outcome.decided) == (verdict, True)


def test_past_the_deadline_the_safe_side_decides_and_says_so() -> None:
    outcome = judged(0.1, elapsed_ms=150)
    assert (outcome.verdict, outcome.decided, outcome.score) == ("act", False, 0.1)
    assert "the model said pass" in outcome.reason


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_never_passes(score: float) -> None:
    assert judged(score, safe_side="pass").verdict == "review"
    assert judged(score, safe_side="act").verdict == "act"


# -- selection -----------------------------------------------------------------------------------


def outcome(verdict: str, score: float = 0.1) -> Outcome:
    return Outcome(verdict, score, "", "", decided=True)  # type: ignore[arg-type]


def test_acts_and_reviews_are_kept_and_reasons_recorded() -> None:
    selection = Selection(SelectionConfig(audit_rate=0, novelty=0))
    reasons = [selection.choose(outcome(v), lambda: 10).kept_for for v in ("act", "review", "pass")]
    assert reasons == ["act", "review", ""]


def test_the_audit_is_never_starved_by_a_day_of_defects() -> None:
    config = SelectionConfig(budget_bytes_per_day=10_000, audit_rate=0.02, audit_share=0.2, seed=4)
    selection = Selection(config)
    kept = [selection.choose(outcome("act"), lambda: 100).kept_for for _ in range(1000)]
    assert kept.count("act") <= 80
    assert kept.count("audit") >= 15
    assert sum(bool(k) for k in kept) * 100 <= 10_000
    assert "audit" in kept[500:]


def test_the_same_seed_audits_the_same_samples() -> None:
    def audits(seed: int) -> list[int]:
        selection = Selection(SelectionConfig(audit_rate=0.1, novelty=0, seed=seed))
        return [n for n in range(300) if selection.choose(outcome("pass"), lambda: 1).keep]

    assert audits(1) == audits(1)
    assert audits(1) != audits(2)
    assert 15 <= len(audits(1)) <= 50


def test_a_new_day_renews_the_budget() -> None:
    now = [datetime(2026, 1, 1, 12, tzinfo=timezone.utc)]
    config = SelectionConfig(budget_bytes_per_day=100, audit_rate=0, audit_share=0)
    selection = Selection(config, now=lambda: now[0])
    assert selection.choose(outcome("act"), lambda: 100).keep
    refused = selection.choose(outcome("act"), lambda: 100)
    assert not refused.keep
    assert "budget" in refused.refused
    now[0] += timedelta(days=1)
    assert selection.choose(outcome("act"), lambda: 100).keep


def test_an_unusual_score_is_novel() -> None:
    rng = np.random.default_rng(0)
    selection = Selection(SelectionConfig(audit_rate=0, novelty=5.0))
    usual = [
        selection.choose(outcome("pass", s), lambda: 1).keep for s in rng.normal(0.2, 0.01, 300)
    ]
    assert sum(usual) <= 3
    assert selection.choose(outcome("pass", 0.45), lambda: 1).kept_for == "novelty"


# -- actions -------------------------------------------------------------------------------------


class Web:
    """An HTTP address that records, answers `status` and may take its time."""

    def __init__(self) -> None:
        web = self
        self.bodies: list[dict[str, object]] = []
        self.status, self.pause_s = 200, 0.0

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(web.pause_s)
                web.bodies.append(json.loads(body))
                self.send_response(web.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/gate"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.close()


def order(deadline_s: float = 5.0, verdict: str = "act") -> Order:
    return Order("id-1", verdict, "scratch", 0.9, utc_now(), time.monotonic() + deadline_s)  # type: ignore[arg-type]


def act(
    config: ActionConfig, folder: Path, *orders: Order
) -> tuple[list[dict[str, str]], list[str]]:
    alerts: list[str] = []
    dispatcher = Dispatcher(
        make_actions([config], folder),
        lambda name, severity, _t: alerts.append(f"{name}:{severity}"),
    )
    results = [collect(dispatcher.dispatch(o), o.deadline_mono) for o in orders]
    dispatcher.close()
    return results, alerts


def test_http_actions_call_with_the_decision(web: Web, tmp_path: Path) -> None:
    results, alerts = act(
        HttpActionConfig(name="plc", url=web.url, timeout_ms=3000), tmp_path, order()
    )
    assert results == [{"plc": "done"}]
    assert web.bodies[0]["label"] == "scratch"
    assert alerts == []


def test_a_failing_action_alerts_once_and_clears(web: Web, tmp_path: Path) -> None:
    alerts: list[str] = []
    config = HttpActionConfig(name="plc", url=web.url, timeout_ms=3000)
    dispatcher = Dispatcher(
        make_actions([config], tmp_path), lambda name, severity, _t: alerts.append(severity)
    )
    for status in (500, 503, 200):
        web.status = status
        o = order()
        collect(dispatcher.dispatch(o), o.deadline_mono)
    dispatcher.close()
    assert alerts == ["error", "info"]
    assert dispatcher.counts() == {"plc": {"error": 2, "done": 1}}


def test_an_action_that_takes_too_long_is_given_up(web: Web, tmp_path: Path) -> None:
    web.pause_s = 0.4
    started = time.monotonic()
    results, _ = act(HttpActionConfig(name="plc", url=web.url, timeout_ms=100), tmp_path, order())
    assert results == [{"plc": "error"}]
    assert time.monotonic() - started < 0.4


def test_an_order_past_its_deadline_is_not_begun(web: Web, tmp_path: Path) -> None:
    results, _ = act(HttpActionConfig(name="plc", url=web.url), tmp_path, order(-0.1))
    assert results == [{"plc": "late"}]
    assert web.bodies == []


def test_actions_are_only_for_their_verdicts(tmp_path: Path) -> None:
    results, _ = act(
        SimulatedActionConfig(name="lamp", verdicts=("review",)),
        tmp_path,
        order(),
        order(verdict="review"),
    )
    assert results == [{}, {"lamp": "done"}]
    assert len((tmp_path / "actions.jsonl").read_text().splitlines()) == 1


def test_mqtt_actions_publish_to_the_plant_s_broker(broker: Mosquitto, tmp_path: Path) -> None:
    config = MqttActionConfig(
        name="andon",
        host="127.0.0.1",
        port=broker.port,
        topic="line/1",
        retain=True,
        timeout_ms=3000,
    )
    results, _ = act(config, tmp_path, order())
    assert results == [{"andon": "done"}]
    broker.kill()
    results, alerts = act(config, tmp_path, order())
    assert results == [{"andon": "error"}]
    assert alerts == ["action-andon:error"]


# -- sources -------------------------------------------------------------------------------------


def no_alert(_name: str, _severity: str, _text: str) -> None: ...


def test_a_folder_is_replayed_in_order_and_corrupt_files_are_counted(tmp_path: Path) -> None:
    for name in ("b.png", "a.png"):
        (tmp_path / name).write_bytes(picture(10))
    (tmp_path / "aa.jpg").write_bytes(b"torn")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not a sample")
    alerts: list[str] = []
    source = make_source(
        FolderSourceConfig(path=tmp_path), lambda name, _s, text: alerts.append(text)
    )
    assert [c.source for c in source.samples()] == ["folder/a.png", "folder/b.png"]
    assert source.health.corrupt == 2
    assert "aa.jpg" in alerts[0]


def test_a_folder_without_samples_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no samples"):
        next(make_source(FolderSourceConfig(path=tmp_path), no_alert).samples())
    with pytest.raises(SourceError, match="no such folder"):
        next(make_source(FolderSourceConfig(path=tmp_path / "x"), no_alert).samples())


def test_the_rate_is_kept(tmp_path: Path) -> None:
    for n in range(5):
        (tmp_path / f"{n}.png").write_bytes(picture(n))
    source = make_source(FolderSourceConfig(path=tmp_path, rate_hz=50), no_alert)
    started = time.monotonic()
    assert len(list(source.samples())) == 5
    assert time.monotonic() - started >= 0.08


def test_a_slow_consumer_sees_the_freshest_frame() -> None:
    frames = [np.full((2, 2, 3), n, np.uint8) for n in range(100)]
    camera = ScriptedCamera([frames, *[None] * 100])
    source = VideoSource(CameraSourceConfig(queue=1), camera, no_alert, backoff_s=0.01)
    stream = source.samples()
    next(stream)
    wait_for(lambda: source.health.captured == 100)
    last = next(stream)
    source.close()
    list(stream)
    assert isinstance(last.payload, np.ndarray)
    assert last.payload[0, 0, 0] == 99
    assert source.health.dropped >= 90


def test_a_video_file_gives_every_frame(tmp_path: Path) -> None:
    path = tmp_path / "v.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (32, 32))
    for n in range(7):
        writer.write(np.full((32, 32, 3), n * 30, np.uint8))
    writer.release()
    source = make_source(VideoSourceConfig(url=str(path), live=False), no_alert)
    assert len(list(source.samples())) == 7
    with pytest.raises(SourceError):
        missing = VideoSourceConfig(url=str(tmp_path / "none.avi"), live=False)
        list(make_source(missing, no_alert).samples())


def test_an_alert_is_raised_once_and_cleared_once() -> None:
    entries: list[Entry] = []

    def put(entry: Entry) -> bool:
        entries.append(entry)
        return True

    book = AlertBook(put)
    for _ in range(3):
        book("camera", "error", "gone")
    book("camera", "info", "back")
    book("camera", "info", "back")
    assert [e.body.severity for e in entries] == ["error", "info"]  # type: ignore[union-attr]
    assert book.open() == {}


def test_the_safe_side_names_its_reason() -> None:
    assert safe("the model failed", "act").reason == "safe side: the model failed"
