"""What the three command-line programs have in common: who types, and that nothing they quote steers the terminal."""

from __future__ import annotations

import json
import os

import pytest

from kits.core.console import Console, account_name, run
from kits.core.errors import DataError

HOSTILE = "\x1b]0;pwn\x07\x1b[2Ja\x9b31m\u202eb\udcff\r\n\tc"
"""Of a file's name, or of a mail's subject: it would name the window, empty the screen, and be red to the end."""
PLAIN = "\ufffd]0;pwn\ufffd\ufffd[2Ja\ufffd31m\ufffdb\ufffd\n\tc"


def test_the_account_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "ada")
    assert account_name() == "ada"


def test_who_types_behind_sudo_is_named_and_not_the_account_of_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every entry of the hub's audit log said `cli:kitwright`, whoever had revoked or released."""
    monkeypatch.setenv("LOGNAME", "kitwright")
    monkeypatch.setenv("SUDO_USER", "ada")
    assert account_name() == "ada"


def test_an_account_without_a_name_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUDO_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2_000_000_001)
    assert account_name() == ""


def test_no_answer_and_no_note_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Console().answer(HOSTILE, {})
    Console().note(HOSTILE)
    assert capsys.readouterr().out == f"{PLAIN}\n{PLAIN}\n"


def test_a_document_says_the_same_and_steers_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = {"name": HOSTILE, "more": [HOSTILE, "Größe"]}
    Console(as_json=True).answer("", told)
    out = capsys.readouterr().out
    assert json.loads(out) == told
    assert "Größe" in out and out.replace("\n", "").isprintable()


@pytest.mark.parametrize("words", [["kit"], ["kit", "--json"]])
def test_no_error_steers_the_terminal(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise DataError("not a picture", where=HOSTILE)

    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit):
        run(fail)
    told = capsys.readouterr()
    assert told.err == f"error: not a picture\n  where: {PLAIN}\n"
    assert not words[1:] or json.loads(told.out)["where"] == HOSTILE
    assert told.out.strip().isprintable()
