"""Bytes of a text part → text: charsets as they are declared, and as they really are.

Only charsets in the table are ever used: a name in a mail must not choose an arbitrary codec.
Transfer encodings and headers are elsewhere.
"""

from __future__ import annotations

import codecs
import re

_SINGLE_BYTE = {
    "cp1252": "us-ascii ascii ansi-x3.4-1968 iso-8859-1 iso8859-1 latin1 latin-1 l1 windows-1252 cp1252 x-ansi",
    "cp1250": "windows-1250 cp1250",
    "cp1251": "windows-1251 cp1251 x-cp1251",
    "cp1253": "windows-1253 cp1253",
    "cp1254": "windows-1254 cp1254 iso-8859-9 iso8859-9 latin5",
    "cp1255": "windows-1255 cp1255",
    "cp1256": "windows-1256 cp1256",
    "cp1257": "windows-1257 cp1257",
    "cp1258": "windows-1258 cp1258",
    "cp874": "windows-874 cp874 tis-620 iso-8859-11",
    "cp437": "ibm437 cp437",
    "cp850": "ibm850 cp850 cp-850",
    "cp852": "ibm852 cp852",
    "cp866": "ibm866 cp866",
    "iso8859_2": "iso-8859-2 iso8859-2 latin2",
    "iso8859_3": "iso-8859-3",
    "iso8859_4": "iso-8859-4 latin4",
    "iso8859_5": "iso-8859-5",
    "iso8859_6": "iso-8859-6 iso-8859-6-i iso-8859-6-e",
    "iso8859_7": "iso-8859-7 greek",
    "iso8859_8": "iso-8859-8 iso-8859-8-i iso-8859-8-e hebrew",
    "iso8859_10": "iso-8859-10",
    "iso8859_13": "iso-8859-13",
    "iso8859_14": "iso-8859-14",
    "iso8859_15": "iso-8859-15 iso8859-15 latin9 latin-9",
    "iso8859_16": "iso-8859-16",
    "koi8_r": "koi8-r koi8r",
    "koi8_u": "koi8-u",
    "mac_roman": "macintosh mac x-mac-roman",
    "mac_cyrillic": "x-mac-cyrillic",
}
_MULTI_BYTE = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 utf-8-sig utf8mb4 utf-8mb4 cp65001",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
    "utf-32": "utf-32",
    "gb18030": "gb18030 gb2312 gb-2312 gbk cp936 x-gbk gb-2312-80 euc-cn",
    "hz": "hz-gb-2312",
    "big5hkscs": "big5 big5-hkscs cp950 x-x-big5",
    "cp932": "shift-jis shift_jis sjis x-sjis windows-31j cp932 ms-kanji",
    "euc_jp": "euc-jp x-euc-jp",
    "iso2022_jp_ext": "iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-ext cp50220 csiso2022jp",
    "cp949": "euc-kr ks-c-5601-1987 ks-c-5601 ksc5601 cp949 windows-949 korean",
    "iso2022_kr": "iso-2022-kr",
}
_CODECS = {
    name: codec
    for table in (_SINGLE_BYTE, _MULTI_BYTE)
    for codec, names in table.items()
    for name in names.replace("_", "-").split()
}
"""Charset as a mail names it (lower case, hyphens) → Python's codec.

A superset stands for what is commonly meant: cp1252 for latin-1, gb18030 for gb2312 (WHATWG
Encoding Standard).
"""
_ALWAYS_FITS = "cp1252"
_CONFUSED = {
    "iso2022_jp_ext": ("cp932",),
    "cp932": ("euc_jp",),
    "euc_jp": ("cp932",),
    "hz": ("gb18030",),
}
"""Codec → what text declared so often really is."""
_MANY_ERRORS = 0.5
"""Share of undecodable among non-ASCII characters above which "utf-8" is taken for cp1252."""
_UNWANTED = re.compile("[\x00\ud800-\udfff]")


def decode_text(content: bytes, charset: str) -> tuple[str, str]:
    """`content` as text, and what was wrong with the charset ("" when nothing was).

    Never raises. The text holds neither NUL nor lone surrogates.
    """
    name = charset.strip(" \t\"'<>;").lower().replace("_", "-")[:60]
    codec = _CODECS.get(name, "")
    complaint = f"the charset {name!r} is not known" if name and not codec else ""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and len(content) % 2 == 0:
        codec = "utf-16"
    if codec in _SINGLE_BYTE or not codec:
        text, said = _as_single_byte(content, codec, name)
    else:
        text, said = _as_multi_byte(content, codec, name)
    return _UNWANTED.sub("", text).removeprefix("\ufeff"), complaint or said


def _as_single_byte(content: bytes, codec: str, name: str) -> tuple[str, str]:
    if content.isascii():
        return content.decode("ascii"), ""
    text = _strictly(content, "utf-8")
    if text is not None:
        # other text is valid UTF-8 by chance about never, and bytes beyond ASCII were promised
        wrong = bool(codec) and name not in {"us-ascii", "ascii"}
        return text, f"declared as {name}, but is utf-8" if wrong else ""
    return _lossless(content, codec or _ALWAYS_FITS), ""


def _as_multi_byte(content: bytes, codec: str, name: str) -> tuple[str, str]:
    for candidate in (codec, "utf-8", *_CONFUSED.get(codec, ())):
        text = _strictly(content, candidate)
        if text is not None:
            return text, "" if candidate == codec else f"declared as {name}, but is {candidate}"
    text = content.decode(codec, errors="replace")
    foreign = sum(not char.isascii() for char in text)
    if codec == "utf-8" and text.count("\ufffd") > _MANY_ERRORS * foreign:
        return _lossless(content, _ALWAYS_FITS), f"declared as {name}, but is not"
    return text, f"damaged {name}"


def _strictly(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except UnicodeError:
        return None


def _lossless(content: bytes, codec: str) -> str:
    text = _strictly(content, codec)
    # five bytes have no meaning in cp1252, some in others: they must not spoil the rest
    return content.decode(codec, errors="replace") if text is None else text
