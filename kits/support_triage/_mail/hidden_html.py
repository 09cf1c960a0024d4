"""Whether HTML shows its text: styles and attributes by which mails hide words.

Computes the few properties that decide, as far as a mail program would. Colours are compared with the
background they stand on. Nothing is fetched; how styles are read is `style_sheet.py`'s business.
"""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass, replace

from kits.support_triage._mail.style_sheet import (
    Attributes,
    Declarations,
    declarations,
    merged,
)

Rgb = tuple[int, int, int]

_BASE_PX = 16.0
_UNREADABLE_PX = 2.5
"""Letters so small are not read."""
_FAR_PX = 400.0
"""So far to the left or above, nothing is on the screen."""
_BEYOND_PX = 3000.0
"""So far to the right or below, nobody scrolls."""
_TIGHT_PX = -8.0
"""Letters so close stand on each other."""
_FAINT = 0.1
"""Opacity below which nothing is seen."""
_SAME_COLOUR = 24
"""Steps of 255 in each channel that nobody tells apart."""
_LENGTH = re.compile(r"(-?\d{0,6}\.?\d{0,6})(px|pt|em|rem|ex|%|vw|vh|in|cm|mm)?$")
_GAP = r"[\s,/]{1,9}"
_ALPHA = rf"(?:{_GAP}([\d.]{{1,6}}%?))?\s{{0,9}}\)"
_RGB = re.compile(rf"rgba?\(\s{{0,9}}(\d{{1,3}}){_GAP}(\d{{1,3}}){_GAP}(\d{{1,3}}){_ALPHA}")
_HSL = re.compile(
    rf"hsla?\(\s{{0,9}}(\d{{1,3}})(?:deg)?{_GAP}(\d{{1,3}})%?{_GAP}(\d{{1,3}})%?{_ALPHA}"
)
_LIGHTNESS = re.compile(r"(ok)?l(?:ab|ch)\(\s{0,9}([\d.]{1,8}%?)")
_NEARLY_WHITE = 0.97
_SCALE = re.compile(r"scale[xy]?\(\s{0,9}(-?[\d.]{1,8})")
_TRANSLATE = re.compile(
    r"translate(?:x|y|3d)?\(\s{0,9}(-?[\d.]{1,8}[a-z]{0,3})(?:\s{0,9},\s{0,9}(-?[\d.]{1,8}[a-z]{0,3}))?"
)
_HEX = re.compile(r"#([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})(?!\w)")
_BARE_HEX = re.compile(r"[0-9a-f]{3}(?:[0-9a-f]{3})?")
_NO_HEX = re.compile(r"[^0-9a-f]")
_PX = {
    "px": 1.0,
    "": 1.0,
    "pt": 4 / 3,
    "em": _BASE_PX,
    "rem": _BASE_PX,
    "ex": 8.0,
    "in": 96.0,
    "cm": 38.0,
    "mm": 3.8,
}
_NAMED: dict[str, Rgb] = {
    **dict.fromkeys(("white", "canvas", "window", "field", "buttonhighlight"), (255, 255, 255)),
    "black": (0, 0, 0),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245),
    "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240),
    "mintcream": (245, 255, 250),
    "azure": (240, 255, 255),
    "seashell": (255, 245, 238),
    "aliceblue": (240, 248, 255),
    "honeydew": (240, 255, 240),
    "lavenderblush": (255, 240, 245),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
    "navy": (0, 0, 128),
    "orange": (255, 165, 0),
}
_WHITE: Rgb = (255, 255, 255)
_BLACK: Rgb = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks at a place; `background` None: a picture or a colour that is not known."""

    gone: bool = False
    visible: bool = True
    size_px: float = _BASE_PX
    opacity: float = 1.0
    colour: Rgb | None = _BLACK
    background: Rgb | None = _WHITE

    @property
    def hidden(self) -> bool:
        """Whether nobody can read text that looks so."""
        if self.gone or not self.visible or self.colour is None:
            return True
        if self.size_px < _UNREADABLE_PX or self.opacity < _FAINT:
            return True
        return self.background is not None and all(
            abs(one - other) <= _SAME_COLOUR for one, other in zip(self.colour, self.background)
        )


def look_of(tag: str, attributes: Attributes, from_sheet: Declarations, around: Look) -> Look:
    """How text in an element looks, given what style sheets say of it and how it looks around it."""
    style = from_sheet
    if attributes.get("style"):
        style = merged(style, declarations(attributes["style"] or ""))
    if not style and not (attributes.keys() & _ATTRIBUTES) and tag != "dialog":
        return around
    look = _coloured(tag, attributes, style, around)
    if "font-size" in style:
        look = replace(look, size_px=_font_px(style["font-size"], around.size_px))
    elif "font" in style:
        look = replace(look, size_px=_short_font_px(style["font"], around.size_px))
    if "visibility" in style:
        look = replace(look, visible=style["visibility"] not in {"hidden", "collapse"})
    if "opacity" in style:
        look = replace(look, opacity=around.opacity * max(0.0, _number(style["opacity"])))
    closed = tag == "dialog" and "open" not in attributes
    if closed or "hidden" in attributes or _is_gone(style):
        look = replace(look, gone=True)
    return look


_ATTRIBUTES = frozenset({"hidden", "bgcolor", "color", "text", "background"})


_EMPTY_SHAPES = ("rect(0", "inset(50%", "inset(100%", "circle(0", "ellipse(0")


def _is_gone(style: Declarations) -> bool:
    """Whether an element's box is not there, empty, or outside of the screen."""
    if style.get("display") == "none" or style.get("mso-hide") == "all":
        return True
    if style.get("content-visibility") == "hidden" or style.get("zoom") in {"0", "0%"}:
        return True
    if "opacity(0" in style.get("filter", "") or _is_moved_away(style) or _is_squeezed(style):
        return True
    small = [
        _px(style[name]) <= 1.0
        for name in ("width", "height", "max-width", "max-height", "line-height")
        if name in style and style[name] not in {"auto", "none", "normal", "100%"}
    ]
    overflow = style.get("overflow", "") + style.get("overflow-y", "")
    if any(small) and any(word in overflow for word in ("hidden", "clip", "auto", "scroll")):
        return True
    places = ["text-indent", "margin-left", "margin-top", "margin-right"]
    if style.get("position") in {"absolute", "fixed", "relative"}:
        places += ["left", "top", "right"]
        if any(_px(style.get(name, "0")) >= _BEYOND_PX for name in ("left", "top")):
            return True
    return any(_px(style.get(name, "0")) <= -_FAR_PX for name in places)


