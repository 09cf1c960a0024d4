"""Tests of packages that need not be there."""

from __future__ import annotations

import importlib.util

import pytest


def needing(package: str) -> pytest.MarkDecorator:
    """Skips tests where `package` is not installed.

    It is not imported for that: torch alone takes each of the processes that collect tests two seconds and 300 MB.
    """
    there = importlib.util.find_spec(package) is not None
    return pytest.mark.skipif(not there, reason=f"{package} is not installed")
