"""The demo: the real programs, run one after the other, with a scripted reviewer as the person."""

from __future__ import annotations

from kits.toolchain.demo.run import run_demo

__all__ = ["run_demo"]
