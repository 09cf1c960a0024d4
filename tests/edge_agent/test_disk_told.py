"""A disk that takes nothing, or that nobody can read: what the agent, its log and its status say of what it decides meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.status_text import status_lines
from edge_agent.summary import Summary
from edge_agent.sync.entry import Entry
from tests.edge_agent.parts import agent_config, decision, picture
from tests.waiting import wait_for


def test_an_agent_that_ends_on_a_disk_that_takes_nothing_says_what_is_lost(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "0.png").write_bytes(picture(200))
    source = {"kind": "folder", "path": str(tmp_path / "pictures"), "loop": True, "rate_hz": 50}
    agent = Agent(agent_config(tmp_path, tmp_path / "pictures", source=source))
    agent.outbox._store.read("PRAGMA query_only = 1")  # as a file system that became read-only
    ended: list[Summary] = []
    runner = threading.Thread(target=lambda: ended.append(agent.run()), daemon=True)
    runner.start()
    wait_for(lambda: agent.writer.stuck and agent.writer.unwritten > 5)
    assert agent.figures()["outbox_unwritten"] > 5
    agent.stop()
    wait_for(lambda: bool(ended))
    assert ended[0].lost_rows >= ended[0].samples > 0
    assert not ended[0].synced
    assert f"{ended[0].lost_rows} rows are lost" in ended[0].text()
    assert "the hub has everything" not in ended[0].text()


def test_what_waits_in_an_outbox_that_never_opened_is_said_to_be_unknown(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "0.png").write_bytes(picture(200))
    (tmp_path / "state" / "outbox.sqlite").mkdir(parents=True)
    agent = Agent(agent_config(tmp_path, tmp_path / "pictures"))
    text = "\n".join(status_lines(agent.status()))
    assert "waiting  not known" in text
    assert "0 rows" not in text
    ended = agent.run(max_samples=1)
    assert not ended.synced
    assert not ended.waiting_known
    assert "the outbox could not be opened: what waits in it is not known" in ended.text()
    assert "the hub has everything" not in ended.text()


def test_status_asks_an_agent_that_runs_since_before_an_upgrade(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    answer = dict(Agent(agent_config(tmp_path, tmp_path / "pictures")).status())
    newer = ("outbox_known", "outbox_unwritten")
    figures = {name: one for name, one in dict(answer["figures"]).items() if name not in newer}
    text = "\n".join(status_lines({**answer, "figures": figures}))
    assert "waiting  0 rows" in text
    assert "lost     nothing" in text


def test_a_disk_that_takes_nothing_is_a_line_of_the_log_at_once_and_one_at_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "0.png").write_bytes(picture(200))
    source = {"kind": "folder", "path": str(tmp_path / "pictures"), "loop": True, "rate_hz": 50}
    agent = Agent(agent_config(tmp_path, tmp_path / "pictures", source=source))
    agent.outbox._store.read("PRAGMA query_only = 1")
    runner = threading.Thread(target=agent.run, daemon=True)
    runner.start()
    wait_for(lambda: agent.writer.figures.failures >= 4)
    agent.stop()
    runner.join()
    told = [line.split()[1] for line in caplog.messages if "outbox_write_failed" in line]
    assert told == ["times=1", f"times={agent.writer.figures.failures - 1}"]


def test_what_a_ledger_hands_in_again_waits_at_the_end_and_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "0.png").write_bytes(picture(200))
    agent = Agent(agent_config(tmp_path, tmp_path / "pictures"))
    agent.outbox._store.read("PRAGMA query_only = 1")
    for n in range(5):
        agent.writer.put(Entry(decision(n), "s", mark=("mail-s", n)))
    agent.writer.put(Entry(decision(5), "s"))
    ended = agent.run(max_samples=1)
    assert ended.waiting_rows == 5
    assert ended.lost_rows == agent.writer.unwritten - 5 >= 2, "one of before, and one decided now"
    assert not ended.synced
