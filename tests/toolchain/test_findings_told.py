"""What an import or a check found, as text: nothing that was assumed hides behind another thing of the same name."""

from __future__ import annotations

from kits.core.kit import Finding
from kits.toolchain.commands.data import findings_text


def test_different_things_of_one_check_are_all_told_each_with_its_fix() -> None:
    told = findings_text([
        Finding("assumed", "warn", "dates were read month first", fix="state dates"),
        Finding("assumed", "warn", "a dash was taken for lost", fix="state lost"),
    ])  # fmt: skip
    assert told == [
        "warn assumed: dates were read month first", "       fix: state dates",
        "warn assumed: a dash was taken for lost", "       fix: state lost",
    ]  # fmt: skip


def test_what_is_said_of_many_samples_is_said_once() -> None:
    told = findings_text(
        Finding("small", "warn", "fewer than 64 pixels", (f"{n}.png",)) for n in range(40)
    )
    assert told[0] == "warn small (40 times): fewer than 64 pixels"
    assert told[-1].endswith("more of them: --json") and len(told) == 5


def test_of_very_many_different_things_a_few_are_told_and_the_rest_counted() -> None:
    told = findings_text(Finding("bad-row", "fail", f"row {n} is cut off") for n in range(40))
    assert told[:2] == ["fail bad-row: row 0 is cut off", "fail bad-row: row 1 is cut off"]
    assert told[-1] == "       … 35 more of bad-row: --json" and len(told) == 6
