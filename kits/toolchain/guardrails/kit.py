"""What the kit itself has to say about the data."""

from __future__ import annotations

from collections.abc import Iterator

from kits.core.kit import Finding
from kits.toolchain.guardrails.context import Context


def check(context: Context) -> Iterator[Finding]:
    """The findings of the kit's own `data.check`."""
    if context.dataset is not None:
        project = context.project
        yield from project.kit.data.check(context.dataset, project.kit_config)
