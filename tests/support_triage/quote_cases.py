"""Mails that quote, by language and program: what each program writes, and what is new in the mail.

Made up after what the programs write; names and addresses are invented. `CASES` is every combination,
`TRAPS` are mails in which a hasty rule loses something.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.support_triage.quote_languages import LANGUAGES, Language


@dataclass(frozen=True)
class Case:
    """A mail's plain text and what must be found as new in it (signatures of phones apart)."""

    name: str
    text: str
    new: str
    subject: str = "Re: 4711"


def _marked(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def _wrapped(line: str, width: int) -> str:
    """A line as programs wrap it: at the last space before `width`."""
    if len(line) <= width or " " not in line[:width]:
        return line
    cut = line.rindex(" ", 0, width)
    return f"{line[:cut]}\n{line[cut + 1 :]}"


def _of(code: str, words: Language) -> list[Case]:
    """Every program's way in one language."""
    answer, asked, marked = words.answer, words.asked, _marked(words.asked)
    made = {
        "gmail": f"{answer}\n\n{words.gmail}\n\n{marked}\n",
        "gmail, wrapped": f"{answer}\n\n{_wrapped(words.gmail, 50)}\n\n{marked}\n",
        "gmail, no marks": f"{answer}\n\n{words.gmail}\n\n{asked}\n",
        "apple mail": f"{answer}\n\n> {words.apple}\n> \n{marked}\n",
        "apple mail, no marks": f"{answer}\n\n{words.apple}\n\n{asked}\n",
        "thunderbird, below": f"{words.thunderbird}\n{marked}\n\n{answer}\n",
        "thunderbird, nested": f"{answer}\n\n{words.thunderbird}\n{_marked(words.apple)}\n{_marked(marked)}\n",
        "outlook": f"{answer}\n\n{words.outlook}\n\n{asked}\n",
        "outlook, ruled": f"{answer}\n\n________________________________\n{words.outlook}\n\n{asked}\n",
        "outlook, original": f"{answer}\n\n{words.original}\n{words.outlook}\n\n{asked}\n",
        "separator": f"{answer}\n\n{words.original}\n\n{asked}\n",
    }
    if words.phone:
        made["phone"] = f"{answer}\n\n{words.phone}\n\n{words.gmail}\n\n{marked}\n"
        made["phone, outlook"] = f"{answer}\n\n{words.phone}\n{words.outlook}\n\n{asked}\n"
    if words.yahoo:
        made["yahoo"] = f"{answer}\n\n    {words.yahoo}\n\n {asked}\n"
    return [Case(f"{code}: {program}", text, answer) for program, text in made.items()]


CASES = tuple(case for code, words in LANGUAGES.items() for case in _of(code, words))


_EN = LANGUAGES["en"]
TRAPS = (
    Case(
        "answers between quoted lines are kept",
        "Hi Jo,\n\nOn 12/03/2026 10:11, Jo Berg wrote:\n> Which size do you need?\n\nSize 42, order 10482231.\n\n"
        "> And which colour?\n\nBlue.\n",
        "Hi Jo,\n\nSize 42, order 10482231.\n\nBlue.",
    ),
    Case(
        "answers without blank lines are kept",
        "On 12/03/2026 10:11, Jo Berg wrote:\n> Which size do you need?\n42\n> When?\ntomorrow\n",
        "42\ntomorrow",
    ),
    Case(
        "a quoted line that was wrapped on the way is no answer",
        "Yes, please.\n\nOn 12/03/2026 10:11, Jo Berg wrote:\n"
        "> shall we send the missing part to the address in Berlin that you gave us last\nweek\n> or to another one?\n",
        "Yes, please.",
    ),
    Case(
        "a forwarded mail is content",
        "Please see below. Is that right?\n\n---------- Forwarded message ---------\nFrom: Jo Berg <jo@example.com>\n"
        "Date: Thu, Mar 12, 2026 at 10:11 AM\nSubject: Invoice 5512\nTo: <ann@example.org>\n\nInvoice 5512 is due.\n",
        "Please see below. Is that right?\n\n---------- Forwarded message ---------\nFrom: Jo Berg <jo@example.com>\n"
        "Date: Thu, Mar 12, 2026 at 10:11 AM\nSubject: Invoice 5512\nTo: <ann@example.org>\n\nInvoice 5512 is due.",
        "Fwd: Invoice 5512",
    ),
    Case(
        "what Outlook forwards below a header block is content",
        f"Bitte prüfen.\n\n{LANGUAGES['de'].outlook}\n\nRechnung 5512 ist fällig.\n",
        f"Bitte prüfen.\n\n{LANGUAGES['de'].outlook}\n\nRechnung 5512 ist fällig.",
        "WG: Rechnung 5512",
    ),
    Case(
        "what Apple Mail forwards is content",
        "FYI\n\n> Begin forwarded message:\n> \n> From: Jo Berg <jo@example.com>\n> Subject: Invoice 5512\n> \n"
        "> Invoice 5512 is due.\n",
        "FYI\n\nBegin forwarded message:\n\nFrom: Jo Berg <jo@example.com>\nSubject: Invoice 5512\n\nInvoice 5512 is due.",
        "Fwd: Invoice 5512",
    ),
    Case(
        "what a customer says of an own earlier mail is no quote",
        "On 3 March 2026 at 10:15 I wrote:\nplease cancel order 10482231.\nNobody answered.",
        "On 3 March 2026 at 10:15 I wrote:\nplease cancel order 10482231.\nNobody answered.",
    ),
    Case(
        "the same in German",
        "Am 3.3.2026 um 10:15 schrieb ich Ihnen:\nbitte stornieren Sie 10482231.\nBisher keine Antwort!",
        "Am 3.3.2026 um 10:15 schrieb ich Ihnen:\nbitte stornieren Sie 10482231.\nBisher keine Antwort!",
    ),
    Case(
        "what a colleague wrote is told, not quoted",
        "Your colleague Ann wrote on 12.03.2026:\nwe refund everything.\nWhere is my money?",
        "Your colleague Ann wrote on 12.03.2026:\nwe refund everything.\nWhere is my money?",
    ),
    Case(
        "one line with a mark is no quote",
        "My trouble:\n> 30 days have passed\nPlease help.",
        "My trouble:\n> 30 days have passed\nPlease help.",
    ),
    Case(
        "a form's fields are content",
        "From: Jo Berg <jo@example.com>\nSubject: Question\n\nMessage Body:\nDo you ship to Norway?",
        "From: Jo Berg <jo@example.com>\nSubject: Question\n\nMessage Body:\nDo you ship to Norway?",
    ),
    Case(
        "a header block whose lines were paragraphs is one",
        "Blue, please.\n\nFrom: Jo Berg\n\nSent: Thursday, March 12, 2026 10:11 AM\n\nTo: Ann\n\nSubject: Colour\n\n"
        "Which colour do you need?",
        "Blue, please.",
    ),
    Case(
        "below a header block a label is the quoted mail's",
        "Blue, please.\n\nFrom: Jo Berg\nSubject: Colour\nTo: Ann\n\nDate: soon\nWhich colour do you need?",
        "Blue, please.",
    ),
    Case(
        "a journey with blank lines is no header block",
        "I need a quote:\n\nFrom: Berlin\n\nTo: Munich\n\nDate: 12.03.2026 10:15\n\nHow much is it?",
        "I need a quote:\n\nFrom: Berlin\n\nTo: Munich\n\nDate: 12.03.2026 10:15\n\nHow much is it?",
    ),
    Case(
        "who wrote and a header block below, as Notes writes them",
        "Blau, bitte.\n\n-----Jo Berg <jo@example.com> schrieb: -----\nAn: ann@example.org\nVon: Jo Berg\nDatum: 12.03.2026 10:11\n"
        "Betreff: Farbe\n\nWelche Farbe?",
        "Blau, bitte.",
    ),
    Case(
        "a help desk's line ends what is new, in any language",
        "Blau, bitte.\n\n##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein -##\n\nWelche Farbe?",
        "Blau, bitte.",
    ),
    Case(
        "a journey is no header block",
        "I need a quote:\nFrom: Berlin\nTo: Munich\nDate: 12.03.2026\nHow much is it?",
        "I need a quote:\nFrom: Berlin\nTo: Munich\nDate: 12.03.2026\nHow much is it?",
    ),
    Case(
        "a line that ends with a colon is no introduction",
        "I ordered on 12.03.2026 at 10:11 these things:\n- lamp 10482231\n- bulb\nBoth are broken.",
        "I ordered on 12.03.2026 at 10:11 these things:\n- lamp 10482231\n- bulb\nBoth are broken.",
    ),
    Case(
        "dashes around a heading are no separator",
        "---- Problem ----\nThe lamp is dark.\n---- Order ----\n10482231",
        "---- Problem ----\nThe lamp is dark.\n---- Order ----\n10482231",
    ),
    Case(
        "the text above an introduction is not swallowed when no blank line is between",
        f"Thanks, all fine\n{_EN.gmail}\n> old\n> lines\n",
        "Thanks, all fine",
    ),
    Case(
        "an introduction over three lines",
        "Yes.\n\nOn Thu, Mar 12, 2026 at 10:11 AM Jo Berg\n<jo.berg@example.com>\nwrote:\n\n> old\n> lines\n",
        "Yes.",
    ),
    Case(
        "bold labels",
        "Yes.\n\n*From:* Jo Berg <jo@example.com>\n*Sent:* Thursday, March 12, 2026 10:11 AM\n*To:* Ann\n*Subject:* RE: 4711\n\nold",
        "Yes.",
    ),
    Case(
        "labels that begin with the date",
        'Ja.\n\nGesendet: Donnerstag, 12. März 2026 um 10:11 Uhr\nVon: "Jo Berg" <jo@example.com>\nAn: ann@example.org\n'
        "Betreff: Re: 4711\nalt\n",
        "Ja.",
    ),
    Case(
        "recipients over several lines",
        "Yes.\n\nFrom: Jo Berg <jo@example.com>\nSent: Thursday, March 12, 2026 10:11 AM\nTo: Ann Hill <ann@example.org>;\n"
        " Bob Dale <bob@example.org>;\n Cy Fox <cy@example.org>\nSubject: 4711\n\nold\n",
        "Yes.",
    ),
    Case(
        "a separator that says who wrote",
        "Yes.\n\n---- On Thu, 12 Mar 2026 10:11:12 +0100 Jo Berg <jo@example.com> wrote ----\n\nold\n",
        "Yes.",
    ),
    Case(
        "a separator above an introduction",
        "Yes.\n\n------- Original Message -------\nOn Thursday, March 12th, 2026 at 10:11 AM, Jo Berg <jo@example.com> wrote:\n\n> old\n",
        "Yes.",
    ),
    Case(
        "an answer below a separator with marked lines",
        "-----Original Message-----\nFrom: Jo Berg <jo@example.com>\nSent: Thursday, March 12, 2026 10:11 AM\nTo: Ann\nSubject: 4711\n\n"
        "> Which size?\n\n42, please.\n",
        "42, please.",
    ),
    Case(
        "a name and no date above marked lines",
        "Jo Berg wrote:\n> Which size?\n> And colour?\n\n42, blue.\n",
        "42, blue.",
    ),
    Case(
        "dashes around a name that wrote",
        "Yes.\n\n---- Jo Berg wrote ----\n\n> old\n> lines\n",
        "Yes.",
    ),
    Case(
        "an introduction that is broken inside its address",
        "Ja.\n\nAm Do., 12. März 2026, 10:11 schrieb Jo Berg <\njo.berg@example.com>:\n\n> alt\n> alt\n",
        "Ja.",
    ),
    Case(
        "an introduction right below the text, with what is quoted unmarked",
        "Ja\nPå 12 mars 2026 på 02:23:18, Jo Berg (jo@example.com) skrev:\n\ngammelt\n",
        "Ja",
    ),
    Case(
        "a header block with an address for answers",
        "Yes.\n\nFrom: jo@example.com\nReply-To: jo@example.com\nSent: Thu, 12 Mar 2026 10:11:12 +0000\nTo: ann@example.org\n"
        "Subject: 4711\n\nold\n",
        "Yes.",
    ),
    Case(
        "a header block of a mail without a subject",
        "Да.\n\nОт: Jo Berg (jo@example.com)\nОтправлено: четверг, 12 марта 2026 г. 15:05\nКому: Ann (ann@example.org)\n\nстарое\n",
        "Да.",
    ),
    Case(
        "a date and an address above marked lines",
        "Yes.\n2026/3/12 Jo Berg <jo@example.com>\n\n>  old\n",
        "Yes.",
    ),
    Case(
        "a mail that only quotes is read whole",
        "> My order 10482231\n> is missing.\n",
        "> My order 10482231\n> is missing.",
    ),
    Case(
        "old mail.ru introductions",
        "Да.\n\nЧетверг, 12 марта 2026, 10:11 +03:00 от Jo Berg <jo@example.com>:\n>Какой размер?\n>И цвет?\n",
        "Да.",
    ),
    Case(
        "traditional Chinese",
        "還沒收到10482231。\n\nJo Berg <jo.berg@example.com> 於 2026年3月12日 週四 上午10:11寫道：\n\n您好\n",
        "還沒收到10482231。",
    ),
)
"""Mails in which a hasty rule loses something, or keeps what is old."""
