"""Has a language model behind any OpenAI-compatible address choose sentences for a reply.

It sees a brief and nothing else: the thread without personal data, and passages. It has no tools, its answer has a
forced form, and temperature 0; what it says is a proposal, and nothing it says is believed. Whatever goes wrong, there
is no proposal, which is told once as an alert.
"""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from edge_agent.json_http import JsonApi
from edge_agent.log import warn
from edge_agent.sources.base import Alerts
from edge_agent.sources.secrets import password
from edge_agent.writers.config import WriterConfig
from kits.core.correspondence import WRITER_RULES, Brief, brief_as_text
from kits.core.errors import UnreachableError

ALERT = "writer-fails"
MAX_SENTENCES = 20
_MAX_BYTES = 1 << 18
_MAX_CHARS = 600


class _Sentence(BaseModel):
    model_config = ConfigDict(extra="ignore")

    source: str = Field(max_length=500, description="source of the passage it stands in")
    text: str = Field(max_length=_MAX_CHARS, description="the sentence, word for word")


class _Written(BaseModel):
    model_config = ConfigDict(extra="ignore")

    sentences: list[_Sentence] = Field(max_length=MAX_SENTENCES, description="in their order")


class OpenAiWriter:
    """A writer.

    Args:
        alerts: told when it begins to fail, and when it answers again.

    Attributes:
        counts: `asked`, `written`, `empty` and `failed`.

    Raises:
        ConfigError: the secret's environment variable is not set.
    """

    def __init__(self, config: WriterConfig, alerts: Alerts) -> None:
        secret = password(config.secret_env, "source.writer")
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._config = config
        self._alerts = alerts
        self._http = JsonApi(config.timeout_s, _MAX_BYTES, config.ca_file, headers)
        self._failing = False
        self.counts: Counter[str] = Counter()

    def write(self, brief: Brief) -> str:
        """One proposed sentence a paragraph; empty when there is none. Raises nothing."""
        self.counts["asked"] += 1
        try:
            sentences = self._ask(brief)
        except UnreachableError as error:
            self.counts["failed"] += 1
            warn("writer_failed", error=error.what)
            if not self._failing:
                self._alerts(ALERT, "warning", f"no proposals: {error.what}")
            self._failing = True
            return ""
        if self._failing:
            self._alerts(ALERT, "info", "the writer answers again")
        self._failing = False
        sources = {passage.source for passage in brief.passages}
        kept = [" ".join(s.text.split()) for s in sentences if s.source in sources]
        self.counts["written" if kept else "empty"] += 1
        return "\n\n".join(kept)

    def _ask(self, brief: Brief) -> list[_Sentence]:
        url = f"{self._config.url.rstrip('/')}/chat/completions"
        answer = self._http.call("POST", url, request_for(brief, self._config))
        if not 200 <= answer.status < 300:
            raise UnreachableError(f"answered {answer.status}")
        try:
            return _Written.model_validate_json(_content(answer.value)).sentences
        except ValidationError as error:
            raise UnreachableError("its answer does not have the form it was asked for") from error


def request_for(brief: Brief, config: WriterConfig) -> dict[str, JsonValue]:
    """The body of the call: no tools, nothing beyond the brief."""
    body: dict[str, JsonValue] = {
        "model": config.model,
        "messages": [
            {"role": "system", "content": WRITER_RULES},
            {"role": "user", "content": brief_as_text(brief)},
        ],
        "temperature": 0,
        "seed": 0,
        "n": 1,
        "max_tokens": config.max_tokens,
        "stream": False,
    }
    schema = _schema([passage.source for passage in brief.passages])
    if config.constraint == "json_schema":
        named: JsonValue = {"name": "reply", "strict": True, "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    elif config.constraint == "guided_json":
        body["guided_json"] = schema
    else:
        body["response_format"] = {"type": "json_object"}
    return body


def _schema(sources: list[str]) -> dict[str, JsonValue]:
    known: list[JsonValue] = [*sources]
    sentence: dict[str, JsonValue] = {
        "type": "object",
        "properties": {"source": {"type": "string", "enum": known}, "text": {"type": "string"}},
        "required": ["source", "text"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"sentences": {"type": "array", "items": sentence}},
        "required": ["sentences"],
        "additionalProperties": False,
    }


def _content(value: JsonValue) -> str:
    """The text of the first choice.

    Raises:
        UnreachableError: the answer is none of the API's.
    """
    try:
        content = value["choices"][0]["message"]["content"]  # type: ignore[index,call-overload]  # any JSON may come
    except (KeyError, IndexError, TypeError) as error:
        raise UnreachableError("its answer is none of an OpenAI-compatible API") from error
    if not isinstance(content, str):
        raise UnreachableError("its answer holds no text")
    return content
