"""Long sweeps: a part of the cases at every change, all of them by `make test-all`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], *, every: int) -> list[Any]:
    """All cases, of which the first and each so-manieth after it is tried at every change; the others are `slow`.

    Of neighbours in a list, which are much alike, one is tried. Who works at what they go through runs them all:
    `pytest -m "" FILE`.
    """
    return [
        pytest.param(case, marks=pytest.mark.slow if place % every else ())
        for place, case in enumerate(cases)
    ]
