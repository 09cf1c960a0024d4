"""Which of a bundle's models have a lower precision, and the words for why the others have none.

A function of what was exported; converting and judging are `quantize.py`'s and `gate.py`'s work.
"""

from __future__ import annotations

from collections.abc import Sequence

from kits.toolchain.bundling import Built, ExportNote


def lowerable(full: Sequence[Built], note: ExportNote) -> tuple[str, ...]:
    """Roles whose graphs have a lower precision: those the kit names, without what only CPUs execute."""
    cpu_only = {built.role for built in full if built.target == "cpu"}
    return tuple(role for role in note.quantize_roles if role not in cpu_only)


def nothing_to_lower(
    full: Sequence[Built], note: ExportNote, wanted: Sequence[str], kind: str = "cpu"
) -> str:
    """Why models stay as they are, whatever was asked for; empty when there is something to try.

    Args:
        full: the FP32 models.
        wanted: precisions that were asked for, or that `auto` would try.
        kind: what will execute them: `cpu`, `openvino`, `tensorrt`.
    """
    if not full:
        return "there is no model to lower: this bundle computes without one"
    if all(built.target == "cpu" for built in full):
        return "these models (trees) run on the device's CPU in FP32; nothing gains from a lower precision"
    if not lowerable(full, note):
        return "this kit's models do not gain from a lower precision; they ship in FP32"
    if (
        kind != "cpu"
        and set(wanted) == {"int8"}
        and set(lowerable(full, note)) <= set(note.dynamic_roles)
    ):
        return "the INT8 of these models is for CPUs alone: they ship in FP32; ask for fp16 here"
    if not set(wanted) & set(note.precisions):
        return f"these models have no {' or '.join(wanted)}: they ship in FP32"
    return ""
