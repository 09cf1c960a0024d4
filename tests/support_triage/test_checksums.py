"""Check digits: published examples pass, and one wrong digit is seen."""

from __future__ import annotations

import pytest

from kits.support_triage._entities import checksums, vat_ids

VAT_EXAMPLES = [
    "ATU13585627",
    "BE0428759497",
    "CHE100155212",
    "CZ25123891",
    "DE136695976",
    "DK13585628",
    "EE100931558",
    "EL094259216",
    "ES54362315K",
    "ESB58378431",
    "ESX2482300W",
    "FI20774740",
    "FR40303265045",
    "GB980780684",
    "HR33392005961",
    "HU12892312",
    "IE6433435F",
    "IE6433435OA",
    "IT00743110157",
    "LU15027442",
    "NL004495445B01",
    "PL8567346215",
    "PT501964843",
    "RO18547290",
    "SE123456789701",
    "SI50223054",
    "SK2022749619",
]
IBAN_EXAMPLES = [
    "DE89370400440532013000",
    "GB29NWBK60161331926819",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
    "AT611904300234573201",
    "BE68539007547034",
    "CH9300762011623852957",
    "ES9121000418450200051332",
    "IT60X0542811101000000123456",
    "PL61109010140000071219812874",
    "SE4550000000058398257466",
    "TR330006100519786457841326",
]
SCHEME_EXAMPLES = [
    ("luhn", "79927398713"),
    ("mod97-10", "12345676"),
    ("mod11-10", "07945"),
    ("mod11-2", "0000000218250097"),
    ("ean", "4006381333931"),
]


@pytest.mark.parametrize("value", VAT_EXAMPLES)
def test_vat_ids_pass_and_a_changed_digit_does_not(value: str) -> None:
    assert vat_ids.vat(value)
    place = 5 if value[5].isdigit() else 6
    changed = value[:place] + str((int(value[place]) + 1) % 10) + value[place + 1 :]
    assert not vat_ids.vat(changed)


@pytest.mark.parametrize("value", IBAN_EXAMPLES)
def test_ibans_pass_and_two_swapped_digits_do_not(value: str) -> None:
    assert checksums.iban(value)
    pairs = [i for i in range(4, len(value) - 1) if value[i] != value[i + 1]]
    swapped = value[: pairs[0]] + value[pairs[0] + 1] + value[pairs[0]] + value[pairs[0] + 2 :]
    assert not checksums.iban(swapped)


def test_an_iban_of_another_length_is_none() -> None:
    assert not checksums.iban("DE8937040044053201300")
    assert not checksums.iban("XX89370400440532013000")


@pytest.mark.parametrize("number", ["4111111111111111", "378282246310005", "5555555555554444"])
def test_test_cards_of_the_issuers_pass(number: str) -> None:
    assert checksums.card(number)
    assert not checksums.card(number[:-1] + str((int(number[-1]) + 1) % 10))


def test_one_digit_repeated_is_no_card() -> None:
    assert not checksums.card("0" * 16)


@pytest.mark.parametrize(("scheme", "value"), SCHEME_EXAMPLES)
def test_schemes_see_every_single_wrong_digit(scheme: str, value: str) -> None:
    check = checksums.SCHEMES[scheme]
    assert check(value)
    for place, digit in enumerate(value):
        for other in set("0123456789") - {digit}:
            assert not check(value[:place] + other + value[place + 1 :])


def test_modulus_11_with_weights_2_to_7() -> None:
    assert checksums.mod_11("036532") is checksums.mod_11("36532")
    assert sum(checksums.mod_11(f"12345{last}") for last in range(10)) <= 1


def test_parcel_numbers_of_the_post_and_of_ups() -> None:
    assert checksums.s10("RB123456785GB")
    assert not checksums.s10("RB123456786GB")
    assert checksums.ups("1Z5R89390357567127")
    assert not checksums.ups("1Z5R89390357567128")


@pytest.mark.parametrize("check", [*checksums.SCHEMES.values(), vat_ids.vat, checksums.iban])
def test_odd_input_is_refused_without_an_error(check: checksums.Check) -> None:
    for value in ("", "X", "٣٤٥٦", "ÄÖÜ", "--", "²³"):
        assert check(value) is False
