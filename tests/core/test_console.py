"""What the three command-line programs have in common: who types."""

from __future__ import annotations

import os

import pytest

from kits.core.console import account_name


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
