"""`kit check` of machine data: each weakness is named with its figure and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

from kits.core.annotation import Annotation
from kits.core.dataset import Split
from kits.core.kit import Finding, RawSample
from kits.core.prediction import Quantity, Span
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from kits.predictive_maintenance import data
from tests.predictive_maintenance.reading import put, read_all, stamps, table, version, wave
from tests.predictive_maintenance.test_reading_snapshots import milling


class Settings(BaseModel):
    """A stand-in for the kit's configuration."""

    false_alarms_per_month: float = 30.0


def sample(
    source: str,
    readings: Iterable[float],
    *,
    name: str = "v",
    unit: str = "g",
    group: str = "",
    split: Split = "train",
    label: str = "normal",
    rate_hz: float = 1.0,
    **attributes: str | float,
) -> RawSample:
    values = np.array(list(readings), np.float32)
    window = Window(
        (Channel(name, unit, values),), rate_hz, None, {"asset": group or source, **attributes}
    )
    return RawSample(
        encode_window(window), MEDIA_TYPE, source, Annotation(label=label), group or source, split
    )


def checked(samples: Iterable[RawSample], folder: Path) -> dict[str, Finding]:
    return {f.check: f for f in data.check(version(samples, folder), Settings())}


def level(found: dict[str, Finding], check: str) -> str:
    return found[check].level if check in found else "absent"


def noise(seed: int, n: int = 500) -> list[float]:
    return [float(v) for v in np.random.default_rng(seed).normal(0, 1, n)]


def test_flags_of_the_failure_are_refused_until_a_person_has_confirmed(tmp_path: Path) -> None:
    milling(tmp_path / "in")
    found = checked(read_all(tmp_path / "in")[0], tmp_path / "store")["leakage-columns"]
    assert found.level == "fail"
    assert all(flag in " ".join(found.evidence) for flag in ("TWF", "HDF", "PWF", "RNF"))
    assert "ignore: [HDF, PWF, RNF, TWF]" in found.fix
    put(tmp_path / "in/machines.yaml", "ignore: [HDF, PWF, RNF, TWF]\n")
    found = checked(read_all(tmp_path / "in")[0], tmp_path / "again")["leakage-columns"]
    assert found.level == "pass"


def test_a_flag_that_was_kept_against_the_advice_is_refused(tmp_path: Path) -> None:
    milling(tmp_path / "in")
    put(tmp_path / "in/machines.yaml", "keep: [TWF, HDF, PWF, RNF]\n")
    found = checked(read_all(tmp_path / "in")[0], tmp_path / "store")["leakage-columns"]
    assert (found.level, found.evidence[0].split(":")[0]) == ("fail", "TWF")


@pytest.mark.parametrize("name", ["RUL", "time_to_failure", "changepoint", "root_cause", "label"])
def test_columns_named_like_the_answer_are_refused(tmp_path: Path, name: str) -> None:
    samples = [sample(f"{i}", noise(i), name=name) for i in range(3)]
    assert level(checked(samples, tmp_path), "leakage-columns") == "fail"


def test_rows_of_one_recording_are_recognised_by_their_likeness(tmp_path: Path) -> None:
    drifting = np.cumsum(np.random.default_rng(0).normal(0, 1, 200))
    rows = [sample(f"x.csv#{i + 1}", [v]) for i, v in enumerate(drifting)]
    assert level(checked(rows, tmp_path / "a"), "neighbouring-rows") == "warn"
    rows = [sample(f"x.csv#{i + 1}", [v]) for i, v in enumerate(noise(1, 200))]
    assert level(checked(rows, tmp_path / "b"), "neighbouring-rows") == "pass"


def test_a_copy_on_both_sides_is_refused(tmp_path: Path) -> None:
    original = noise(0, 3000)
    dataset = version([sample("a", original), sample("b", noise(1), split="test")], tmp_path)
    late = version([sample("c", original[500:], split="test")], tmp_path)
    mixed = type(dataset)(dataset.header, (*dataset.items, *late.items), dataset.blobs, "x")
    found = {f.check: f for f in data.check(mixed, Settings())}
    assert found["copies"].level == "fail"
    assert level(checked([sample("a", original)], tmp_path), "copies") == "pass"


def test_faults_in_the_learnt_part_are_said(tmp_path: Path) -> None:
    flags = [int(20 <= i < 40) for i in range(300)]
    put(tmp_path / "in/x.csv", table(("time", "v", "anomaly"), stamps(300), wave(300), flags))
    put(tmp_path / "in/machines.yaml", "learn: {share: 0.5}\n")
    found = checked(read_all(tmp_path / "in")[0], tmp_path / "store")
    assert level(found, "faults-in-learnt-part") == "warn"


