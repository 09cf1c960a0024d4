"""Parts → the text of a mail, as plain text and as HTML, and the list of what is attached.

Attachments are measured and named, never decoded. How HTML reads is the kit's business.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kits.core.mail._charsets import decode_text
from kits.core.mail._parts import MAX_DEPTH, Budget, Part, parse_part
from kits.core.mail._transfer import decode_transfer, decoded_size

MAX_PLAIN_CHARS = 200_000
"""Characters of plain text that are read."""
MAX_HTML_CHARS = 4_000_000
"""Characters of HTML that are read; pictures inside it take most of them."""
MAX_ATTACHMENTS = 200
_CALENDAR = "text/calendar"
_BYTES_PER_CHAR = 6
"""Bytes of transfer encoding that one character may take, roughly."""
_META_CHARSET = re.compile(rb"charset\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_META_BYTES = 2048
"""Bytes of HTML in which it may name its charset, where its header does not."""
_UU_BEGIN = re.compile(r"^begin [0-7]{3,4} ([^\n]{1,200})\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a mail: what it calls itself; `size` in bytes, counted without opening it.

    `method`: lower case, of a calendar's part in the text what it is sent for (RFC 6047): `request` invites, `reply` answers.
    """

    name: str
    media_type: str
    size: int
    method: str = ""


@dataclass(frozen=True, slots=True)
class Bodies:
    """See `Message`."""

    plain: str
    html: str
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    """One place in the mail where text stands; in an alternative both forms say the same."""

    plain: str
    html: str


def collect(root: Part, budget: Budget) -> Bodies:
    """The text and the attachments of a mail."""
    files: list[Attachment] = []
    texts = [text for text in _texts(root, budget, files, top=True) if text.plain or text.html]
    if not texts:
        texts = _named(root, budget) or _forwarded(root, budget)
    if len(files) > MAX_ATTACHMENTS:
        budget.complain(f"more than {MAX_ATTACHMENTS} attachments; the rest is not listed")
    plain, rich = _joined(texts)
    plain, uuencoded = _without_uuencoded(plain)
    if len(plain) > MAX_PLAIN_CHARS or len(rich) > MAX_HTML_CHARS:
        budget.complain("the text is very long; the end is not read")
    return Bodies(
        plain[:MAX_PLAIN_CHARS],
        rich[:MAX_HTML_CHARS],
        tuple([*files, *uuencoded][:MAX_ATTACHMENTS]),
    )


def _joined(texts: list[_Text]) -> tuple[str, str]:
    rich = ""
    if any(text.html for text in texts):
        rich = "\n".join(text.html or _as_html(text.plain) for text in texts)
    if any(text.html and not text.plain.strip() for text in texts):
        return "", rich
    return "\n\n".join(text.plain for text in texts), rich


def _as_html(plain: str) -> str:
    return f"<pre>{html.escape(plain)}</pre>"


def _texts(
    part: Part, budget: Budget, files: list[Attachment], top: bool = False
) -> Iterator[_Text]:
    if part.children:
        inner = [text for child in part.children for text in _texts(child, budget, files)]
        if part.media_type == "multipart/alternative":
            inner = [_alternative(inner)]
        yield from inner
    elif part.media_type in {"text/plain", "text/html"} and not _is_file(part, top):
        text = _read(part, budget)
        rich = part.media_type == "text/html"
        yield _Text("", text) if rich else _Text(text, "")
    else:
        files.append(_listed(part))


def _alternative(texts: list[_Text]) -> _Text:
    plain = "\n\n".join(text.plain for text in texts if text.plain and not text.html)
    both = [text for text in texts if text.html]
    rich = "\n".join(text.html for text in both)
    return _Text(plain or "\n\n".join(text.plain for text in both if text.plain), rich)


def _is_file(part: Part, top: bool) -> bool:
    # a mail that is one part is its text, whatever it calls itself
    return not top and (part.disposition == "attachment" or bool(part.filename))


def _listed(part: Part) -> Attachment:
    name = part.filename.replace("\\", "/").rpartition("/")[2].strip()[:200]
    told = part.media_type == _CALENDAR and part.disposition != "attachment"
    method = part.parameters.get("method", "") if told else ""
    size = decoded_size(part.content, part.encoding)
    return Attachment(name, part.media_type[:100], size, method.strip()[:20].lower())


