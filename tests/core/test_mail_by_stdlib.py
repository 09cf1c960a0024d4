"""Mails that Python's own library writes are read as they were meant: a second opinion on the format."""

from __future__ import annotations

import email
import random
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from kits.core.mail.message import read_message

WORDS = [
    "Größe",
    "order",
    "4711",
    "naïve",
    "€5",
    "страница",
    "注文",
    "طلب",
    "plain",
    '"quoted"',
    "a,b;c",
    "<tag>",
    "&",
    "ümlaut_underscore",
]
CHARSETS = {
    "utf-8": "Größe – 5 € страница 注文",
    "iso-8859-1": "Größe déjà vu",
    "iso-8859-15": "Größe 5 €",
    "koi8-r": "страница заказа",
    "iso-2022-jp": "注文はどこですか",
    "big5": "我的訂單在哪裡",
    "euc-kr": "주문은 어디",
}


def _words(random_: random.Random, most: int) -> str:
    return " ".join(random_.choices(WORDS, k=random_.randrange(1, most)))


@pytest.mark.parametrize("seed", range(60))
def test_a_written_mail_is_read_as_it_was_meant(seed: int) -> None:
    random_ = random.Random(seed)
    mail = EmailMessage(policy=SMTP)
    name = _words(random_, 5)
    mail["Subject"] = _words(random_, 30)
    mail["From"] = Address(name, "jo", "example.com")
    mail["To"] = ", ".join(f"a{number}@example.com" for number in range(random_.randrange(1, 30)))
    mail["References"] = " ".join(f"<{number}@example.com>" for number in range(20))
    charset, letters = random_.choice(list(CHARSETS.items()))
    body = "\n".join(f"{number} {letters}" for number in range(random_.randrange(1, 40))) + "\n"
    transfer = random_.choice(["base64", "quoted-printable"])
    mail.set_content(body, charset=charset, cte=transfer)
    if rich := random_.random() < 0.5:
        mail.add_alternative(f"<p>{letters}</p>", subtype="html", charset=charset, cte=transfer)
    files = [
        (
            f"{_words(random_, 3).replace('/', '_')}.bin",
            random_.randbytes(random_.randrange(1, 5000)),
        )
        for _ in range(random_.randrange(4))
    ]
    for file, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=file)

    read = read_message(mail.as_bytes())

    # the library loses a space between long encoded words, or doubles one: what it reads itself is what it wrote
    written = email.message_from_bytes(mail.as_bytes(), policy=SMTP)
    assert read.subject.split() == written["Subject"].split()
    assert (read.sender, read.sender_name) == ("jo@example.com", name)
    assert len(read.to) == mail["To"].count("@")
    assert len(read.references) == 20
    assert read.plain == body
    assert read.html.strip() == (f"<p>{letters}</p>" if rich else "")
    assert [(one.name, one.size) for one in read.attachments] == [
        (file, len(content)) for file, content in files
    ]
    assert read.complaints == ()
