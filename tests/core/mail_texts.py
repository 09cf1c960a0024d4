"""Bytes of mails, also of kinds that no library would write."""

from __future__ import annotations

BREAK = "\r\n"


def mail(body: str | bytes = "Hello", **headers: str) -> bytes:
    """A mail with these headers (`Content_Type` for Content-Type)."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    content = body if isinstance(body, bytes) else body.encode("utf-8")
    return (BREAK.join(lines) + BREAK * 2).encode("utf-8") + content


def multipart(*parts: str, kind: str = "mixed", boundary: str = "b1") -> bytes:
    body = "".join(f"--{boundary}{BREAK}{part}{BREAK}" for part in parts) + f"--{boundary}--{BREAK}"
    return mail(body, Content_Type=f'multipart/{kind}; boundary="{boundary}"')


def part(text: str, media_type: str = "text/plain", **headers: str) -> str:
    more = "".join(f"{name.replace('_', '-')}: {value}{BREAK}" for name, value in headers.items())
    return f"Content-Type: {media_type}{BREAK}{more}{BREAK}{text}"
