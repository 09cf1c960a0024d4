"""The made-up shop with its bundle, learned once for all tests that need a real one. Truth is known, figures mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.support_triage import demo

from .shop_bundle import write_shop_bundle

SHOP_SEED = 7


@pytest.fixture(scope="session")
def made_shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder whose `data` is what `generate` writes, and the shop's bundle. Tests must not change it."""
    root = tmp_path_factory.mktemp("shop")
    demo.generate(root / "data", SHOP_SEED)
    return root, write_shop_bundle(root / "data", root, SHOP_SEED)
