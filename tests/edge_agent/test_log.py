"""Logs: one event a line, whatever a name from outside holds."""

from __future__ import annotations

import logging

import pytest

from edge_agent.log import failure, log


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("pump-1", "pump-1"),
        ("", '""'),
        ("two words", '"two words"'),
        ("a\nevent=forged", '"a | event=forged"'),
        ("\x1b[2Jgone\r", '"\\x1b[2Jgone\\x0d"'),
    ],
)
def test_a_name_from_outside_is_one_word_that_no_terminal_obeys(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, value: str, shown: str
) -> None:
    logger = logging.getLogger("edge_agent")
    monkeypatch.setattr(logger, "propagate", True)
    caplog.set_level(logging.INFO, logger="edge_agent")
    log("case", asset=value)
    assert caplog.messages == [f"event=case asset={shown}"]


def test_an_error_over_a_sample_tells_its_place_and_nothing_of_the_sample() -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        b"dear shop, my card is \xff".decode()
    told = failure(caught.value)
    assert "card" in repr(caught.value), "which is why its text is not told"
    assert "card" not in told
    assert told.startswith("UnicodeDecodeError in test_an_error_over_a_sample")
    assert "test_log.py:" in told
    assert failure(ValueError("card")) == "ValueError"
