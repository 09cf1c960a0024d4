"""One use of a language model behind an OpenAI-compatible address: a question of a forced form, seldom and patiently.

Responsible for the call, for a pause after failures and for telling about them once. It has no tools and temperature 0;
what is asked, and what the answer is worth, is the business of who asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from edge_agent.json_http import JsonApi
from edge_agent.log import warn
from edge_agent.sources.secrets import password
from edge_agent.writers.config import WriterConfig
from kits.core.errors import UnreachableError

T = TypeVar("T")
_MAX_BYTES = 1 << 18
_FAILURES = 3
_PAUSE_S = 60.0
_LONGEST_PAUSE_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model is asked.

    Attributes:
        rules: what it is told to do.
        told: what it is to do that with.
        name, schema: of the form of its answer.
        max_tokens: of the answer.
    """

    rules: str
    told: str
    name: str
    schema: dict[str, JsonValue]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing while the model fails: words for when that begins and ends, and who is told.

    Attributes:
        tell: called with severity and text; severity `info`: it is over.
    """

    begins: str
    ends: str
    tell: Callable[[str, str], None]


class Chat:
    """Asks a model, unless it has just failed several times in a row.

    Args:
        timeout_s: for one answer, seconds.
        clock: monotonic seconds.

    Raises:
        ConfigError: the secret's environment variable is not set.
    """

    def __init__(
        self,
        config: WriterConfig,
        timeout_s: float,
        lack: Lack,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        secret = password(config.secret_env, "source.writer")
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._config = config
        self._lack = lack
        self._clock = clock
        self._http = JsonApi(timeout_s, _MAX_BYTES, config.ca_file, headers)
        self._failures = 0
        self._silent_until = float("-inf")

    @property
    def rests(self) -> bool:
        """Whether it is not asked now, because it failed."""
        return self._clock() < self._silent_until

    def ask(self, asked: Asked, read: Callable[[str], T]) -> T | None:
        """What was read of its answer; None when there is none. Raises nothing.

        Args:
            read: the answer → its meaning; raises ValidationError when it has not the form.
        """
        if self.rests:
            return None
        try:
            found = read(self._call(asked))
        except UnreachableError as error:
            self._failed(error.what)
            return None
        except ValidationError:
            self._failed("its answer does not have the form it was asked for")
            return None
        if self._failures:
            self._lack.tell("info", self._lack.ends)
        self._failures = 0
        return found

    def _call(self, asked: Asked) -> str:
        url = f"{self._config.url.rstrip('/')}/chat/completions"
        answer = self._http.call("POST", url, request_for(asked, self._config))
        if not 200 <= answer.status < 300:
            raise UnreachableError(f"answered {answer.status}")
        return _content(answer.value)

    def _failed(self, why: str) -> None:
        warn("writer_failed", lack=self._lack.begins, error=why)
        if not self._failures:
            self._lack.tell("warning", f"{self._lack.begins}: {why}")
        self._failures += 1
        if self._failures >= _FAILURES:
            longer = min(self._failures - _FAILURES, 10)
            self._silent_until = self._clock() + min(_PAUSE_S * 2**longer, _LONGEST_PAUSE_S)


def request_for(asked: Asked, config: WriterConfig) -> dict[str, JsonValue]:
    """The body of the call: no tools, nothing beyond what is asked."""
    body: dict[str, JsonValue] = {
        "model": config.model,
        "messages": [
            {"role": "system", "content": asked.rules},
            {"role": "user", "content": asked.told},
        ],
        "temperature": 0,
        "seed": 0,
        "n": 1,
        "max_tokens": asked.max_tokens,
        "stream": False,
    }
    if config.constraint == "json_schema":
        named: JsonValue = {"name": asked.name, "strict": True, "schema": asked.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    elif config.constraint == "guided_json":
        body["guided_json"] = asked.schema
    else:
        body["response_format"] = {"type": "json_object"}
    return body


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
