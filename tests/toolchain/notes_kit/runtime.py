"""How a note reads."""

from __future__ import annotations

from kits.core.errors import DataError
from kits.core.showing import Shown


def shown(content: bytes) -> Shown:
    try:
        title, _, text = content.decode().partition("\n")
    except UnicodeDecodeError as error:
        raise DataError("this note is not UTF-8") from error
    return Shown(title, text)
