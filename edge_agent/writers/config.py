"""The part `source.writer` of `agent.yaml`: a language model behind an OpenAI-compatible address. Data only."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from kits.core.addresses import is_safe
from kits.core.section import Section


class WriterConfig(Section):
    """Who proposes replies, and may suggest intents. Off unless the section is there."""

    kind: Literal["openai"] = "openai"
    url: str = Field(
        max_length=2000,
        description="address up to /v1, as http://127.0.0.1:11434/v1 (Ollama, vLLM, …)",
    )
    model: str = Field(min_length=1, max_length=200, description="name of the model there")
    secret_env: str = Field("", description="environment variable with its key; empty: none")
    constraint: Literal["json_schema", "guided_json", "json_object"] = Field(
        "json_schema",
        description="how the form of the answer is forced: json_schema (OpenAI, vLLM, Ollama), guided_json (older"
        " vLLM), json_object (asked for only)",
    )
    max_tokens: int = Field(500, ge=16, le=4_096, description="longest answer, tokens")
    timeout_s: float = Field(60.0, gt=0, le=600, description="for one answer, seconds")
    suggests: bool = Field(
        False,
        description="also have it suggest an intent for each mail that goes to a person; it never decides",
    )
    suggest_timeout_s: float = Field(
        5.0, gt=0, le=60, description="for a suggestion, seconds; the next mail waits as long"
    )
    ca_file: Path | None = Field(None, description="PEM file of an authority of the firm's own")
    insecure: bool = Field(False, description="allow http:// beyond this machine")

    @model_validator(mode="after")
    def _usable_url(self) -> WriterConfig:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError("the url must begin with https:// or http://")
        if not self.insecure and not is_safe(self.url):
            raise ValueError("http:// would show customers' mails; insecure: true allows it")
        return self
