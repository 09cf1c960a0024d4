"""Moments are read as people write them, and what only begins like one costs little."""

from __future__ import annotations

import pytest

from kits.core.moments import (
    MONTH_FIRST,
    NAMED,
    PACKED_NAMED,
    YEAR_BEHIND,
    YEAR_FIRST,
    YEAR_LAST,
    YEAR_NAMED,
    form_of,
    read_month,
    read_month_first,
    read_named,
    read_packed_named,
    read_short_year_first,
    read_year_behind,
    read_year_first,
    read_year_last,
    read_year_named,
)

TEN = 1_735_639_200.0


def test_blanks_may_be_several() -> None:
    assert read_year_first("2024-12-31   10:00:00  Z") == (TEN, True)
    assert read_named("31.  December   2024  10:00  AM  +00:00") == (TEN, True)
    assert read_month_first("Dec  31,  2024,  10:00  am") == (TEN, False)


@pytest.mark.parametrize(
    "text",
    ["31.12.2024 um 10:00 Uhr", "31.12.2024, 10:00 Uhr", "31/12/2024 à 10h00", "31.12.2024 kl. 10.00", "31-12-2024 om 10:00 uur",
     "31. 12. 2024 10:00", "31.\u00a012.\u00a02024 v 10:00", "31.12.2024. 10:00", "31.12.2024 г., 10:00 ч.", "31.12.2024 r. o 10:00", "wt. 31.12.2024 10:00",
     "31.12.2024 ora 10:00", "31.12.2024 ob 10.00", "31/12/2024 10:00 π.μ.", "31/12/2024 10:00 SA", "31.12.2024 ÖÖ 10:00", "31/12/2024 10:00 ص"],
)  # fmt: skip
def test_hours_are_read_with_the_words_that_go_with_them(text: str) -> None:
    assert read_year_last(YEAR_LAST.fullmatch(text), day_first=True) == (TEN, False)
    assert read_month_first("December 31, 2024 at 10:00 AM") == (TEN, False)


@pytest.mark.parametrize(
    "text",
    ["31 Δεκ 2024", "31 Δεκεμβρίου 2024", "31 decembrie 2024", "31. joulukuuta 2024", "31. prosince 2024", "31 pro 2024", "31. decembra 2024",
     "31. detsember 2024", "31. decembris 2024", "31 gruodžio 2024", "31 декември 2024 г.", "31 грудня 2024"],
)  # fmt: skip
def test_months_of_more_languages(text: str) -> None:
    assert read_named(text) == (TEN - 36_000, False)


@pytest.mark.parametrize(
    "text", ["2024. december 31.", "2024. dec. 31.", "2024 m. gruodžio 31 d.", "2024-Dec-31"]
)
def test_the_year_before_a_named_month(text: str) -> None:
    assert read_year_named(text) == (TEN - 36_000, False)
    assert read_year_named("2024. Marketing 31.") is None


@pytest.mark.parametrize(
    ("text", "zoned"),
    [("Tue Dec 31 10:00:00 2024", False), ("Tue Dec 31 11:00:00 CET 2024", True), ("Di Dez 31 11:00:00 MEZ 2024", True),
     ("Tue Dec 31 05:00:00 GMT-05:00 2024", True), ("Tue Dec 31 11:00:00.000 +0100 2024", True), ("Tue Dec 31 18:00:00 +0800 2024", True)],
)  # fmt: skip
def test_moments_as_c_and_java_write_them(text: str, zoned: bool) -> None:
    assert read_year_behind(text) == (TEN, zoned)
    assert form_of([text], 1.0) is YEAR_BEHIND


def test_what_c_and_java_do_not_write_is_no_moment() -> None:
    for text in ("Tue Dec 32 10:00:00 2024", "Tue Mat 31 10:00:00 2024", "Tue Dec 31 10:00 2024"):
        assert read_year_behind(text) is None