def _is_squeezed(style: Declarations) -> bool:
    if not _SQUEEZING & style.keys():
        return False
    clip = (style.get("clip", "") + style.get("clip-path", "")).replace(" ", "")
    return (
        any(shape in clip for shape in _EMPTY_SHAPES)
        or abs(_number(style.get("scale", "1").split(" ")[0])) < _FAINT
        or _px(style.get("letter-spacing", "0")) <= _TIGHT_PX
    )


_SQUEEZING = frozenset({"clip", "clip-path", "scale", "letter-spacing"})


def _is_moved_away(style: Declarations) -> bool:
    if "translate" in style and any(
        _px(one) <= -_FAR_PX for one in style["translate"].split(" ")[:3]
    ):
        return True
    transform = style.get("transform", "")
    if not transform:
        return False
    if any(abs(_number(found)) < _FAINT for found in _SCALE.findall(transform)):
        return True
    moves = [one for found in _TRANSLATE.findall(transform) for one in found if one]
    return any(_px(one) <= -_FAR_PX for one in moves)


def _coloured(tag: str, attributes: Attributes, style: Declarations, around: Look) -> Look:
    look = around
    attribute = {"font": "color", "body": "text"}.get(tag, "")
    foreground = (
        style.get("-webkit-text-fill-color")
        or _with_hash(style.get("color", ""))
        or _from_attribute(attributes.get(attribute))
    )
    if foreground:
        known, colour = _colour(foreground)
        if known:
            look = replace(look, colour=colour)
    painted = (
        _with_hash(style.get("background-color", ""))
        or style.get("background")
        or _from_attribute(attributes.get("bgcolor"))
    )
    picture = painted + style.get("background-image", "")
    if "url(" in picture or "gradient" in picture or attributes.get("background"):
        return replace(look, background=None)
    if painted and painted not in {"none", "transparent", "inherit", "initial"}:
        known, colour = _colour(painted)
        look = replace(look, background=colour if known and colour else None)
    return look


