"""Columns of how urgent a mail is: their names and words in the languages of those who write them, and what is said of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support_triage.mail_tables import rows
from tests.support_triage.triage import level_of, put, read_all, told


def table(column: str, words: list[str], count: int = 40) -> str:
    lines = ([f"the pump number {n} does not start", "ab"[n % 2], words[n % len(words)]] for n in range(count))  # fmt: skip
    return rows(["message", "category", column], *lines)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("Priorité", ["Basse", "Moyenne", "Élevée", "Urgente"]),
        ("Prioridad", ["Bajo", "Medio", "Alto", "Crítico"]),
        ("Urgencia", ["baja", "media", "alta", "critica"]),
        ("Priorità", ["Bassa", "Normale", "Alta", "Urgente"]),
        ("Urgenza", ["basso", "medio", "alto", "critico"]),
        ("Prioriteit", ["Laag", "Normaal", "Hoog", "Urgent"]),
        ("Priorytet", ["Niski", "Średni", "Wysoki", "Krytyczny"]),
        ("Приоритет", ["Низкий", "Средний", "Высокий", "Критический"]),
        ("优先级", ["低", "中", "高", "紧急"]),
        ("Severity", ["SEV4", "SEV3", "Sev 2", "S1"]),
        ("Wichtigkeit", ["niedrig", "normal", "hoch", "sofort"]),
    ],
)
def test_urgency_is_read_in_many_languages(tmp_path: Path, column: str, words: list[str]) -> None:
    samples, findings = read_all(put(tmp_path / "t.csv", table(column, words)))
    assert f"urgency={column}" in told(findings, "columns")
    assert [level_of(sample, "urgency") for sample in samples[:4]] == [1, 2, 3, 4]
    assert not told(findings, "urgency-unknown")


@pytest.mark.parametrize(
    ("words", "lost"),
    [
        (["green", "amber", "red"], 40),
        (["low", "high"] * 7 + ["showstopper"], 2),
    ],
)
def test_words_that_are_not_known_are_told_and_can_be_stated(
    tmp_path: Path, words: list[str], lost: int
) -> None:
    put(tmp_path / "t.csv", table("Priority", words))
    _, findings = read_all(tmp_path)
    text = told(findings, "urgency-unknown")
    assert f"{lost} rows of t.csv have no urgency" in text
    assert words[-1] in text
    levels = ", ".join(f"{word}: {n}" for n, word in enumerate(dict.fromkeys(words)))
    put(tmp_path / "mails.yaml", f"columns: {{urgency: Priority}}\nurgency: {{{levels}}}")
    samples, findings = read_all(tmp_path)
    assert all(level_of(sample, "urgency") is not None for sample in samples)
    assert not told(findings, "urgency-unknown")


@pytest.mark.parametrize("column", ["Priority", "Importance of pumps"])
def test_columns_that_are_empty_or_called_otherwise_are_not_asked_for(
    tmp_path: Path, column: str
) -> None:
    words = [""] if column == "Priority" else ["green", "red"]
    _, findings = read_all(put(tmp_path / "t.csv", table(column, words)))
    assert not told(findings, "urgency-unknown")
