"""Learns a firm's entities from marked examples: looks of numbers, closed classes, and a model over tokens.

Each is kept only where it is worth it on the examples: a look or a class that also matches what was not marked is left
to the model, which sees the words around. Heavy libraries are imported in `crf` only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from kits.core.errors import DataError
from kits.core.prediction import Span
from kits.support_triage._entities.crf import Marked, learn_tagger
from kits.support_triage._entities.kinds import KINDS
from kits.support_triage._entities.learned import LearnedPatterns
from kits.support_triage._entities.rules import Rules, settle
from kits.support_triage._entities.shapes import (
    LEAST_VALUES,
    checksum_of,
    closed_class,
    code_like,
    patterns_of,
    telling,
)
from kits.support_triage._entities.spec import (
    EntitiesConfig,
    EntitiesSpec,
    LearnedPattern,
    LearnedWords,
    ProductSpec,
    TaggerSpec,
)
from kits.support_triage._entities.text import Found, Text
from kits.support_triage._entities.tokens import tags, tokenise

Example = tuple[str, tuple[Span, ...]]
LEAST_FOR_MODEL = 30
"""Marked spans below which only looks and classes are learned."""
LEAST_PRECISION = 0.98
"""Share of a look's matches that must have been marked."""
LEAST_AGREEMENT = 0.9
"""Share of a common kind's findings that were marked, below which the rules for it are switched off."""
UNREAD = 0.3
"""Share of texts without a mark that hold what is marked elsewhere, above which nobody can have read them."""
LEAST_LETTERS = 4
MAX_TOKENS = 200_000
"""Tokens learned from at most: the marked lines first, then lines without a mark."""


def learn(
    examples: Sequence[Example],
    config: EntitiesConfig,
    products: Sequence[ProductSpec] = (),
) -> EntitiesSpec:
    """What an extractor needs, from the firm's config and its marked examples.

    Args:
        examples: texts with their spans; texts without a span teach what is none.
        config: the project's `entities` section.
        products: the catalogue, read.

    Raises:
        DataError: a span does not lie in its text.
    """
    given = EntitiesSpec(
        kinds=config.kinds,
        day_first=config.day_first,
        not_personal=config.not_personal,
        patterns=config.patterns,
        products=tuple(products),
    )
    values = _values(examples)
    if not config.learn or not values:
        return given
    examples = _read_by_somebody(examples, values)
    looks = tuple(_looks(examples, values))
    if sum(len(v) for v in values.values()) < LEAST_FOR_MODEL:
        classes = tuple(_classes(examples, values))
        return given.model_copy(update={"learned_patterns": looks, "learned_words": classes})
    # a model sees the words around, so it needs no list of words that count everywhere
    rules = Rules(tuple(KINDS), given.patterns, given.products)
    hints = [settle(rules.find(Text(text)), len(text)) for text, _ in examples]
    model = _model(examples, hints, tuple(sorted(values)))
    kinds = tuple(kind for kind in given.kinds if kind not in _mistaken(examples, hints, values))
    return given.model_copy(update={"kinds": kinds, "learned_patterns": looks, "tagger": model})


def _mistaken(
    examples: Sequence[Example], hints: Sequence[Sequence[Found]], values: Mapping[str, list[str]]
) -> set[str]:
    """Common kinds that the firm marks otherwise than the rules: only the model finds these."""
    mistaken = set()
    for kind in set(values) & set(KINDS):
        found = right = 0
        for (_, spans), rows in zip(examples, hints, strict=True):
            marked = {(s.start, s.end) for s in spans if s.label == kind}
            places = [(f.start, f.end) for f in rows if f.kind == kind]
            found += len(places)
            right += sum(place in marked for place in places)
        if right < LEAST_AGREEMENT * found:
            mistaken.add(kind)
    return mistaken


