"""The outbox: nothing committed is lost, everything evicted is declared."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.framer import Framer
from edge_agent.sync.mqtt import MqttTransport
from edge_agent.sync.mqtt_client import MqttSettings
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.sender import Sender
from edge_agent.sync.simulator import HubSimulator
from edge_agent.sync.writer import CommitPolicy, Writer
from kits.core.events import AlertBody, DecisionBody, EventClass, GapBody, HealthBody
from kits.core.frames import MAX_FRAME_BYTES, decode_frame
from kits.core.topics import DeviceTopics
from tests.edge_agent.mosquitto import Mosquitto
from tests.edge_agent.parts import STARTS_S, decision, rows_of
from tests.waiting import wait_for

LARGE = Budgets(1 << 24, 1 << 24, 1 << 24)

_WRITER = """
import sys, random
from pathlib import Path
from edge_agent.sync.entry import Entry
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.eviction import Budgets
from kits.core.events import HealthBody
outbox = Outbox(Path(sys.argv[1]), Budgets(1 << 24, 1 << 24, 1 << 24))
oracle = open(sys.argv[2], "ab", buffering=0)
while True:
    seqs = outbox.append([Entry(HealthBody(figures={"x": 1.0}), "t") for _ in range(random.randint(1, 20))])
    oracle.write("".join(f"{outbox.epoch} {s}\\n" for s in seqs).encode())