def test_the_afternoon_of_greeks() -> None:
    noon = read_year_last(YEAR_LAST.fullmatch("31/12/2024 12:30 μ.μ."), day_first=True)
    assert noon == (TEN + 9_000, False)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (YEAR_FIRST, "2024-12-31T10:00:00.5"), (YEAR_LAST, "31.12.2024 10:00"), (NAMED, "31 Dec 2024 10:00"),
        (MONTH_FIRST, "Dec 31, 2024 10:00"), (YEAR_NAMED, "2024. dec. 31. 10:00"), (YEAR_LAST, "wt. 31. 12. 2024 r. o 10:00"),
    ],
)  # fmt: skip
def test_blanks_without_end_make_no_moment(form: object, text: str) -> None:
    assert form_of([text], 1.0) is form
    # where each of them was tried between either parts, for hours
    assert form_of([text + " " * 3_000_000 + "x"], 1.0) is None


@pytest.mark.parametrize(
    ("text", "ahead"),
    [("2024-12-31 10:00:00+00", 0), ("2024-12-31 11:00:00.5+01", 1), ("2024/12/31 10:00-05", -5), ("2024年12月31日 10:00", None), ("2024년 12월 31일", None)],
)  # fmt: skip
def test_zones_of_databases_and_dates_of_the_far_east(text: str, ahead: int | None) -> None:
    found = read_year_first(text)
    assert found is not None and found[1] is (ahead is not None)
    assert (found[0] - TEN) // 3600 in (-(ahead or 0), -(ahead or 0) + 1, -10)


def test_days_as_english_and_programs_write_them() -> None:
    assert read_named("31st December 2024") == read_named("31 Dec, 2024") == (TEN - 36_000, False)
    assert read_named("31/Dec/24 10:00 AM") == (TEN, False)
    text = "Tue Dec 31 2024 11:00:00 GMT+0100 (Central European Standard Time)"
    assert read_month_first(text) == (TEN, True)
    assert read_month("2024年12月") == (TEN - 30 * 86_400 - 36_000, False)


def test_a_year_of_two_digits_may_stand_first() -> None:
    assert read_short_year_first(YEAR_LAST.fullmatch("24/12/31 10:00")) == (TEN, False)
    assert read_short_year_first(YEAR_LAST.fullmatch("31.12.2024")) is None


@pytest.mark.parametrize(
    "text",
    ["2024/12/31 11:00:00 vorm. MEZ", "2024/12/31 6:00:00 nachm. GMT+8", "2024/12/31 11:00:00 a. m. CET", "2024. 12. 31 오후 7:00:00 GMT+9",
     "2024/12/31 午後7:00 GMT+9", "2024年12月31日 19時00分 GMT+9", "2024年12月31日 19时00分00秒 GMT+9", "2024년 12월 31일 19시 00분 GMT+9"],
)  # fmt: skip
def test_halves_of_a_day_in_other_languages(text: str) -> None:
    assert read_year_first(text) == (TEN, True)


@pytest.mark.parametrize("text", ["mardi 31 décembre 2024 à 10:00", "martes 31 de diciembre de 2024, 10:00", "Dienstag 31. Dezember 2024 10:00"])  # fmt: skip
def test_whole_names_of_days_need_no_comma(text: str) -> None:
    assert read_named(text) == (TEN, False)
    assert read_named(f"Raum {text}") is None


@pytest.mark.parametrize("text", ["31DEC2024:10:00:00", "31dec24:10:00", "31Dec2024:10:00:00.000"])
def test_moments_of_sas(text: str) -> None:
    assert read_packed_named(text) == (TEN, False)
    assert read_packed_named("31DEC2024") == (TEN - 36_000, False)
    assert form_of(["31DEC24", "01JAN25"], 0.9) is PACKED_NAMED


def test_codes_of_parts_are_no_moments() -> None:
    assert form_of(["12ABC20", "31MAZ24", "A12MAR20"], 0.3) is None
    assert read_packed_named("32DEC2024") is None
