"""Words and signs that stand beside numbers: currencies, what makes thousands and millions of them, what is written close to them.

Data only; `units.py` takes them off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SIGNS: Final = str.maketrans(
    "，．－٬٫０１２３４５６７８９٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", ",.-,." + 3 * "0123456789"
)
"""Numbers of Japanese and Chinese programs may be as wide as their letters; those of Arabs and Persians have digits of their own."""
CODES: Final = (
    "EUR", "USD", "GBP", "CHF", "PLN", "CZK", "SEK", "NOK", "DKK", "HUF", "RON", "BGN", "TRY", "INR", "BRL", "JPY", "CNY",
)  # fmt: skip
MORE_CODES: Final = (
    "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "KRW", "THB", "VND", "IDR", "MYR", "PHP", "PKR", "LKR", "NPR", "BDT", "AED", "SAR", "QAR", "KWD", "ILS",
    "EGP", "MAD", "TND", "DZD", "NGN", "KES", "GHS", "ZAR", "RUB", "UAH", "BYN", "KZT", "GEL", "AMD", "AZN", "RSD", "BAM", "MKD", "MDL", "ISK", "MXN",
    "ARS", "CLP", "COP", "PEN", "UYU", "PYG", "BOB", "VES", "CRC", "GTQ", "DOP", "CLF", "RMB",
)  # fmt: skip
"""Codes that are words or begin product numbers as well: before a number a blank parts them."""
MEANT: Final[Mapping[str, str]] = {
    "€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY CNY", "￥": "JPY CNY", "\\": "JPY KRW", "₹": "INR", "₺": "TRY", "R$": "BRL", "%": "%",
    "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "lei": "RON", "leu": "RON", "лв": "BGN", "лв.": "BGN", "TL": "TRY", "US$": "USD",
    "Euro": "EUR", "euro": "EUR", "Euros": "EUR", "euros": "EUR", "Fr.": "CHF", "SFr.": "CHF",
    "₴": "UAH", "₽": "RUB", "₩": "KRW", "￦": "KRW", "฿": "THB", "₫": "VND", "₱": "PHP", "₪": "ILS", "₦": "NGN", "₸": "KZT", "₾": "GEL", "₼": "AZN",
    "₡": "CRC", "₲": "PYG", "円": "JPY", "元": "CNY", "원": "KRW", "грн": "UAH", "грн.": "UAH", "руб": "RUB", "руб.": "RUB",
    "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "NT$": "TWD", "MX$": "MXN", "AR$": "ARS",
    "S/": "PEN", "S/.": "PEN", "Rp": "IDR", "Rp.": "IDR",
    **dict.fromkeys(("Rs", "Rs."), "INR PKR LKR NPR"),
    **dict.fromkeys(("kr", "kr.", "Kr", "Kr."), "SEK NOK DKK"),
    **{code: code for code in (*CODES, *MORE_CODES)},
}  # fmt: skip
SPACED: Final = frozenset({
    "zł", "Kč", "Ft", "lei", "leu", "лв", "лв.", "TL", "Euro", "euro", "Euros", "euros", "Fr.", "SFr.", "грн", "грн.", "руб", "руб.", "円", "元",
    "원", *MORE_CODES,
})  # fmt: skip
"""What stands behind a number; before one a space parts it, as `Ft100` is a code."""
BEFORE_ALONE: Final = frozenset({"S/", "S/.", "Rp", "Rp.", "Rs", "Rs."})
"""What is written before numbers and not behind them."""
SURE: Final[Mapping[str, int]] = {
    **dict.fromkeys(("k", "K", "Tsd", "Tsd.", "tsd", "tsd.", "tys", "tys.", "tis", "tis.", "тыс", "тыс.", "тис", "тис."), 3),
    **dict.fromkeys(("万", "萬", "만"), 4),
    **dict.fromkeys(("Lakh", "lakh", "Lakhs", "lakhs", "Lac", "lac", "Lacs", "lacs"), 5),
    **dict.fromkeys(("Mio", "Mio.", "mio", "mio.", "mln", "mln.", "Mln", "Mln.", "million", "millions", "Million", "Millionen", "млн", "млн."), 6),
    **dict.fromkeys(("Crore", "crore", "Crores", "crores", "Cr", "Cr.", "cr", "cr."), 7),
    **dict.fromkeys(("億", "亿", "억"), 8),
    **dict.fromkeys(("Mrd", "Mrd.", "mrd", "mrd.", "mld", "mld.", "Mld", "Mld.", "bn", "млрд", "млрд."), 9),
}  # fmt: skip
"""What stands for thousands, millions and milliards → the power of ten. Not `mil`, a thousand in Spain and a million in Prague."""
OF_MONEY: Final[Mapping[str, int]] = {
    "M": 6, "m": 6, "MM": 6, "mn": 6, "Mn": 6, "Md": 9, "Mds": 9, "B": 9, "b": 9, "T": 3, "t": 3,
}  # fmt: skip
"""As `SURE`, beside a currency alone: `12M` may be months. A T is that of `T€` and `TEUR`; of an American trillion no lead is."""
TIMES: Final = frozenset({
    "mil", "mill", "mila", "mille", "milj", "miljoen", "miljoner", "millón", "millon", "millones", "milhão",
    "milhões", "milione", "milioni", "milion", "miliony", "mio", "mln", "mld", "mrd", "mia", "bn", "tys", "tis",
    "tsd", "thousand", "thousands", "tausend", "tusen", "tusind", "duizend", "hundred", "lakh", "lakhs", "crore",
    "crores", "dozen", "million", "millions", "milyon", "bin", "ribu", "juta", "triệu", "tỷ",
})  # fmt: skip
"""Words that make a number larger: beside one it is no count."""
ATTACHED: Final[Mapping[str, str]] = {
    "°": "°", "º": "°", "°C": "°c", "m²": "m²", "m2": "m²", "㎡": "m²", "qm": "m²", "m³": "m³", "m3": "m³", "km²": "km²", "ft²": "ft²", "ft2": "ft²",
    "pct": "%",
    **{word: word for word in ("名", "人", "件", "個", "台", "歳", "年", "日", "坪", "回", "社", "명", "개", "대", "건")},
}  # fmt: skip
"""What is written behind a number without a blank as well, and what it is called here. Not `m`, nor what may be a code: `5kg`."""
