"""Tables of what was said in tickets where no column says which side wrote: the firm's answers are known by whose tickets they are in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kits.support_triage._mail.reading import read_mail
from kits.support_triage._reading.talks import Talks
from tests.support_triage.mail_tables import rows
from tests.support_triage.triage import put, read_all, told

HEAD = ["ticket_id", "author_email", "created_at", "body", "category"]
Names = Callable[[int], str]


def customer(n: int) -> str:
    return f"c{n % 25}@mail{n % 25 % 4}.example"


def agent(n: int) -> str:
    return f"a{n % 3}@firm.example"


def said(asks: Names = customer, answers: Names = agent, opens: Names | None = None) -> list[list[str]]:  # fmt: skip
    """Two lines of each of sixty tickets."""
    lines = []
    for n in range(60):
        first = [str(n), (opens or asks)(n), f"2025-02-{n % 28 + 1:02} 09:00", f"shopper: pump {n} does not start"]  # fmt: skip
        second = [str(n), answers(n), f"2025-02-{n % 28 + 1:02} 11:00", f"clerk: turn the screw {n} to the left"]  # fmt: skip
        lines += [[*line, f"c{n % 3}"] for line in (first, second)]
    return lines


def table(lines: list[list[str]], head: list[str] = HEAD) -> str:
    return rows(head, *lines)


def bodies(folder: Path) -> tuple[list[str], str, str]:
    samples, findings = read_all(folder)
    texts = [read_mail(sample.content).body for sample in samples]
    return texts, told(findings, "mails-passed-over"), told(findings, "writers-unknown")


@pytest.mark.parametrize(
    ("asks", "answers"),
    [
        (customer, agent),
        (lambda n: customer(n).split("@")[0], lambda n: agent(n).split("@")[0]),
        (lambda n: f"c{n % 25}@firm.example", agent),  # a help desk for colleagues
        (lambda n: "it@large.example" if n % 2 else customer(n), agent),
        (customer, lambda n: "support@firm.example"),
    ],
)
def test_who_answers_in_tickets_of_others_is_the_firm(
    tmp_path: Path, asks: Names, answers: Names
) -> None:
    put(tmp_path / "comments.csv", table(said(asks, answers)))
    texts, passed, unknown = bodies(tmp_path)
    assert len(texts) == 60
    assert all(text.startswith("shopper") for text in texts)
    assert "60 rows were written by the firm, as far as 'author_email' tells" in passed
    assert not unknown


@pytest.mark.parametrize(
    "head",
    [
        ["Issue key", "Author", "Created", "Comment", "Component"],
        ["Número de ticket", "Autor", "Fecha de creación", "Comentario", "Categoría"],
        ["N° ticket", "Auteur", "Date", "Message", "Catégorie"],
        ["Ticket-Nr.", "Erstellt von", "Erstellt am", "Beschreibung", "Kategorie"],
        ["ticket_id", "user_id", "created_at", "message", "category"],
    ],
)
def test_columns_of_tickets_and_authors_are_known_by_many_names(
    tmp_path: Path, head: list[str]
) -> None:
    lines = [[line[0], line[1][:2], *line[2:]] for line in said()]
    texts, passed, _ = bodies(put(tmp_path / "c.csv", table(lines, head)))
    assert len(texts) == 60
    assert f"as far as {head[1]!r} tells" in passed


def test_the_newest_first_on_days_without_hours_is_read_from_its_end(tmp_path: Path) -> None:
    lines = [[*line[:2], line[2][:10], *line[3:]] for line in said()]
    put(tmp_path / "comments.csv", table(sorted(lines, key=lambda line: line[2])[::-1]))
    texts, _, _ = bodies(tmp_path)
    assert len(texts) == 60
    assert all(text.startswith("shopper") for text in texts)


def test_customers_whose_tickets_the_firm_opens_too_are_not_the_firm(tmp_path: Path) -> None:
    lines = said(opens=lambda n: agent(n) if n % 5 < 2 else customer(n))
    thanks = [[str(n), customer(n), "2025-03-30", f"shopper: thanks for pump {n}", f"c{n % 3}"] for n in range(60)]  # fmt: skip
    texts, _, _ = bodies(put(tmp_path / "c.csv", table([*lines, *thanks])))
    assert sum("thanks" in text for text in texts) == 60
    assert not any(text.startswith("clerk") for text in texts)


def test_colleagues_of_a_customer_are_not_the_firm() -> None:
    talks = Talks()
    for n in range(60):
        home = f"@large{n % 3}.example"
        for order, who in enumerate((f"c{n}{home}", f"a{n % 2}@firm.example", f"boss{home}")):
            talks.hear(str(n), who, (0.0, order), {})
    assert talks.firm() == {"a0@firm.example", "a1@firm.example"}


@pytest.mark.parametrize(
    ("asks", "answers"),
    [
        (lambda n: f"p{n}", lambda n: f"q{n}"),
        (lambda n: "Anonymous", lambda n: "Anonymous"),
        (agent, customer),  # what was asked stands elsewhere: the firm's are the first messages
    ],
)
def test_nothing_is_left_out_where_it_cannot_be_told_and_it_is_said(
    tmp_path: Path, asks: Names, answers: Names
) -> None:
    texts, passed, unknown = bodies(put(tmp_path / "c.csv", table(said(asks, answers))))
    assert len(texts) == 120
    assert not passed
    assert "all were read as customers' mails" in unknown


@pytest.mark.parametrize(
    "lines",
    [said()[::2], [line for line in said(answers=customer) if line[3]]],
    ids=["one a ticket", "customers alone"],
)
def test_tables_of_customers_alone_are_read_without_a_word(
    tmp_path: Path, lines: list[list[str]]
) -> None:
    texts, passed, unknown = bodies(put(tmp_path / "c.csv", table(lines)))
    assert (len(texts), passed, unknown) == (len(lines), "", "")


def test_an_issue_in_words_is_no_ticket(tmp_path: Path) -> None:
    lines = [[f"trouble with {'abcdefghijkl'[n % 12]}", *line[3:]] for n, line in enumerate(said())]
    put(tmp_path / "c.csv", table(lines, ["issue", "narrative", "category"]))
    assert bodies(tmp_path)[1:] == ("", "")


@pytest.mark.parametrize("own", ["a0@firm.example, a1@firm.example, A2@Firm.example", "q"])
def test_own_addresses_and_names_are_left_out_of_tables(tmp_path: Path, own: str) -> None:
    answers = agent if "@" in own else lambda n: "Q"
    put(tmp_path / "mails.yaml", f"own_addresses: [{own}]")
    lines = [line[1:] for line in said(lambda n: f"p{n}@x.example", answers)]
    put(tmp_path / "c.csv", table(lines, ["from", *HEAD[2:]]))
    texts, passed, _ = bodies(tmp_path)
    assert len(texts) == 60
    assert "60 rows were written by the firm, as own_addresses says" in passed


def test_a_column_of_authors_that_is_ignored_leaves_out_nothing(tmp_path: Path) -> None:
    put(tmp_path / "mails.yaml", "ignore: [author_email]")
    put(tmp_path / "c.csv", table(said()))
    texts, passed, unknown = bodies(tmp_path)
    assert (len(texts), passed, unknown) == (120, "", "")


def test_the_first_message_is_that_of_who_asked_as_the_table_of_tickets_says(
    tmp_path: Path,
) -> None:
    lines = [[n, who[:2], at, body] for n, who, at, body, _ in said(answers=customer, opens=agent)]
    lines = [[*line[:3], line[3].replace("clerk", "asked")] for line in lines]
    asked = [[str(n), customer(n)[:2], f"c{n % 3}"] for n in range(60)]
    put(tmp_path / "tickets.csv", rows(["id", "requester_id", "category"], *asked))
    put(tmp_path / "comments.csv", rows(["ticket_id", "author_id", "created_at", "body"], *lines))
    texts, _, unknown = bodies(tmp_path)
    assert len(texts) == 60
    assert all(text.startswith("asked") for text in texts)
    assert not unknown


def test_who_wrote_is_no_intent(tmp_path: Path) -> None:
    lines = [line[:4] for line in said(agent, lambda n: "b")]
    _, findings = read_all(put(tmp_path / "c.csv", rows(HEAD[:4], *lines)))
    assert "no column was taken for the intent" in told(findings, "no-labels")


def test_of_many_tickets_an_even_part_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kits.support_triage._reading.talks.MOST_TICKETS", 40)
    talks = Talks()
    for number, line in enumerate(said()):
        talks.hear(line[0], line[1], (0.0, number), {})
    assert talks.step == 2
    assert talks.firm() == {agent(n) for n in range(3)}