def _with_hash(value: str) -> str:
    """As a page without a document type may leave the `#` of a colour out, and mails have none."""
    return f"#{value}" if _BARE_HEX.fullmatch(value.strip().lower()) else value


def _from_attribute(value: str | None) -> str:
    """What an attribute's colour is in a style sheet, by HTML's rules for legacy colours, which make one of nearly everything;
    of a word that is none of `_NAMED` it is not known.
    """
    stated = (value or "").strip().lower()
    if not stated or (stated.isalpha() and _NO_HEX.search(stated)):
        return stated if stated != "transparent" else ""
    if len(stated) == 4 and _HEX.fullmatch(stated):
        return stated
    digits = _NO_HEX.sub("0", stated[:128].removeprefix("#"))
    each = max(1, -(-len(digits) // 3))
    digits = digits.ljust(3 * each, "0")
    parts = [digits[start : start + each][-8:] for start in range(0, 3 * each, each)]
    while len(parts[0]) > 2 and all(part.startswith("0") for part in parts):
        parts = [part[1:] for part in parts]
    return "#" + "".join(part[:2].rjust(2, "0") for part in parts)


def _colour(value: str) -> tuple[bool, Rgb | None]:
    """(whether the value is understood, the colour; None for fully transparent)."""
    value = value.strip().lower()
    if value == "transparent":
        return True, None
    match = _HEX.search(value)
    if match:
        return True, _from_hex(match[1])
    match = _RGB.search(value) or _HSL.search(value)
    if match:
        faint = match[4] is not None and _number(match[4]) < _FAINT
        numbers = int(match[1]), int(match[2]), int(match[3])
        from_numbers = _from_hsl if match[0].startswith("hsl") else _from_rgb
        return True, None if faint else from_numbers(*numbers)
    light = _LIGHTNESS.search(value)
    if light:
        share = _number(light[2]) / (1 if light[1] or light[2].endswith("%") else 100)
        return share >= _NEARLY_WHITE, _WHITE
    named = next((_NAMED[word] for word in value.split()[:5] if word in _NAMED), None)
    return named is not None, named


def _from_hex(digits: str) -> Rgb | None:
    if len(digits) in {3, 4}:
        digits = "".join(2 * digit for digit in digits)
    if len(digits) == 8 and int(digits[6:], 16) < _FAINT * 255:
        return None
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _from_rgb(red: int, green: int, blue: int) -> Rgb:
    return min(red, 255), min(green, 255), min(blue, 255)


def _from_hsl(hue: int, saturation: int, lightness: int) -> Rgb:
    channels = colorsys.hls_to_rgb(
        (hue % 360) / 360, min(lightness, 100) / 100, min(saturation, 100) / 100
    )
    red, green, blue = (round(255 * channel) for channel in channels)
    return red, green, blue


def _font_px(value: str, around: float) -> float:
    match = _LENGTH.match(value.strip().removeprefix("calc(").removesuffix(")").strip())
    if match is None or not match[1].strip("-."):
        return around if value in {"inherit", "smaller", "larger"} else _BASE_PX
    number, unit = _number(match[1]), match[2] or ""
    if unit in {"em", "%"}:
        return around * (number if unit == "em" else number / 100)
    return number * _PX.get(unit, _BASE_PX)


def _short_font_px(value: str, around: float) -> float:
    """The size in `font: italic 12px/1.5 Arial`."""
    for word in value.split()[:8]:
        size = word.partition("/")[0]
        if size[:1].isdigit() or size[:1] == ".":
            # a number without a unit is a weight, unless it is nothing
            if size.isdigit() and int(size) >= 100:
                continue
            return _font_px(size, around)
    return around


def _px(value: str) -> float:
    match = _LENGTH.match(value.strip())
    if match is None or not match[1].strip("-."):
        return _BASE_PX
    return _number(match[1]) * _PX.get(match[2] or "", 4.0)


def _number(value: str) -> float:
    try:
        return float(value.strip().rstrip("%")) / (100.0 if value.strip().endswith("%") else 1.0)
    except ValueError:
        return 1.0
