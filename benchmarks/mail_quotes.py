"""What is new in a mail: ours beside four published libraries, on the case set of the tests.

    pip install mail-parser-reply quotequail email-reply-parser unquotemail    (in an environment of its own)
    python -m benchmarks.mail_quotes

A library that is not installed is left out. A case counts when exactly the new text comes back; blank
space and the line that a phone adds are forgiven. The set is made, not drawn: counts, no intervals. CPU time is of one pass over all cases.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import time
from collections.abc import Callable, Sequence

from kits.core.mail.threads import is_forward_subject
from kits.support_triage._mail.quotes import split_quotes
from kits.support_triage._mail.signatures import split_signature
from tests.support_triage.quote_cases import CASES, TRAPS, Case
from tests.support_triage.quote_languages import LANGUAGES

Parse = Callable[[Case], str]
_PHONES = tuple(words.phone for words in LANGUAGES.values() if words.phone)


def _ours() -> Parse:
    def parse(case: Case) -> str:
        split = split_quotes(case.text, is_forward_subject(case.subject))
        own, _ = split_signature(split.new)
        return "\n\n".join(part for part in (own, split.forwarded) if part) or split.quoted

    return parse


def _email_reply_parser() -> Parse:
    parser = importlib.import_module("email_reply_parser").EmailReplyParser
    return lambda case: str(parser.parse_reply(case.text))


def _mail_parser_reply() -> Parse:
    known = importlib.import_module("mailparser_reply.constants").MAIL_LANGUAGES
    parser = importlib.import_module("mailparser_reply").EmailReplyParser(languages=list(known))
    return lambda case: str(parser.parse_reply(case.text) or "")


def _quotequail() -> Parse:
    unwrap = importlib.import_module("quotequail").unwrap

    def parse(case: Case) -> str:
        found = unwrap(case.text)
        if found is None or found["type"] == "forward":
            return case.text
        return "\n".join(found[part] for part in ("text_top", "text_bottom") if found.get(part))

    return parse


def _unquotemail() -> Parse:
    unquote = importlib.import_module("unquotemail").Unquote

    def parse(case: Case) -> str:
        found = unquote(None, case.text)
        found.parse()
        return str(found.get_text() or "")

    return parse


PARSERS: dict[str, Callable[[], Parse]] = {
    "kitwright": _ours,
    "mail-parser-reply": _mail_parser_reply,
    "quotequail": _quotequail,
    "unquotemail": _unquotemail,
    "email-reply-parser": _email_reply_parser,
}


def _plain(text: str) -> str:
    for phone in _PHONES:
        text = text.replace(phone, "")
    return " ".join(text.split())


def measure(parse: Parse, cases: Sequence[Case]) -> tuple[list[str], float]:
    """Names of the cases that come out exactly, and milliseconds of CPU per case."""
    right: list[str] = []
    start = time.process_time()
    for case in cases:
        try:
            found = parse(case)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError):
            # a library that fails on a mail has not found what is new in it
            continue
        if _plain(found) == _plain(case.new):
            right.append(case.name)
    return right, (time.process_time() - start) * 1000 / len(cases)


def main() -> None:
    """Prints one line of JSON per library."""
    argument = argparse.ArgumentParser(description=__doc__)
    argument.add_argument("--misses", action="store_true", help="name the cases that go wrong")
    misses = argument.parse_args().misses
    for name, load in PARSERS.items():
        try:
            parse = load()
        except ImportError:
            print(json.dumps({"library": name, "skipped": "not installed"}))
            continue
        every = [*CASES, *TRAPS]
        right, cpu_ms = measure(parse, every)
        there = set(right)
        row = {
            "library": name,
            "version": "" if name == "kitwright" else importlib.metadata.version(name),
            "cases": f"{sum(case.name in there for case in CASES)}/{len(CASES)}",
            "traps": f"{sum(case.name in there for case in TRAPS)}/{len(TRAPS)}",
            "cpu_ms_per_mail": round(cpu_ms, 3),
        }
        print(json.dumps(row))
        if misses:
            for case in every:
                if case.name not in there:
                    print("   ", case.name)


if __name__ == "__main__":
    main()
