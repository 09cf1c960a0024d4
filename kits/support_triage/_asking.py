"""What a language model outside this process may see of a mail: its new text without personal data, and the labels.

Pure. Whether anybody is asked, and what becomes of the answer, is the agent's; nothing that is said there decides.
"""

from __future__ import annotations

from collections.abc import Mapping

from kits.core.correspondence import Question
from kits.core.prediction import Prediction
from kits.support_triage._entities.extractor import Extractor
from kits.support_triage._entities.privacy import personal_spans, redact
from kits.support_triage._mail.reading import Reading

MAX_CHARS = 4_000
"""Characters of a mail that are told."""


def without_personal_data(reading: Reading, extractor: Extractor) -> str:
    """The text of a mail, with placeholders in place of what tells who wrote it."""
    names = (reading.message.sender_name,)
    spans = personal_spans(reading.text, extractor, reading.language, names)
    return redact(reading.text, spans).text


def question_of(
    reading: Reading, prediction: Prediction, labels: Mapping[str, str], extractor: Extractor
) -> Question | None:
    """What may be asked about a mail.

    Args:
        labels: each with what it is about, which may be empty.

    Returns:
        None when a machine wrote the mail, it holds no text, or there is nothing to choose from.
    """
    if prediction.details.get("automatic") or not reading.text.strip() or len(labels) < 2:
        return None
    return Question(without_personal_data(reading, extractor)[:MAX_CHARS], dict(labels))
