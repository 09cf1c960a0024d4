"""Lists of notifications and work orders as maintenance systems export them, beside recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.core.kit import Finding, RawSample
from kits.predictive_maintenance._reading.formats.table import Column, Table
from tests.predictive_maintenance.reading import (
    names,
    put,
    read_all,
    stamps,
    table,
    texts,
    wave,
)


def presses(
    folder: Path, name: str, listed: str, settings: str = ""
) -> tuple[list[RawSample], list[Finding]]:
    """What is read of two presses, with a reading every ten minutes from 1 March 2024 06:00 on, and a list."""
    for press in ("P1", "P2"):
        content = table(("time", "v", "w"), stamps(1000, 600), wave(1000), wave(1000, seed=1))
        put(folder / f"{press}.csv", content)
    put(folder / name, listed)
    put(folder / "machines.yaml", settings)
    return read_all(folder)


def marked(samples: list[RawSample]) -> int:
    """Readings that are marked."""
    spans = [span for s in samples if s.annotation for span in s.annotation.spans]
    return sum(span.end - span.start for span in spans)


def machines(samples: list[RawSample]) -> set[object]:
    return {sample.meta["asset"] for sample in samples}


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Störungen.csv", "Meldung;Meldedatum;Equipment;Kurztext;Priorität"),
        ("stoermeldungen.csv", "Auftrag;Meldungsdatum;Technischer Platz;Beschreibung;Prio"),
        ("breakdowns.csv", "Notification;Notif.date;Functional Loc.;Description;Priority"),
    ],
)
def test_notifications_with_a_day_each_are_read(tmp_path: Path, name: str, header: str) -> None:
    samples, findings = presses(tmp_path, name, f"{header}\n4711;07.03.2024;P1;Presse steht;2\n")
    assert machines(samples) == {"P1", "P2"}
    assert marked(samples) == 144
    assert "Presse steht: 1" in texts(findings, "labels")
    assert "days and no hours" in texts(findings, "labels")


@pytest.mark.parametrize("tail", [" (Uhrzeit)", "-Uhrzeit", "_time"])
def test_hours_in_a_column_beside_the_days_are_read(tmp_path: Path, tail: str) -> None:
    header = f"Meldung;Equipment;Störbeginn;Störbeginn{tail};Störende;Störende{tail};Kurztext"
    lines = "100;P1;06.03.2024;22:10:00;07.03.2024;01:20:00;Lager\n"
    samples, findings = presses(tmp_path, "iw29.csv", f"{header}\n{lines}")
    assert marked(samples) == 20
    assert "days and no hours" not in texts(findings, "labels")


def test_how_long_a_repair_took_is_no_hour_of_the_day(tmp_path: Path) -> None:
    listed = "machine,date,repair time,failure\nP1,2024-03-07,02:30,bearing\n"
    samples, findings = presses(tmp_path, "failures.csv", listed)
    assert marked(samples) == 144
    assert "days and no hours" in texts(findings, "labels")


ORDERS = (
    "WONUM,ASSETNUM,REPORTDATE,DESCRIPTION,WORKTYPE\n"
    "100,P1,2024-03-07 08:53,press tripped,CM\n101,P2,2024-03-07 10:20,oil changed,PM\n"
)


def test_a_list_of_work_orders_is_no_recording_of_its_machines(tmp_path: Path) -> None:
    samples, findings = presses(tmp_path, "workorders.csv", ORDERS)
    assert {tuple(names(sample)) for sample in samples} == {("v", "w")}
    (refused,) = [f for f in findings if f.check == "unreadable-file"]
    assert "it lists what happened to machines" in refused.text
    assert "labels.file" in refused.fix


def test_a_list_of_work_orders_that_is_stated_is_read(tmp_path: Path) -> None:
    settings = "labels: {file: workorders.csv, before_h: 12}\n"
    samples, findings = presses(tmp_path, "workorders.csv", ORDERS, settings)
    assert marked(samples) == 2 * 72
    assert "2 faults of workorders.csv are marked" in texts(findings, "labels")


def test_readings_beside_the_number_of_an_order_stay_a_recording(tmp_path: Path) -> None:
    readings = table(
        ("time", "machine", "order", "state", "torque"),
        stamps(600, 600), ["P3"] * 600, [4711 + i // 50 for i in range(600)], ["run"] * 600, wave(600),
    )  # fmt: skip
    samples, _ = presses(tmp_path, "orders.csv", readings)
    assert machines(samples) == {"P1", "P2", "P3"}


def test_a_column_is_found_by_its_whole_name_before_another_without_its_unit() -> None:
    zeros = np.zeros(3)
    columns = (Column("p", "", "number", zeros), Column("p [in]", "in", "number", zeros))
    found = [Table(columns).column(name) for name in ("p", "P [in]", "p [bar]")]
    assert [column.name for column in found if column] == ["p", "p [in]", "p"]