def test_missing_stuck_and_clipped_readings(tmp_path: Path) -> None:
    gaps = noise(0)
    gaps[::5] = [float("nan")] * 100
    held = noise(1)
    held[100:300] = [0.5] * 200
    clipped = np.clip(noise(2, 5000), -1, 1)
    others = [sample(f"ok{i}", noise(10 + i), name="held") for i in range(8)]
    found = checked(
        [
            sample("a", gaps, name="gaps"),
            sample("b", held, name="held"),
            sample("c", clipped.tolist(), name="clipped", rate_hz=1000.0),
            *others,
        ],
        tmp_path,
    )
    assert found["missing-readings"].evidence == ("gaps: 20% missing",)
    assert found["stuck-channels"].evidence == ("held in b",)
    assert found["clipped-channels"].evidence[0].startswith("clipped in c")


def test_sound_signals_pass(tmp_path: Path) -> None:
    found = checked([sample(str(i), noise(i), rate_hz=1000.0) for i in range(6)], tmp_path)
    for check in ("missing-readings", "stuck-channels", "clipped-channels", "rates", "conditions"):
        assert level(found, check) == "pass", check


def test_different_rates_and_impossible_units(tmp_path: Path) -> None:
    found = checked(
        [
            sample("a", noise(0), rate_hz=1000.0, unit="K"),
            sample("b", noise(1), rate_hz=500.0, unit="K"),
        ],
        tmp_path,
    )
    assert level(found, "rates") == "warn"
    assert level(found, "units") == "warn"


def test_conditions_that_were_never_learnt_from(tmp_path: Path) -> None:
    samples = [sample(str(i), noise(i), speed_rpm=1000.0 + i, product="A") for i in range(5)]
    samples.append(sample("t", noise(9), split="test", speed_rpm=3000.0, product="B"))
    found = checked(samples, tmp_path)["conditions"]
    assert found.level == "warn"
    assert [e.split(" (")[0] for e in found.evidence] == ["product B", "speed_rpm 3000"]


def test_a_speed_that_was_never_learnt_from(tmp_path: Path) -> None:
    slow = [sample(str(i), [1000 + v for v in noise(i)], name="speed") for i in range(4)]
    fast = sample("t", [1500 + v for v in noise(9)], name="speed", split="test")
    assert level(checked([*slow, fast], tmp_path), "conditions") == "warn"


def test_a_fault_seen_on_one_bearing_cannot_be_judged(tmp_path: Path) -> None:
    samples = [
        sample(
            f"{label}{unit}{i}",
            noise(hash_of(label, unit, i)),
            group=f"{label}-{unit}",
            label=label,
        )
        for label, units in (("normal", 3), ("inner", 3), ("ball", 1))
        for unit in range(units)
        for i in range(2)
    ]
    found = checked(samples, tmp_path)["units-per-fault"]
    assert (found.level, found.evidence) == ("warn", ("ball: ball-0",))


def hash_of(label: str, unit: int, i: int) -> int:
    return sum(map(ord, label)) * 100 + unit * 10 + i


def test_normal_time_is_set_against_the_false_alarms_aimed_at(tmp_path: Path) -> None:
    for days, expected in ((30, "pass"), (2, "warn")):
        folder = tmp_path / str(days)
        n = days * 24
        put(folder / "x.csv", table(("time", "v"), stamps(n, 3600), wave(n)))
        found = checked(read_all(folder)[0], folder / "store")["normal-time"]
        assert found.level == expected
    assert "more days" in found.fix


def test_few_runs_to_failure_are_said(tmp_path: Path) -> None:
    def unit(number: int, split: Split) -> RawSample:
        made = sample(f"u{number}", noise(number, 100), split=split)
        life = Annotation(quantities=(Quantity("remaining_life", 0.0, "cycles"),))
        return RawSample(made.content, MEDIA_TYPE, made.source, life, made.group, split)

    few = [*(unit(i, "train") for i in range(5)), unit(99, "test")]
    assert level(checked(few, tmp_path / "a"), "runs-to-failure") == "warn"
    many = [*(unit(i, "train") for i in range(25)), unit(99, "test")]
    assert level(checked(many, tmp_path / "b"), "runs-to-failure") == "pass"