def _values(examples: Sequence[Example]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = defaultdict(list)
    for text, spans in examples:
        for span in spans:
            if not 0 <= span.start < span.end <= len(text):
                raise DataError(
                    f"a span of {span.label} lies outside its text",
                    where=text[:60],
                    fix="count characters from 0, the end not included",
                )
            values[span.label].append(text[span.start : span.end])
    return values


def _read_by_somebody(
    examples: Sequence[Example], values: Mapping[str, list[str]]
) -> Sequence[Example]:
    """`examples` without the texts that have no mark only because nobody looked for entities in them.

    They betray themselves: what is marked elsewhere stands in them as well. If they taught "nothing here", a model of a
    mailbox of which a tenth is marked would find nothing.
    """
    words = [
        LearnedWords(kind=kind, words=tuple(sorted({v.lower() for v in rows})), precision=1.0)
        for kind, rows in values.items()
        if all(sum(c.isalnum() for c in value) >= LEAST_LETTERS for value in rows)
    ]
    finder = LearnedPatterns([*_every_look(values)], words)
    bare = [text for text, spans in examples if not spans]
    betrayed = sum(any(True for _ in finder.find(Text(text))) for text in bare)
    if len(bare) < LEAST_FOR_MODEL or betrayed <= UNREAD * len(bare):
        return examples
    return [example for example in examples if example[1]]


def _every_look(values: Mapping[str, list[str]]) -> Iterator[LearnedPattern]:
    """The looks of values, whatever else has them."""
    for kind, surfaces in sorted(values.items()):
        if not code_like(surfaces) or len(set(surfaces)) < LEAST_VALUES:
            continue
        checksum = checksum_of(surfaces)
        if not checksum and not telling(surfaces):
            continue  # `299` could be anything: only the words around it tell
        for pattern in patterns_of(surfaces):
            try:
                yield LearnedPattern(kind=kind, pattern=pattern, checksum=checksum, precision=1.0)
            except ValueError:
                continue  # too long or too free to be a safe pattern: the model finds them


def _looks(
    examples: Sequence[Example], values: Mapping[str, list[str]]
) -> Iterator[LearnedPattern]:
    for look in _every_look(values):
        precision = _precision(examples, LearnedPatterns([look], []))
        if precision >= LEAST_PRECISION:
            yield look.model_copy(update={"precision": round(precision, 4)})


def _classes(examples: Sequence[Example], values: dict[str, list[str]]) -> Iterator[LearnedWords]:
    for kind, surfaces in sorted(values.items()):
        words = closed_class(surfaces)
        if not words:
            continue
        row = LearnedWords(kind=kind, words=words, precision=1.0)
        precision = _precision(examples, LearnedPatterns([], [row]))
        if precision >= LEAST_PRECISION:
            yield row.model_copy(update={"precision": round(precision, 4)})


def _precision(examples: Sequence[Example], finder: LearnedPatterns) -> float:
    found = right = 0
    for text, spans in examples:
        marked = {(s.start, s.end, s.label) for s in spans}
        for one in finder.find(Text(text)):
            found += 1
            right += (one.start, one.end, one.kind) in marked
    return right / found if found else 0.0


def _model(
    examples: Sequence[Example], hints: Sequence[Sequence[Found]], kinds: tuple[str, ...]
) -> TaggerSpec | None:
    with_marks: list[Marked] = []
    without: list[Marked] = []
    for (text, spans), found in zip(examples, hints, strict=True):
        for line in marked_lines(text, spans, kinds, found):
            (with_marks if any(line.tags) else without).append(line)
    if not with_marks:
        return None
    masked = [
        Marked(line.tokens, line.tags, frozenset(i for i, tag in enumerate(line.tags) if tag))
        for line in with_marks
    ]
    budget = MAX_TOKENS - sum(len(line.tokens) for line in with_marks) * 2
    lines = with_marks + masked
    for line in without:
        budget -= len(line.tokens)
        if budget < 0:
            break
        lines.append(line)
    return learn_tagger(lines, kinds)


def marked_lines(
    text: str, spans: Sequence[Span], kinds: Sequence[str], hints: Sequence[Found] = ()
) -> Iterator[Marked]:
    """The lines of a text with a tag for each token; a token that a span only touches belongs to it."""
    number = {name: at for at, name in enumerate(tags(kinds))}
    ordered = sorted(spans, key=lambda span: span.start)
    for tokens in tokenise(text, hints):
        marks = [0] * len(tokens)
        for span in ordered:
            inside = [i for i, t in enumerate(tokens) if t.start < span.end and t.end > span.start]
            for i in inside:
                marks[i] = number[f"{'B' if i == inside[0] else 'I'}-{span.label}"]
        yield Marked(tokens, marks)