"""


def everything(outbox: Outbox, klass: EventClass) -> list[int]:
    return [event.seq for event in rows_of(outbox, klass)]


def test_rows_come_back_in_order_after_reopening(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, LARGE)
    outbox.append([Entry(decision(n), "s") for n in range(5)])
    outbox.close()
    again = Outbox(tmp_path, LARGE)
    ids = [e.body.sample_id for e in rows_of(again, "s") if isinstance(e.body, DecisionBody)]
    assert ids == [f"sample-{n}" for n in range(5)]
    assert again.epoch == outbox.epoch
    again.close()


def test_a_blob_travels_only_after_its_row_and_is_freed_after_the_hub_has_it(
    tmp_path: Path,
) -> None:
    outbox = Outbox(tmp_path, LARGE)
    seqs = outbox.append([Entry(decision(1), "s", 1.0, b"pixels", "image/png")])
    assert outbox.ready_blobs(5) == []
    outbox.acknowledge(outbox.epoch, [(seqs[0], seqs[0])])
    [(digest, size)] = outbox.ready_blobs(5)
    assert size == 6
    assert outbox.spool.get(digest) == b"pixels"
    outbox.blobs_done([digest])
    assert outbox.empty()
    assert outbox.backlog()["s"] == (0, 0)
    outbox.close()


def test_a_blob_named_twice_outlives_the_first_acknowledgement(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, LARGE)
    first = outbox.append([Entry(decision(1), "s", 1.0, b"same", "image/png")])[0]
    second = outbox.append([Entry(decision(2), "s", 1.0, b"same", "image/png")])[0]
    outbox.acknowledge(outbox.epoch, [(first, first)])
    [(digest, _)] = outbox.ready_blobs(5)
    outbox.blobs_done([digest])
    assert outbox.spool.get(digest) == b"same"
    outbox.acknowledge(outbox.epoch, [(second, second)])
    outbox.blobs_done([digest])
    assert outbox.empty()
    outbox.close()


def test_orphans_of_a_crash_are_swept(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, LARGE)
    digest = outbox.spool.put(b"written, but the row never came")
    outbox.close()
    again = Outbox(tmp_path, LARGE)
    assert again.spool.delete(digest) == 0
    again.close()


@pytest.mark.parametrize("klass", ["t", "s", "l"])
def test_every_evicted_row_is_declared_exactly_once(tmp_path: Path, klass: EventClass) -> None:
    outbox = Outbox(tmp_path, Budgets(20_000, 20_000, 20_000, 20_000))
    draw = random.Random(3)
    appended = 0
    for _ in range(60):
        batch = []
        for _ in range(10):
            content = draw.randbytes(300) if klass == "s" else None
            batch.append(Entry(decision(appended), klass, draw.random(), content, "image/png"))
            appended += 1
        outbox.append(batch)
    rows = [e for k in ("a", "l", "s", "t") for e in rows_of(outbox, k)]  # type: ignore[arg-type]
    gaps = [e.body for e in rows if isinstance(e.body, GapBody)]
    kept = [e for e in rows if isinstance(e.body, DecisionBody)]
    evicted_gaps = sum(g.rows for g in gaps if g.klass == klass)
    if klass == "l":
        # gap rows are labels themselves: those that were evicted are declared by later ones
        assert evicted_gaps + len(kept) >= appended - outbox.evicted_rows
    else:
        assert evicted_gaps + len(kept) == appended
        assert evicted_gaps == outbox.evicted_rows > 0
    total = sum(size for k, (_, size) in outbox.backlog().items() if k not in ("a", "blobs"))
    assert total <= 80_000 + 5_000
    outbox.close()


def test_samples_of_least_worth_go_first_and_alerts_never(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, Budgets(10_000, 10_000, 10_000, 100_000))
    outbox.append([Entry(AlertBody(name="a", text="x" * 1000), "a") for _ in range(80)])
    outbox.append(
        [Entry(decision(n), "s", float(n % 2), bytes([n]) * 900, "image/png") for n in range(60)]
    )
    kept = [e.body for e in rows_of(outbox, "s") if isinstance(e.body, DecisionBody)]
    worthless = [b for b in kept if int(b.sample_id.split("-")[1]) % 2 == 0]
    assert len(everything(outbox, "a")) == 80
    assert 0 < len(kept) < 60
    assert worthless == []
    outbox.close()


def test_telemetry_gives_way_before_samples(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, Budgets(10_000, 10_000, 10_000, 100_000))
    outbox.append([Entry(HealthBody(figures={"x": float(n)}), "t") for n in range(1200)])
    outbox.append([Entry(decision(n), "s") for n in range(20)])
    assert len(everything(outbox, "s")) == 20
    assert len(everything(outbox, "t")) < 1200
    outbox.close()


def test_rows_on_their_way_are_not_declared_lost(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, Budgets(5_000, 5_000, 5_000, 5_000))
    sent = outbox.append([Entry(decision(n), "s", 0.0) for n in range(5)])
    assert [row.seq for row in outbox.claim("s", 0, 100).rows] == sent
    outbox.append([Entry(decision(n), "s", 1.0) for n in range(200)])
    assert everything(outbox, "s")[:5] == sent
    outbox.close()


def test_a_damaged_file_is_set_aside_and_a_new_epoch_begins(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, LARGE)
    outbox.append([Entry(decision(n), "s") for n in range(50)])
    outbox.close()
    (tmp_path / "outbox.sqlite").write_bytes(b"garbage" * 2000)
    again = Outbox(tmp_path, LARGE)
    alerts = [e.body for e in rows_of(again, "a")]
    assert again.epoch != outbox.epoch
    assert [a.name for a in alerts if isinstance(a, AlertBody)] == ["outbox-damaged"]
    assert (tmp_path / f"outbox.sqlite.damaged-{outbox.epoch}").exists()
    again.close()


def test_an_oversized_row_still_fits_a_frame(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, LARGE)
    noise = random.Random(1).randbytes(300_000).hex()
    outbox.append([Entry(decision(1, prediction={"noise": noise}), "s")])
    payload, taken = Framer().build(outbox.epoch, outbox.claim("s", 0, 200).rows)
    assert len(payload) <= MAX_FRAME_BYTES
    body = decode_frame(payload).rows[0].body
    assert isinstance(body, DecisionBody)
    assert body.sample_id == "sample-1"
    assert len(taken) == 1
    outbox.close()


def test_the_writer_groups_rows_and_writes_alerts_at_once(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, LARGE)
    writer = Writer(outbox, queue=100, policy=CommitPolicy(samples_ms=5000))
    writer.start()
    writer.put(Entry(decision(1), "s"))
    time.sleep(0.05)
    assert everything(outbox, "s") == []
    writer.put(Entry(AlertBody(name="a", text="now"), "a"))
    assert writer.flush(20)
    assert len(everything(outbox, "s")) == len(everything(outbox, "a")) == 1
    assert writer.close()
    outbox.close()


def test_a_full_queue_refuses_samples_but_never_alerts(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, LARGE)
    writer = Writer(outbox, queue=10)
    accepted = [writer.put(Entry(decision(n), "s")) for n in range(12)]
    assert accepted == [True] * 10 + [False] * 2
    assert writer.put(Entry(AlertBody(name="a", text="x"), "a"))
    assert writer.figures.refused == 2
    writer.start()
    assert writer.close()
    assert len(everything(outbox, "a")) == 1
    outbox.close()


def _is_longer(file: Path, before: int) -> bool:
    return file.exists() and file.stat().st_size > before


def test_killed_writers_lose_and_double_nothing(tmp_path: Path, broker: Mosquitto) -> None:
    """kill -9 at random points; the oracle is a file appended after each commit returned."""
    oracle, draw = tmp_path / "oracle", random.Random(11)
    state = tmp_path / "state"
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(state), str(oracle)], stderr=subprocess.PIPE
        )
        before = oracle.stat().st_size if oracle.exists() else 0
        wait_for(partial(_is_longer, oracle, before), STARTS_S)
        time.sleep(draw.uniform(0.0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.wait(5)
        assert process.stderr is not None
        process.stderr.close()
    committed = {(e, int(s)) for e, s in (line.split() for line in oracle.read_text().splitlines())}
    hub = HubSimulator(answers=2)
    served = hub.serve("127.0.0.1", broker.port)
    assert served.ready.wait(5)
    outbox, topics = Outbox(state, LARGE), DeviceTopics("s1", "cam-1")
    settings = MqttSettings(
        "127.0.0.1", broker.port, "cam-1", "", "", backoff_s=0.1, subscriptions=(topics.ack,)
    )
    sender = Sender(outbox, MqttTransport(settings), topics, resend_s=1.0)
    sender.start()
    wait_for(outbox.empty)
    sender.close()
    served.close()
    outbox.close()
    got = {(epoch, seq) for _, epoch, seq in hub.rows}
    assert committed
    assert committed - got == set()
    assert len({epoch for epoch, _ in got}) == 1