def test_different_channels_and_spans_survive_the_check(tmp_path: Path) -> None:
    spanned = sample("s", noise(3), split="test", label="leak")
    annotation = Annotation(label="leak", spans=(Span(3, 9, "leak", ""),))
    samples = [
        sample("a", noise(1)),
        sample("b", noise(2), name="w"),
        RawSample(spanned.content, MEDIA_TYPE, "s", annotation, "s", "test"),
    ]
    # there is none that a model could learn from
    assert level(checked(samples, tmp_path), "same-channels") == "fail"


def test_channels_that_some_recordings_lack_are_told(tmp_path: Path) -> None:
    for name, columns in (("a", ("v",)), ("b", ("v", "w"))):
        rows = table(
            ("time", *columns), stamps(100), *(wave(100, seed=i) for i in range(len(columns)))
        )
        put(tmp_path / "in" / name / "x.csv", rows)
    samples, _ = read_all(tmp_path / "in")
    assert level(checked(samples, tmp_path), "same-channels") == "warn"


def test_recordings_of_one_asset_at_the_same_time(tmp_path: Path) -> None:
    put(tmp_path / "in/a.csv", table(("time", "machine", "v"), stamps(100), ["M"] * 100, wave(100)))
    put(
        tmp_path / "in/b.csv",
        table(("time", "machine", "w"), stamps(100), ["M"] * 100, wave(100, 9)),
    )
    found = checked(read_all(tmp_path / "in")[0], tmp_path / "store")
    assert level(found, "same-time") == "warn"


def test_bytes_that_are_no_window_are_refused(tmp_path: Path) -> None:
    broken = RawSample(b"no window", MEDIA_TYPE, "x", None, "x", "train")
    found = checked([broken], tmp_path)
    assert level(found, "damaged-samples") == "fail"
    assert level(found, "recordings") == "fail"


def test_recordings_cut_in_time_count_by_their_days_and_faults(tmp_path: Path) -> None:
    put(tmp_path / "in/press.csv", table(("time", "v"), stamps(2000, 600), wave(2000)))
    stops = [f"{stamps(2000, 600)[i]},{stamps(2000, 600)[i + 20]}" for i in (1000, 1300, 1600)]
    put(tmp_path / "in/stoppages.csv", "\n".join(["start,end", *stops]) + "\n")
    found = checked(read_all(tmp_path / "in")[0], tmp_path / "store")
    # learnt from are the first 70 % before the first stop, and of these 62.5 %
    assert found["few-samples"].text.startswith("3.04 machine days to learn from")
    assert "3 stretches of faults to judge on" in found["claim-escape"].text
    assert "above 37%" in found["claim-escape"].text
    assert level(found, "claim-overkill") == level(found, "baseline") == "pass"
    (tmp_path / "in/stoppages.csv").unlink()
    found = checked(read_all(tmp_path / "in")[0], tmp_path / "again")
    assert "no fault is marked" in found["claim-escape"].text


def test_faults_that_are_passed_over_are_no_days_to_learn_from(tmp_path: Path) -> None:
    put(tmp_path / "in/press.csv", table(("time", "v"), stamps(2000, 600), wave(2000)))
    stops = [f"{stamps(2000, 600)[i]},{stamps(2000, 600)[i + 20]}" for i in (100, 1300, 1600)]
    put(tmp_path / "in/stoppages.csv", "\n".join(["start,end", *stops]) + "\n")
    found = checked(read_all(tmp_path / "in")[0], tmp_path / "store")
    # 70 rows before the first, of what lies between it and the next 60 %; of these 62.5 %
    assert found["few-samples"].text.startswith("3.38 machine days to learn from")
    assert "by their 2 pieces" in found["few-samples"].text
    assert "2 stretches of faults to judge on" in found["claim-escape"].text


def test_lives_are_no_good_or_bad_samples(tmp_path: Path) -> None:
    rows = [(unit, cycle, wave(1, seed=cycle)[0]) for unit in range(1, 9) for cycle in range(40)]
    put(tmp_path / "in/tools.csv", table(("unit", "cycle", "v"), *zip(*rows)))
    found = checked(read_all(tmp_path / "in")[0], tmp_path / "store")
    for check in ("claim-escape", "claim-overkill"):
        assert "see runs-to-failure" in found[check].text
    assert "kit replay" in found["baseline"].text
    assert "units with a known life" in found["runs-to-failure"].text


def test_captures_are_counted_as_samples_are(tmp_path: Path) -> None:
    found = checked([sample(f"c{i}", noise(i), group=f"c{i}") for i in range(4)], tmp_path)
    assert {"few-samples", "claim-escape", "claim-overkill", "baseline"}.isdisjoint(found)
