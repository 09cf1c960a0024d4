"""Bytes of a text part → text: charsets as they are declared, and as they really are.

Only charsets in the table are ever used: a name in a mail must not choose an arbitrary codec.
Transfer encodings and headers are elsewhere.
"""

from __future__ import annotations

import codecs
import re

from kits.core.mail._jis import decode_windows_jis

_SINGLE_BYTE = {
    "cp1252": (
        "us-ascii ascii ansi-x3.4-1968 iso-8859-1 iso8859-1 latin1 latin-1 l1 windows-1252 cp1252 "
        "x-ansi x-cp1252 cp819 ibm819 csisolatin1 iso-ir-100 iso88591 iso-8859-1:1987"
    ),
    "cp1250": "windows-1250 cp1250 x-cp1250",
    "cp1251": "windows-1251 cp1251 x-cp1251",
    "cp1253": "windows-1253 cp1253 x-cp1253",
    "cp1254": (
        "windows-1254 cp1254 iso-8859-9 iso8859-9 latin5 x-cp1254 csisolatin5 iso-ir-148 iso88599 "
        "iso-8859-9:1989 l5"
    ),
    "cp1255": "windows-1255 cp1255 x-cp1255",
    "cp1256": "windows-1256 cp1256 x-cp1256",
    "cp1257": "windows-1257 cp1257 x-cp1257",
    "cp1258": "windows-1258 cp1258 x-cp1258",
    "cp874": "windows-874 cp874 tis-620 iso-8859-11 dos-874 iso8859-11 iso885911",
    "cp437": "ibm437 cp437",
    "cp850": "ibm850 cp850 cp-850",
    "cp852": "ibm852 cp852",
    "cp866": "ibm866 cp866 866 csibm866",
    "iso8859_2": "iso-8859-2 iso8859-2 latin2 csisolatin2 iso-ir-101 iso88592 iso-8859-2:1987 l2",
    "iso8859_3": "iso-8859-3 iso8859-3 csisolatin3 iso-ir-109 iso88593 iso-8859-3:1988 l3 latin3",
    "iso8859_4": "iso-8859-4 latin4 iso8859-4 csisolatin4 iso-ir-110 iso88594 iso-8859-4:1988 l4",
    "iso8859_5": "iso-8859-5 iso8859-5 csisolatincyrillic cyrillic iso-ir-144 iso88595 iso-8859-5:1988",
    "iso8859_6": (
        "iso-8859-6 iso-8859-6-i iso-8859-6-e iso8859-6 arabic asmo-708 csiso88596e csiso88596i "
        "csisolatinarabic ecma-114 iso-ir-127 iso88596 iso-8859-6:1987"
    ),
    "iso8859_7": (
        "iso-8859-7 greek iso8859-7 csisolatingreek ecma-118 elot-928 greek8 iso-ir-126 iso88597 "
        "iso-8859-7:1987 sun-eu-greek"
    ),
    "iso8859_8": (
        "iso-8859-8 iso-8859-8-i iso-8859-8-e hebrew iso8859-8 csiso88598e csiso88598i "
        "csisolatinhebrew iso-ir-138 iso88598 iso-8859-8:1988 logical visual"
    ),
    "iso8859_10": "iso-8859-10 iso8859-10 csisolatin6 iso-ir-157 iso885910 l6 latin6",
    "iso8859_13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859_14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859_15": "iso-8859-15 iso8859-15 latin9 latin-9 csisolatin9 iso885915 l9",
    "iso8859_16": "iso-8859-16",
    "koi8_r": "koi8-r koi8r cskoi8r koi koi8",
    "koi8_u": "koi8-u koi8-ru",
    "mac_roman": "macintosh mac x-mac-roman csmacintosh",
    "mac_cyrillic": "x-mac-cyrillic x-mac-ukrainian",
}
_MULTI_BYTE = {
    "utf-8": (
        "utf-8 utf8 unicode-1-1-utf-8 utf-8-sig utf8mb4 utf-8mb4 cp65001 unicode11utf8 "
        "unicode20utf8 x-unicode20utf8"
    ),
    "utf-16": "utf-16 csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be unicodefffe",
    "utf-32": "utf-32",
    "gb18030": (
        "gb18030 gb2312 gb-2312 gbk cp936 x-gbk gb-2312-80 euc-cn chinese csgb2312 csiso58gb231280 "
        "iso-ir-58"
    ),
    "hz": "hz-gb-2312",
    "big5hkscs": "big5 big5-hkscs cp950 x-x-big5 cn-big5 csbig5",
    "cp932": "shift-jis shift_jis sjis x-sjis windows-31j cp932 ms-kanji csshiftjis ms932",
    "euc_jp": "euc-jp x-euc-jp cseucpkdfmtjapanese",
    "iso2022_jp_ext": "iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-ext cp50220 csiso2022jp",
    "cp949": (
        "euc-kr ks-c-5601-1987 ks-c-5601 ksc5601 cp949 windows-949 korean cseuckr csksc56011987 "
        "iso-ir-149 ks-c-5601-1989 ksc-5601"
    ),
    "iso2022_kr": "iso-2022-kr",
}
_CODECS = {
    name: codec
    for table in (_SINGLE_BYTE, _MULTI_BYTE)
    for codec, names in table.items()
    for name in names.replace("_", "-").split()
}
"""Charset as a mail names it (lower case, hyphens) → Python's codec; every label of the WHATWG Encoding Standard.

A superset stands for what is commonly meant: cp1252 for latin-1, gb18030 for gb2312 (the
same standard).
"""
_ESCAPED = frozenset({"iso2022_jp_ext", "iso2022_kr", "hz"})
"""Codecs that write other letters in ASCII's bytes: any other codec reads those, and reads nonsense."""
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
    escaped = codec in _ESCAPED and content.isascii()
    others = () if escaped else ("utf-8", *_CONFUSED.get(codec, ()))
    for candidate in (codec, *others):
        text = _strictly(content, candidate)
        if text is not None:
            return text, "" if candidate == codec else f"declared as {name}, but is {candidate}"
    if codec == "iso2022_jp_ext" and (japanese := decode_windows_jis(content)) is not None:
        return japanese, f"damaged {name}" if "\ufffd" in japanese else ""
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
