"""Dates in forms that few languages have, and those that cannot be read."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from kits.lead_scoring._features.eras import in_common_era
from kits.lead_scoring._features.spec import DateColumn
from kits.lead_scoring._features.texts import read_texts
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._reading.values.dates import read_dates
from kits.lead_scoring._written import WRITTEN, Written, written_from
from tests.lead_scoring.reading.lead_files import Read, put, read, table
from tests.sheets import xlsx

DAY = date(2024, 3, 1)


def made(folder: Path, form: str) -> Read:
    """Sixty leads, one a day; those that ended have a second date."""
    rows = [
        [f"P-{n}", said(DAY + timedelta(n), form), ("Won", "Lost", "Open")[n % 3], said(DAY + timedelta(n + 20), form) if n % 3 < 2 else ""]
        for n in range(60)
    ]  # fmt: skip
    return read(put(folder / "e.csv", table(["Lead ID", "Prejeto", "Status", "Odgovor"], rows)))


def said(day: date, form: str) -> str:
    return form.format(d=day.day, m=day.month, y=day.year, hr=("ožujka", "travnja", "svibnja")[day.month - 3] if day.month < 6 else "lipnja")  # fmt: skip


@pytest.mark.parametrize("form", ["{d}. {m}. {y}", "{d:02}.{m:02}.{y}.", "{d}.{m}.{y} г."])
def test_when_leads_came_is_read_from_points_with_blanks_and_ends(
    tmp_path: Path, form: str
) -> None:
    found = made(tmp_path, form)
    assert "decided_at=Prejeto" in found.told("columns")
    assert [lead.at.date() for lead in found.leads if lead.at] == [
        DAY + timedelta(n) for n in range(60)
    ]
    assert not found.told("unread-dates")


def test_a_few_texts_among_a_spreadsheets_dates_are_dates_too() -> None:
    days = [date(2025, 1, 13) + timedelta(days=n) for n in range(300)]
    cells = [day.isoformat() for day in days]
    cells[3], cells[50] = f"{days[3]:%d.%m.%Y}", f"{days[50]:%d. %b %Y}"
    cells[70] = str((days[70] - date(1899, 12, 30)).days)
    found = read_dates("Eingang", [*cells, "unklar", "05/2025", "20000"])
    assert found is not None and found.doubt == "" and not found.months
    came = [seconds and datetime.fromtimestamp(seconds, tz=timezone.utc).date() for seconds in found.seconds]  # fmt: skip
    assert came == [*days[:70], None, *days[71:], None, None, None]  # a number years away is none
    found = read_dates("Eingang", [*cells, "unklar", "05/2025"])
    assert found is not None and found.seconds[70] is not None
    points = [f"{day:%d.%m.%Y}" for day in days]
    mixed, alone = (read_dates("Eingang", [*points[:-1], one]) for one in (cells[-1], points[-1]))
    assert mixed is not None and alone is not None and mixed.seconds == alone.seconds


def test_dates_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    found = made(tmp_path, "{d}. {hr} {y}.")
    assert found.levels("unread-dates") == {"warn"}
    assert "2 columns look like dates that could not be read" in found.told("unread-dates")
    told = next(one for one in found.findings if one.check == "unread-dates")
    assert told.evidence[0].startswith("Prejeto: ")


def test_numbers_of_quotes_with_a_year_are_no_dates(tmp_path: Path) -> None:
    rows = [[f"AN-2024-{n:04}", f"2024/{n + 100}", ("Won", "Lost")[n % 2], n] for n in range(40)]
    found = read(put(tmp_path / "e.csv", table(["Quote", "Ref. 2", "Status", "Visits"], rows)))
    assert not found.told("unread-dates")


@pytest.mark.parametrize("form", ["{y}/{m:02}/{d:02}", "{y}-{m:02}-{d:02}", "{y}.{m:02}.{d:02}"])
def test_years_of_two_digits_may_stand_first(tmp_path: Path, form: str) -> None:
    def written(day: date) -> str:
        return form.format(d=day.day, m=day.month, y=day.year % 100)

    days = [DAY + timedelta(5 * n) for n in range(60)]
    rows = [[f"P-{n}", written(day), ("Won", "Lost")[n % 2]] for n, day in enumerate(days)]
    found = read(put(tmp_path / "e.csv", table(["Lead ID", "Created", "Status"], rows)))
    assert [lead.at.date() for lead in found.leads if lead.at] == days
    note = found.samples[0].meta[WRITTEN]
    assert note == "year-first", "texts that come later are read so, too"
    lead = Lead("1", {"When": written(date(2025, 4, 3))})
    column = DateColumn(name="When", age=False, hour=False)
    texts, unread = read_texts(lead, [column], written_from(note) or Written())
    assert texts.fields["When"] == "2025-04-03" and not unread


def test_days_before_years_of_two_digits_stay_days(tmp_path: Path) -> None:
    days = [DAY + timedelta(9 * n) for n in range(60)]
    rows = [[f"P-{n}", day.strftime("%d/%m/%y"), "Won"] for n, day in enumerate(days)]
    found = read(put(tmp_path / "e.csv", table(["Lead ID", "Created", "Status"], rows)))
    assert [lead.at.date() for lead in found.leads if lead.at] == days


def test_a_day_that_a_database_has_for_none_is_none(tmp_path: Path) -> None:
    rows = [
        [f"P-{n}", DAY + timedelta(n), ("Won", "Lost", "Open")[n % 3], DAY + timedelta(n + 20) if n % 3 < 2 else ("0000-00-00", "0001-01-01")[n % 2]]
        for n in range(90)
    ]  # fmt: skip
    header = ["Lead ID", "Created", "Status", "Closed"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert "outcome_at=Closed" in found.told("columns") and not found.told("unread-dates")


def test_days_of_a_spreadsheet_in_a_column_of_a_known_name_are_dates(tmp_path: Path) -> None:
    rows = [[f"P-{n}", 45352.25 + n, ("Won", "Lost")[n % 2], 30_000 + n] for n in range(60)]
    header = ["Lead ID", "Eingang", "Status", "Umsatz"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    at = found.leads[0].at
    assert at is not None and at.isoformat() == "2024-03-01T06:00:00+00:00"
    assert found.column("Umsatz")[0] == 30_000.0
    counts = [[f"P-{n}", 12 + n, ("Won", "Lost")[n % 2], 30_000 + n] for n in range(60)]
    assert "decided_at" not in read(put(tmp_path / "f.csv", table(header, counts))).told("columns")


@pytest.mark.parametrize(
    "form",
    ["{0:%H:%M %d.%m.%Y}", "{0:%G-W%V-%u}", "{0:%Y%m%d %H:%M}", "{0:%Y-%m-%d %H:%M:%S} Europe/Berlin"],
)  # fmt: skip
def test_more_dates_that_cannot_be_read_are_told(tmp_path: Path, form: str) -> None:
    moments = [
        datetime(2024, 3, 1, 9, 30, 7, tzinfo=timezone.utc) + timedelta(n) for n in range(40)
    ]
    rows = [[f"P-{n}", form.format(at), ("Won", "Lost")[n % 2]] for n, at in enumerate(moments)]
    found = read(put(tmp_path / "e.csv", table(["Lead ID", "Created", "Status"], rows)))
    assert found.levels("unread-dates") == {"warn"}


@pytest.mark.parametrize("came", ["Application date", "Registered"])
def test_a_date_that_no_open_lead_has_is_when_it_ended(tmp_path: Path, came: str) -> None:
    rows = [
        [f"P-{n}", DAY + timedelta(n), ("Won", "Lost", "Open")[n % 3], "" if n % 3 == 2 else DAY + timedelta(n + 20)]
        for n in range(90)
    ]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(["Lead ID", came, "Status", "Decision date"], rows)))
    assert f"decided_at={came}, outcome_at=Decision date" in found.told("columns")
    assert [lead.at.date() for lead in found.leads if lead.at][:3] == [r[1] for r in rows[:3]]


@pytest.mark.parametrize(
    ("columns", "came", "assumed"),
    [
        ({"Quote date": 0, "Decision date": 20}, "Quote date", True),
        ({"Decision date": 0, "Quote date": 20}, "Decision date", False),
        ({"Quote date": 0, "Decision date": 0}, "Decision date", False),
        ({"Decision date": 0}, "Decision date", False),
        ({"Founded": -900, "Decision date": 0}, "Decision date", False),
        ({"First visit": -3, "Created": 0}, "Created", False),
    ],
)
def test_where_all_leads_ended_a_decision_after_another_date_is_the_customers(
    tmp_path: Path, columns: dict[str, int], came: str, assumed: bool
) -> None:
    rows = [
        [f"P-{n}", ("Won", "Lost")[n % 2], *(DAY + timedelta(n + late) for late in columns.values())]
        for n in range(60)
    ]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(["Lead ID", "Status", *columns], rows)))
    assert f"decided_at={came}" in found.told("columns")
    said = "Decision date was taken for when outcomes were known: Quote date lies before it"
    assert (said in [one.text for one in found.findings if one.check == "assumed"]) == assumed


def half_taken(day: date, form: str) -> date | str:
    """What a spreadsheet of another country makes of a text: a wrong date where it can be one."""
    return date(day.year, day.day, day.month) if day.day <= 12 else day.strftime(form)


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"])
def test_dates_that_a_spreadsheet_exchanged_are_read_as_they_were(
    tmp_path: Path, form: str
) -> None:
    pytest.importorskip("python_calamine")
    days = [DAY + timedelta(3 * n) for n in range(60)]
    rows = [[f"P-{n}", half_taken(day, form), ("Won", "Lost")[n % 2]] for n, day in enumerate(days)]
    found = read(xlsx(tmp_path / "e.xlsx", [["Lead ID", "Created", "Status"], *rows]))
    assert [lead.at.date() for lead in found.leads if lead.at] == days
    assert "dates of Created were read with day and month exchanged where" in found.told("assumed")


def test_dates_of_two_programs_are_read_as_they_stand(tmp_path: Path) -> None:
    days = [DAY + timedelta(3 * n) for n in range(60)]
    texts = [day.isoformat() if n % 2 else day.strftime("%d/%m/%Y") for n, day in enumerate(days)]
    rows = [[f"P-{n}", text, "Won"] for n, text in enumerate(texts)]
    found = read(put(tmp_path / "e.csv", table(["Lead ID", "Created", "Status"], rows)))
    assert [lead.at.date() for lead in found.leads if lead.at] == days
    # one program until the 12th of a month, another one from then on
    days = [date(2024, 5, 1 + n // 2) for n in range(60)]
    texts = [day.isoformat() if day.day <= 12 else day.strftime("%d/%m/%Y") for day in days]
    rows = [[f"P-{n}", text, "Won"] for n, text in enumerate(texts)]
    found = read(put(tmp_path / "f.csv", table(["Lead ID", "Created", "Status"], rows)))
    assert [lead.at.date() for lead in found.leads if lead.at] == days


@pytest.mark.parametrize(
    "form", ["{d}/{m}/{b} 14:30", "{b}-{m:02}-{d:02}", "令和{r}年{m}月{d}日", "\u200e{d:02}/{m:02}/{y}", "{d}\u200f/{m}\u200f/{y}", '="{d:02}.{m:02}.{y}"', "'{d:02}/{m:02}/{y}"]
)  # fmt: skip
def test_years_of_other_eras_and_dates_with_what_nobody_sees(tmp_path: Path, form: str) -> None:
    """Of Thailand and Japan; of Arabs and Jews, whose programs say which way to write on; of those that guard cells against Excel."""
    days = [DAY + timedelta(n) for n in range(60)]
    rows = [
        [form.format(d=day.day, m=day.month, y=day.year, b=day.year + 543, r=day.year - 2018), ("Won", "Lost", "Open")[n % 3], "web"]
        for n, day in enumerate(days)
    ]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(["Created", "Status", "Source"], rows)))
    assert [lead.at.date() for lead in found.leads if lead.at] == days


def test_a_number_of_another_era_is_no_date(tmp_path: Path) -> None:
    rows = [[f"L{n}", 2540 + n % 60, ("Won", "Lost", "Open")[n % 3], "web"] for n in range(60)]
    found = read(put(tmp_path / "e.csv", table(["Lead ID", "Price", "Status", "Source"], rows)))
    assert {lead.fields["Price"] for lead in found.leads} == set(range(2540, 2600))


@pytest.mark.parametrize(
    "text",
    [
        "3/4/2567",
        "2567-04-03",
        "令和6年4月3日",
        "1403/01/15",
        "۱۴۰۳/۰۱/۱۵",
        "Wed Apr 03 00:00:00 UTC 2024",
    ],
)
def test_a_text_that_comes_later_is_read_by_its_era_too(text: str) -> None:
    column = DateColumn(name="When", age=False, hour=False)
    texts, unread = read_texts(Lead("1", {"When": text}), [column], Written(dates="day-first"))
    assert not unread and str(texts.fields["When"]) in ("2024-04-03", "2024年4月3日")


@pytest.mark.parametrize(
    ("persian", "day"),
    [("1399/12/30", date(2021, 3, 20)), ("1400/1/1", date(2021, 3, 21)), ("1403/06/31", date(2024, 9, 21)), ("1403-07-01", date(2024, 9, 22)),
     ("1403/12/30", date(2025, 3, 20)), ("1404/01/01 10:30", date(2025, 3, 21)), ("1375/11/22", date(1997, 2, 10))],
)  # fmt: skip
def test_days_of_persia(persian: str, day: date) -> None:
    (found,) = in_common_era([persian])
    assert found.startswith(day.isoformat())


def test_days_by_the_moon_are_told_not_read(tmp_path: Path) -> None:
    """As dates like others they would be of the year 1445."""
    rows = [[f"P-{n}", f"1445/0{n % 9 + 1}/{n % 28 + 1:02}", ("Won", "Lost")[n % 2]] for n in range(60)]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(["Lead ID", "Created", "Status"], rows)))
    assert found.levels("unread-dates") == {"warn"} and found.leads[0].at is None


_DAYS = [date(2024, 1, 5) + timedelta(days=3 * n) for n in range(120)]


def _slashed(folder: Path, file: str, texts: list[str]) -> Path:
    rows = [[f"{file}{n}", text, "Web", ("Won", "Lost")[n % 2]] for n, text in enumerate(texts)]
    return put(folder / f"{file}.csv", table(["Lead ID", "Created", "Source", "Status"], rows))


def _came(found: Read) -> list[date]:
    return [lead.at.date() for lead in found.leads if lead.at is not None]


def test_a_few_dates_that_begin_otherwise_do_not_turn_the_others_round(tmp_path: Path) -> None:
    texts = [f"{day:{'%m/%d/%Y' if n % 30 == 5 else '%d/%m/%Y'}}" for n, day in enumerate(_DAYS)]
    found = read(_slashed(tmp_path, "a", texts))
    assert _came(found) == _DAYS
    assert "were read day first, though 4 of them have the month first" in found.told("assumed")
    slip = [f"{day:{'%m/%d/%Y' if n == 5 else '%d/%m/%Y'}}" for n, day in enumerate(_DAYS)]
    found = read(_slashed(tmp_path, "slip", slip))
    assert _came(found) == _DAYS and not found.told("assumed")


def test_of_a_date_of_either_kind_none_is_the_slip(tmp_path: Path) -> None:
    texts = ["25/03/2024", "03/25/2024", *(f"{day:02}/04/2024" for day in range(1, 12))]
    told = read(_slashed(tmp_path, "few", texts)).told("assumed")
    assert "were read month first, though 1 of them has the day first" in told


def test_each_of_several_files_is_read_in_its_own_order_of_day_and_month(tmp_path: Path) -> None:
    _slashed(tmp_path, "a", [f"{day:%m/%d/%Y}" for day in _DAYS[:60]])
    _slashed(tmp_path, "b", [f"{day:%d/%m/%Y} 10:30" for day in _DAYS[60:]])
    found = read(tmp_path)
    assert _came(found) == _DAYS and not found.told("assumed")
    assert found.leads[-1].at == datetime(2024, 12, 27, 10, 30, tzinfo=timezone.utc)


def _unsure(found: Read) -> list[str]:
    return [line for one in found.findings if one.check == "assumed" for line in one.evidence]


def test_a_file_that_tells_no_order_beside_files_of_either_is_read_as_most_and_told(
    tmp_path: Path,
) -> None:
    early = [date(2024, month, day) for month in (9, 10, 11, 12) for day in range(1, 9)]
    _slashed(tmp_path, "a", [f"{day:%m/%d/%Y}" for day in _DAYS[:50]])
    _slashed(tmp_path, "b", [f"{day:%d/%m/%Y}" for day in _DAYS[50:]])
    _slashed(tmp_path, "c", [f"{day:%d/%m/%Y}" for day in early])
    few = [f"{day:{'%d/%m/%Y' if n % 9 == 1 else '%m/%d/%Y'}}" for n, day in enumerate(_DAYS)]
    found = read(tmp_path)
    assert _came(found) == [*_DAYS, *early]
    assert _unsure(found) == ["c.csv: dates of Created were read day first"]
    _slashed(tmp_path, "d", few)
    told = _unsure(read(tmp_path))[1]
    assert told.startswith("d.csv: dates of Created were read month first, though")
