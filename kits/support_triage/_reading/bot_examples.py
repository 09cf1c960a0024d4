"""What chat bots are taught with → rows of text and intent: Rasa's YAML, Snips' pieces, lists of patterns below a tag.

Entities that are marked in a text become offsets. Where such files lie is known by who opens them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import JsonValue

from kits.support_triage._reading.fits import SPLITS_SAID, mean_words

_EXAMPLES = ("patterns", "utterances", "examples", "phrases", "training_phrases", "questions", "sentences", "sampleUtterances", "trainingPhrases")  # fmt: skip
_TAGS = ("intent", "tag", "label", "name", "category")
_ALONE = frozenset({"text", "utterance", "id", "lang", "language", "mentions"})
"""All keys of an example that is an object; one that says more is a row of its own."""
_MARKED = re.compile(r"\[([^\[\]]{1,200})\](?:\(([^()]{1,100})\)|\{([^{}]{1,200})\})")
"""Rasa's entities: `[Berlin](city)`, `[Berlin]{"entity": "city"}`."""
_NAMED = re.compile(r'"entity"\s*:\s*"([^"]{1,100})"')
_AROUND = frozenset({
    "data", "items", "results", "records", "rows", "value", "values", "messages", "mails", "emails", "tickets", "requests", "conversations", "texts",
    "documents", "entries", "examples", "utterances",
})  # fmt: skip
_FEWEST = 2
_WORDS = 2.5
"""Of a text: lists of names below keys are settings."""


def examples_in(value: JsonValue) -> list[dict[str, JsonValue]]:
    """Texts with their intents; empty where it is something else."""
    if isinstance(value, list):
        return _below_tags(value)
    if not isinstance(value, dict) or (len(value) < _FEWEST and not _is_of_one_intent(value)):
        return []
    if len(one := _below_tags([value])) >= _FEWEST:
        return one
    lists = {intent: _texts_of(inner) for intent, inner in value.items()}
    texts = [text for inner in lists.values() for text, _ in inner]
    if not all(lists.values()) or not SPLITS_SAID.keys().isdisjoint(lists) or mean_words(texts) < _WORDS:  # fmt: skip
        return []
    return [{"text": text, "intent": intent, **more} for intent, texts in lists.items() for text, more in texts]  # fmt: skip


def _is_of_one_intent(value: dict[str, JsonValue]) -> bool:
    """Whether the one key of a document has texts in pieces below it, as each of Snips' files has: else it is what is around an answer."""
    for key, inner in value.items():
        pieces = [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []
        return len(pieces) >= _FEWEST and key not in _AROUND and all(set(one) == {"data"} for one in pieces)  # fmt: skip
    return False


def rasa_examples(document: JsonValue) -> list[dict[str, JsonValue]]:
    """`nlu: [{intent: greet, examples: "- hello\\n- hi"}]`; empty where there is nothing of it."""
    parts = document.get("nlu") if isinstance(document, dict) else None
    return _below_tags(parts) if isinstance(parts, list) else []


def _below_tags(entries: list[JsonValue]) -> list[dict[str, JsonValue]]:
    """`[{"tag": "greeting", "patterns": ["hello", "hi"]}]`"""
    found: list[dict[str, JsonValue]] = []
    for entry in entries:
        if not isinstance(entry, dict):
            return []
        intent = next((entry[key] for key in _TAGS if isinstance(entry.get(key), str)), "")
        key = next((key for key in _EXAMPLES if isinstance(entry.get(key), list | str)), "")
        if "data" in entry and not intent and (told := _text_of(entry))[0]:
            found.append({"text": told[0], **told[1]})
        elif intent and key:
            found += [{"text": text, "intent": intent, **more} for text, more in _texts_of(entry[key])]  # fmt: skip
        elif not ({"synonym", "lookup", "regex"} & set(entry)):
            return []
    return found


def _texts_of(value: JsonValue) -> list[tuple[str, dict[str, JsonValue]]]:
    """Texts of a list, each with its entities where some are marked; empty where they are none."""
    if isinstance(value, dict) and len(value) <= _FEWEST:
        value = next((value[key] for key in _EXAMPLES if key in value), None)
    if isinstance(value, str):
        lines = (line.strip() for line in value.splitlines())
        value = [line[1:].strip() for line in lines if line[:1] in ("-", "*")]
    if not isinstance(value, list) or not value:
        return []
    texts = [_text_of(one) for one in value]
    return [one for one in texts if one[0]] if all(text for text, _ in texts) else []


def _text_of(value: JsonValue) -> tuple[str, dict[str, JsonValue]]:
    if isinstance(value, str):
        return _unmarked(value)
    if not isinstance(value, dict):
        return "", {}
    told = value.get("text", value.get("utterance"))
    if isinstance(told, str) and set(value) <= _ALONE:
        return told, {}
    pieces = value.get("data")
    if not isinstance(pieces, list) or not all(isinstance(one, dict) for one in pieces):
        return "", {}
    return _joined((str(one.get("text", "")), _entity(one)) for one in pieces if isinstance(one, dict))  # fmt: skip


def _entity(piece: dict[str, JsonValue]) -> str:
    name = piece.get("slot_name") or piece.get("entity")
    return name if isinstance(name, str) else ""


def _unmarked(text: str) -> tuple[str, dict[str, JsonValue]]:
    pieces: list[tuple[str, str]] = []
    at = 0
    for match in _MARKED.finditer(text):
        told = _NAMED.search(match[3] or "")
        name = (match[2] or "").partition(":")[0] or (told[1] if told else "")
        pieces += [(text[at : match.start()], ""), (match[1], name)]
        at = match.end()
    return _joined(iter([*pieces, (text[at:], "")]))


def _joined(pieces: Iterator[tuple[str, str]]) -> tuple[str, dict[str, JsonValue]]:
    text = ""
    entities: list[JsonValue] = []
    for piece, name in pieces:
        if name:
            entities.append({"label": name, "start": len(text), "end": len(text) + len(piece)})
        text += piece
    return text, {"entities": entities} if entities else {}
