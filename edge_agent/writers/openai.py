"""Has a language model behind any OpenAI-compatible address choose sentences for a reply, or suggest an intent.

It sees a brief or a question and nothing else: the thread without personal data, passages or labels. Its answer has a
forced form; what it says is a proposal, and nothing it says is believed. Whatever goes wrong, there is no proposal,
which is told once as an alert.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from edge_agent.sources.base import Alerts
from edge_agent.writers.chat import Asked, Chat, Lack
from edge_agent.writers.config import WriterConfig
from kits.core.correspondence import (
    SUGGESTER_RULES,
    WRITER_RULES,
    Brief,
    Question,
    brief_as_text,
    question_as_text,
)

ALERT, SUGGESTS_ALERT = "writer-fails", "suggestions-fail"
MAX_SENTENCES = 20
_MAX_CHARS = 600
_MAX_LABEL_TOKENS = 100


class _Sentence(BaseModel):
    model_config = ConfigDict(extra="ignore")

    source: str = Field(max_length=500, description="source of the passage it stands in")
    text: str = Field(max_length=_MAX_CHARS, description="the sentence, word for word")


class _Written(BaseModel):
    model_config = ConfigDict(extra="ignore")

    sentences: list[_Sentence] = Field(max_length=MAX_SENTENCES, description="in their order")


class _Suggested(BaseModel):
    model_config = ConfigDict(extra="ignore")

    label: str = Field(max_length=500, description="one of the labels that were told")


class OpenAiWriter:
    """A writer, and a suggester where the configuration says so.

    Args:
        alerts: told when it begins to fail, and when it answers again.
        clock: monotonic seconds.

    Attributes:
        name: the model's.
        counts: of briefs `asked`, `written`, `empty`, `failed` and `rested`.
        suggested: of questions `asked`, `suggested`, `unknown` (no label that was told), `failed` and `rested`.

    Raises:
        ConfigError: the secret's environment variable is not set.
    """

    def __init__(
        self, config: WriterConfig, alerts: Alerts, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = config.model
        self.counts: Counter[str] = Counter()
        self.suggested: Counter[str] = Counter()
        self._max_tokens = config.max_tokens
        replies = Lack(
            "no proposals",
            "the writer answers again",
            lambda severity, text: alerts(ALERT, severity, text),
        )
        intents = Lack(
            "no suggestions",
            "intents are suggested again",
            lambda severity, text: alerts(SUGGESTS_ALERT, severity, text),
        )
        self._replies = Chat(config, config.timeout_s, replies, clock)
        self._intents = Chat(config, config.suggest_timeout_s, intents, clock)

    def write(self, brief: Brief) -> str:
        """One proposed sentence a paragraph; empty when there is none. Raises nothing."""
        if self._replies.rests:
            self.counts["rested"] += 1
            return ""
        self.counts["asked"] += 1
        written = self._replies.ask(
            _asked_to_write(brief, self._max_tokens), _Written.model_validate_json
        )
        if written is None:
            self.counts["failed"] += 1
            return ""
        sources = {passage.source for passage in brief.passages}
        kept = [" ".join(s.text.split()) for s in written.sentences if s.source in sources]
        self.counts["written" if kept else "empty"] += 1
        return "\n\n".join(kept)

    def suggest(self, question: Question) -> str:
        """One of the question's labels; empty when there is no suggestion. Raises nothing."""
        if self._intents.rests:
            self.suggested["rested"] += 1
            return ""
        self.suggested["asked"] += 1
        found = self._intents.ask(_asked_to_suggest(question), _Suggested.model_validate_json)
        if found is None:
            self.suggested["failed"] += 1
            return ""
        known = found.label in question.labels
        self.suggested["suggested" if known else "unknown"] += 1
        return found.label if known else ""


def _asked_to_write(brief: Brief, max_tokens: int) -> Asked:
    sources = [passage.source for passage in brief.passages]
    sentence = _object({"source": _one_of(sources), "text": {"type": "string"}})
    schema = _object({"sentences": {"type": "array", "items": sentence}})
    return Asked(WRITER_RULES, brief_as_text(brief), "reply", schema, max_tokens)


def _asked_to_suggest(question: Question) -> Asked:
    schema = _object({"label": _one_of([*question.labels])})
    told = question_as_text(question)
    return Asked(SUGGESTER_RULES, told, "suggestion", schema, _MAX_LABEL_TOKENS)


def _one_of(values: Sequence[str]) -> JsonValue:
    return {"type": "string", "enum": [*values]}


def _object(properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
