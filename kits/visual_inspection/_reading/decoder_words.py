"""What the decoders say of a picture past Python: libjpeg fills in what is damaged, and complains on the error stream alone.

Only where one thread decodes, as an import does: the stream is the whole process's. What others write there meanwhile is
passed on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kits.visual_inspection import _images

_STDERR = 2
_JPEG = (
    rb"Corrupt JPEG data: [^\n]*|Premature end of JPEG file[^\n]*|Invalid SOS parameters[^\n]*"
    rb"|Inconsistent progression sequence[^\n]*|Warning: unknown JFIF[^\n]*|Unknown Adobe color[^\n]*"
)
_SAID = re.compile(
    rb"(?:(?P<jpeg>" + _JPEG + rb")|libpng (?:error|warning): [^\n]*|\[ ?(?:WARN|ERROR):\d[^\n]*\n?)\n?"
)  # fmt: skip
"""Not at the beginning of a line alone: a bar of progress, drawn by a thread meanwhile, ends without a new one."""
_FILLED_IN = re.compile("premature end|bad Huffman|instead of RST", re.IGNORECASE)
_LEFT_OVER = "extraneous bytes"
"""Behind the last pixel, or where a piece of the data is missing; cheap cameras write a byte too many, too."""


@dataclass
class Heard:
    """libjpeg's first complaint about a picture; empty: none."""

    complaint: str = ""

    @property
    def filled_in(self) -> bool:
        """Whether pixels are missing that the decoder made up."""
        return _FILLED_IN.search(self.complaint) is not None

    @property
    def left_over(self) -> bool:
        """Whether there is more data than pixels: a part of it may be shifted or gray."""
        return _LEFT_OVER in self.complaint


def decode_heard(content: bytes, name: str) -> tuple[_images.Image, Heard]:
    """As `_images.decode`, with what the decoder complained of."""
    with _listening() as heard:
        image = _images.decode(content, where=name)
    return image, heard


@contextmanager
def _listening() -> Iterator[Heard]:
    heard = Heard()
    try:
        kept = os.dup(_STDERR)
    except OSError:  # a service may have closed it: then nobody complains
        yield heard
        return
    try:
        # in memory: pictures can be read where no folder can be written
        with open(os.memfd_create("decoder"), "w+b") as file:
            os.dup2(file.fileno(), _STDERR)
            try:
                yield heard
            finally:
                os.dup2(kept, _STDERR)
                file.seek(0)
                said = file.read()
                first = next((one["jpeg"] for one in _SAID.finditer(said) if one["jpeg"]), b"")
                heard.complaint = first.decode(errors="replace")
                _pass_on(_SAID.sub(b"", said))
    finally:
        os.close(kept)


def _pass_on(rest: bytes) -> None:
    while rest:
        rest = rest[os.write(_STDERR, rest) :]