def _read(part: Part, budget: Budget) -> str:
    limit = MAX_HTML_CHARS if part.media_type == "text/html" else MAX_PLAIN_CHARS
    raw = part.content
    if len(raw) > limit * _BYTES_PER_CHAR:
        budget.complain("the text is very long; the end is not read")
        raw = raw[: limit * _BYTES_PER_CHAR]
    content, broken = decode_transfer(raw, part.encoding)
    budget.complain(broken)
    charset = part.parameters.get("charset", "")
    if not charset and part.media_type == "text/html":
        found = _META_CHARSET.search(content, 0, _META_BYTES)
        charset = found[1].decode("ascii") if found else ""
    text, wrong = decode_text(content, charset)
    budget.complain(wrong)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.media_type == "text/plain" and part.parameters.get("format", "").lower() == "flowed":
        text = unflow(text, part.parameters.get("delsp", "").lower() == "yes")
    return text


def unflow(text: str, delete_space: bool = False) -> str:
    """Lines of `format=flowed` text joined to paragraphs (RFC 3676); quote marks stay."""
    paragraphs: list[list[str]] = []
    open_at = ""
    for line in text.split("\n"):
        body = line.lstrip(">")
        depth = line[: len(line) - len(body)]
        body = body.removeprefix(" ")
        signature = body == "-- "
        goes_on = body.endswith(" ") and not signature
        words = body[:-1] if goes_on and delete_space else body
        if open_at == f"{depth}|" and not signature:
            paragraphs[-1].append(words)
        else:
            paragraphs.append([depth + " " + words if depth else words])
        open_at = f"{depth}|" if goes_on else ""
    return "\n".join("".join(paragraph) for paragraph in paragraphs)


def _without_uuencoded(text: str) -> tuple[str, list[Attachment]]:
    """Text without the files that old programs wrote into it."""
    files: list[Attachment] = []
    kept: list[str] = []
    position = 0
    for match in _UU_BEGIN.finditer(text):
        if match.start() < position:
            continue
        end = text.find("\nend", match.end() - 1)
        if end < 0:
            break
        kept.append(text[position : match.start()])
        size = (end - match.end()) * 3 // 4
        files.append(Attachment(match[1].strip(), "application/octet-stream", max(size, 0)))
        position = end + len("\nend")
    kept.append(text[position:])
    return "".join(kept), files


def _named(root: Part, budget: Budget) -> list[_Text]:
    """Some programs give the text of a mail a file name; it is the text where there is no other."""
    for part in _leaves(root):
        if part.media_type in {"text/plain", "text/html"} and part.disposition != "attachment":
            texts = [text for text in _texts(part, budget, [], top=True) if text.plain or text.html]
            if texts:
                return texts
    return []


def charset_of(root: Part) -> str:
    """The charset that the first text of a mail names; empty where it names none."""
    texts = (part for part in _leaves(root) if part.media_type in {"text/plain", "text/html"})
    first = next(texts, None)
    return first.parameters.get("charset", "") if first is not None else ""


def _leaves(part: Part) -> Iterator[Part]:
    if not part.children:
        yield part
    for child in part.children:
        yield from _leaves(child)


def _forwarded(root: Part, budget: Budget) -> list[_Text]:
    """A mail without words of its own that encloses another is about what that one says, or encloses in turn."""
    for _ in range(MAX_DEPTH):
        enclosed = _enclosed(root)
        if enclosed is None:
            return []
        root = parse_part(enclosed.content, budget)
        texts = [text for text in _texts(root, budget, [], top=True) if text.plain or text.html]
        if texts:
            budget.complain("the text is that of the enclosed mail")
            return texts
    budget.complain(f"mails enclosed deeper than {MAX_DEPTH} are not read")
    return []


def _enclosed(root: Part) -> Part | None:
    plainly = {"", "7bit", "8bit", "binary"}
    return next(
        (
            part
            for part in _leaves(root)
            if part.media_type == "message/rfc822" and part.encoding.lower() in plainly
        ),
        None,
    )
