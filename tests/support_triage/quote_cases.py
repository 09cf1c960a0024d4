"""Mails that quote, by language and program: what each program writes, and what is new in the mail.

Made up after what the programs write; names and addresses are invented. `CASES` is every combination,
`TRAPS` are mails in which a hasty rule loses something.
"""

from __future__ import annotations

from dataclasses import dataclass

_J = "Jo Berg <jo.berg@example.com>"


@dataclass(frozen=True)
class Case:
    """A mail's plain text and what must be found as new in it (signatures of phones apart)."""

    name: str
    text: str
    new: str
    subject: str = "Re: 4711"


@dataclass(frozen=True)
class Language:
    """One language: what a customer answers, what was asked, how programs introduce it."""

    answer: str
    asked: str
    gmail: str
    apple: str
    thunderbird: str
    outlook: str
    original: str
    yahoo: str = ""
    phone: str = ""


LANGUAGES: dict[str, Language] = {
    "en": Language(
        "No, the parcel 10482231 has not arrived.\nWhat can I do?",
        "Dear customer,\ndid you receive your parcel?",
        f"On Thu, Mar 12, 2026 at 10:11 AM {_J} wrote:",
        f"On 12. Mar 2026, at 10:11, {_J} wrote:",
        "On 12/03/2026 10:11, Jo Berg wrote:",
        f"From: {_J}\nSent: Thursday, March 12, 2026 10:11 AM\nTo: Ann Hill <ann@example.org>\nSubject: 4711",
        "-----Original Message-----",
        "On Thursday, March 12, 2026 at 10:11:12 AM GMT+1, Jo Berg <jo.berg@example.com> wrote:",
        "Sent from my iPhone",
    ),
    "de": Language(
        "Nein, das Paket 10482231 ist nicht angekommen.\nWas kann ich tun?",
        "Guten Tag,\nhaben Sie Ihr Paket erhalten?",
        f"Am Do., 12. März 2026 um 10:11 Uhr schrieb {_J}:",
        f"Am 12.03.2026 um 10:11 schrieb {_J}:",
        "Am 12.03.26 um 10:11 schrieb Jo Berg:",
        f"Von: {_J}\nGesendet: Donnerstag, 12. März 2026 10:11\nAn: Ann Hill <ann@example.org>\nBetreff: 4711",
        "-----Ursprüngliche Nachricht-----",
        "Am Donnerstag, 12. März 2026 um 10:11:12 MEZ hat Jo Berg <jo.berg@example.com> Folgendes geschrieben:",
        "Von meinem iPhone gesendet",
    ),
    "fr": Language(
        "Non, le colis 10482231 n'est pas arrivé.\nQue puis-je faire ?",
        "Bonjour,\navez-vous reçu votre colis ?",
        f"Le jeu. 12 mars 2026 à 10:11, {_J} a écrit :",
        f"Le 12 mars 2026 à 10:11, {_J} a écrit :",
        "Le 12/03/2026 à 10:11, Jo Berg a écrit :",
        f"De : {_J}\nEnvoyé : jeudi 12 mars 2026 10:11\nÀ : Ann Hill <ann@example.org>\nObjet : 4711",
        "-----Message d'origine-----",
        "Le jeudi 12 mars 2026 à 10:11:12 UTC+1, Jo Berg <jo.berg@example.com> a écrit :",
        "Envoyé de mon iPhone",
    ),
    "es": Language(
        "No, el paquete 10482231 no ha llegado.\n¿Qué puedo hacer?",
        "Buenos días,\n¿ha recibido su paquete?",
        "El jue, 12 mar 2026 a las 10:11, Jo Berg (<jo.berg@example.com>) escribió:",
        f"El 12 mar 2026, a las 10:11, {_J} escribió:",
        "El 12/3/26 a las 10:11, Jo Berg escribió:",
        f"De: {_J}\nEnviado el: jueves, 12 de marzo de 2026 10:11\nPara: Ann Hill <ann@example.org>\nAsunto: 4711",
        "-----Mensaje original-----",
        "El jueves, 12 de marzo de 2026, 10:11:12 CET, Jo Berg <jo.berg@example.com> escribió:",
        "Enviado desde mi iPhone",
    ),
    "it": Language(
        "No, il pacco 10482231 non è arrivato.\nChe cosa posso fare?",
        "Buongiorno,\nha ricevuto il pacco?",
        f"Il giorno gio 12 mar 2026 alle ore 10:11 {_J} ha scritto:",
        f"Il giorno 12 mar 2026, alle ore 10:11, {_J} ha scritto:",
        "Il 12/03/2026 10:11, Jo Berg ha scritto:",
        f"Da: {_J}\nInviato: giovedì 12 marzo 2026 10:11\nA: Ann Hill <ann@example.org>\nOggetto: 4711",
        "-----Messaggio originale-----",
        "Il giovedì 12 marzo 2026 alle ore 10:11:12 CET, Jo Berg <jo.berg@example.com> ha scritto:",
        "Inviato da iPhone",
    ),
    "pt": Language(
        "Não, a encomenda 10482231 não chegou.\nO que posso fazer?",
        "Bom dia,\nrecebeu a sua encomenda?",
        f"Em qui., 12 de mar. de 2026 às 10:11, {_J} escreveu:",
        f"No dia 12/03/2026, às 10:11, {_J} escreveu:",
        "Às 10:11 de 12/03/2026, Jo Berg escreveu:",
        f"De: {_J}\nEnviado: 12 de março de 2026 10:11\nPara: Ann Hill <ann@example.org>\nAssunto: 4711",
        "-----Mensagem original-----",
        "Em quinta-feira, 12 de março de 2026 às 10:11:12 BRT, Jo Berg <jo.berg@example.com> escreveu:",
        "Enviado do meu iPhone",
    ),
    "nl": Language(
        "Nee, het pakket 10482231 is niet aangekomen.\nWat kan ik doen?",
        "Goedendag,\nhebt u uw pakket ontvangen?",
        f"Op do 12 mrt 2026 om 10:11 schreef {_J}:",
        f"Op 12 mrt. 2026 om 10:11 heeft {_J} het volgende geschreven:",
        "Op 12-03-2026 om 10:11 schreef Jo Berg:",
        f"Van: {_J}\nVerzonden: donderdag 12 maart 2026 10:11\nAan: Ann Hill <ann@example.org>\nOnderwerp: 4711",
        "-----Oorspronkelijk bericht-----",
        "Op donderdag 12 maart 2026 om 10:11:12 CET schreef Jo Berg <jo.berg@example.com>:",
        "Verstuurd vanaf mijn iPhone",
    ),
    "pl": Language(
        "Nie, paczka 10482231 nie dotarła.\nCo mogę zrobić?",
        "Dzień dobry,\nczy paczka dotarła?",
        f"czw., 12 mar 2026 o 10:11 {_J} napisał(a):",
        f"Wiadomość napisana przez {_J} w dniu 12 mar 2026, o godz. 10:11:",
        "W dniu 12.03.2026 o 10:11, Jo Berg pisze:",
        f"Od: {_J}\nWysłano: czwartek, 12 marca 2026 10:11\nDo: Ann Hill <ann@example.org>\nTemat: 4711",
        "-----Oryginalna wiadomość-----",
        phone="Wysłane z iPhone'a",
    ),
    "sv": Language(
        "Nej, paketet 10482231 har inte kommit.\nVad kan jag göra?",
        "God dag,\nhar ni fått ert paket?",
        f"Den tors 12 mars 2026 kl 10:11 skrev {_J}:",
        f"12 mars 2026 kl. 10:11 skrev {_J}:",
        "Den 2026-03-12 kl. 10:11, skrev Jo Berg:",
        f"Från: {_J}\nSkickat: den 12 mars 2026 10:11\nTill: Ann Hill <ann@example.org>\nÄmne: 4711",
        "-----Ursprungligt meddelande-----",
        phone="Skickat från min iPhone",
    ),
    "da": Language(
        "Nej, pakken 10482231 er ikke kommet.\nHvad kan jeg gøre?",
        "Goddag,\nhar De modtaget pakken?",
        f"Den tor. 12. mar. 2026 kl. 10.11 skrev {_J}:",
        f"Den 12. mar. 2026 kl. 10.11 skrev {_J}:",
        "Den 12.03.2026 kl. 10.11 skrev Jo Berg:",
        f"Fra: {_J}\nSendt: 12. marts 2026 10:11\nTil: Ann Hill <ann@example.org>\nEmne: 4711",
        "-----Oprindelig meddelelse-----",
        phone="Sendt fra min iPhone",
    ),
    "nb": Language(
        "Nei, pakken 10482231 har ikke kommet.\nHva kan jeg gjøre?",
        "God dag,\nhar du mottatt pakken?",
        f"tor. 12. mar. 2026 kl. 10:11 skrev {_J}:",
        f"12. mar. 2026 kl. 10:11 skrev {_J}:",
        "Jo Berg skrev 12.03.2026 10:11:",
        f"Fra: {_J}\nSendt: torsdag 12. mars 2026 10:11\nTil: Ann Hill <ann@example.org>\nEmne: 4711",
        "-----Opprinnelig melding-----",
        phone="Sendt fra min iPhone",
    ),
    "fi": Language(
        "Ei, paketti 10482231 ei ole saapunut.\nMitä voin tehdä?",
        "Hyvää päivää,\noletko saanut pakettisi?",
        "to 12. maalisk. 2026 klo 10.11 Jo Berg (jo.berg@example.com) kirjoitti:",
        f"{_J} kirjoitti 12.3.2026 kello 10.11:",
        "Jo Berg kirjoitti 12.3.2026 klo 10.11:",
        f"Lähettäjä: {_J}\nLähetetty: torstai 12. maaliskuuta 2026 10.11\nVastaanottaja: Ann Hill <ann@example.org>\nAihe: 4711",
        "-----Alkuperäinen viesti-----",
        phone="Lähetetty iPhonesta",
    ),
    "cs": Language(
        "Ne, balík 10482231 nedorazil.\nCo mohu dělat?",
        "Dobrý den,\ndostali jste balík?",
        f"čt 12. 3. 2026 v 10:11 odesílatel {_J} napsal:",
        f"12. 3. 2026 v 10:11, {_J}:",
        "Dne 12. 03. 26 v 10:11 Jo Berg napsal(a):",
        f"Od: {_J}\nOdesláno: čtvrtek 12. března 2026 10:11\nKomu: Ann Hill <ann@example.org>\nPředmět: 4711",
        "-----Původní zpráva-----",
        phone="Odesláno z iPhonu",
    ),
    "hu": Language(
        "Nem, a 10482231 csomag nem érkezett meg.\nMit tehetek?",
        "Jó napot,\nmegkapta a csomagját?",
        f"{_J} ezt írta (időpont: 2026. márc. 12., Cs, 10:11):",
        f"2026. márc. 12. dátummal, 10:11 időpontban {_J} írta:",
        "2026. 03. 12. 10:11 keltezéssel, Jo Berg írta:",
        f"Feladó: {_J}\nElküldve: 2026. március 12., csütörtök 10:11\nCímzett: Ann Hill <ann@example.org>\nTárgy: 4711",
        "-----Eredeti üzenet-----",
        phone="Az iPhone készülékemről küldve",
    ),
    "ro": Language(
        "Nu, coletul 10482231 nu a sosit.\nCe pot face?",
        "Bună ziua,\nați primit coletul?",
        f"În joi, 12 mar. 2026 la 10:11, {_J} a scris:",
        f"Pe 12 mar. 2026, la 10:11, {_J} a scris:",
        "Pe 12.03.2026 10:11, Jo Berg a scris:",
        f"De la: {_J}\nTrimis: joi, 12 martie 2026 10:11\nCătre: Ann Hill <ann@example.org>\nSubiect: 4711",
        "-----Mesaj original-----",
        phone="Trimis de pe iPhone-ul meu",
    ),
    "tr": Language(
        "Hayır, 10482231 numaralı paket gelmedi.\nNe yapabilirim?",
        "Merhaba,\npaketinizi aldınız mı?",
        f"{_J}, 12 Mar 2026 Per, 10:11 tarihinde şunu yazdı:",
        f"{_J} şunları yazdı (12 Mar 2026 10:11):",
        "12.03.2026 10:11 tarihinde Jo Berg yazdı:",
        f"Kimden: {_J}\nGönderildi: 12 Mart 2026 Perşembe 10:11\nKime: Ann Hill <ann@example.org>\nKonu: 4711",
        "-----Özgün İleti-----",
        phone="iPhone'umdan gönderildi",
    ),
    "ru": Language(
        "Нет, посылка 10482231 не пришла.\nЧто мне делать?",
        "Добрый день,\nвы получили посылку?",
        f"чт, 12 мар. 2026 г. в 10:11, {_J}:",
        f"12 марта 2026 г., в 10:11, {_J} написал(а):",
        "12.03.2026 10:11, Jo Berg пишет:",
        f"От: {_J}\nОтправлено: 12 марта 2026 г. 10:11\nКому: Ann Hill <ann@example.org>\nТема: 4711",
        "-----Исходное сообщение-----",
        phone="Отправлено с iPhone",
    ),
    "uk": Language(
        "Ні, посилка 10482231 не прийшла.\nЩо мені робити?",
        "Добрий день,\nви отримали посилку?",
        f"чт, 12 бер. 2026 р. о 10:11 {_J} пише:",
        f"12 бер. 2026 р. о 10:11 {_J} написав(-ла):",
        "12.03.26 10:11, Jo Berg пише:",
        f"Від: {_J}\nНадіслано: 12 березня 2026 р. 10:11\nКому: Ann Hill <ann@example.org>\nТема: 4711",
        "-----Початкове повідомлення-----",
        phone="Надіслано з iPhone",
    ),
    "el": Language(
        "Όχι, το δέμα 10482231 δεν έφτασε.\nΤι μπορώ να κάνω;",
        "Καλημέρα,\nλάβατε το δέμα σας;",
        f"Στις Πέμ 12 Μαρ 2026 στις 10:11 π.μ., ο χρήστης {_J} έγραψε:",
        f"Στις 12 Μαρ 2026, στις 10:11, ο/η {_J} έγραψε:",
        "Στις 12/3/2026 10:11, ο/η Jo Berg έγραψε:",
        f"Από: {_J}\nΣτάλθηκε: Πέμπτη, 12 Μαρτίου 2026 10:11\nΠρος: Ann Hill <ann@example.org>\nΘέμα: 4711",
        "-----Αρχικό μήνυμα-----",
        phone="Στάλθηκε από το iPhone μου",
    ),
    "ja": Language(
        "いいえ、荷物10482231は届いていません。\nどうすればいいですか？",
        "こんにちは。\n荷物は届きましたか？",
        f"2026年3月12日(木) 10:11 {_J}:",
        f"2026/03/12 10:11、{_J}のメール:",
        "On 2026/03/12 10:11, Jo Berg wrote:",
        f"差出人: {_J}\n送信日時: 2026年3月12日 10:11\n宛先: Ann Hill <ann@example.org>\n件名: 4711",
        "-----元のメッセージ-----",
        phone="iPhoneから送信",
    ),
    "zh": Language(
        "没有，包裹10482231还没到。\n我该怎么办？",
        "您好，\n您收到包裹了吗？",
        f"{_J} 于2026年3月12日周四 10:11写道：",
        f"2026年3月12日 10:11，{_J} 写道：",
        "在 2026/3/12 10:11, Jo Berg 写道:",
        f"发件人: {_J}\n发送时间: 2026年3月12日 10:11\n收件人: Ann Hill <ann@example.org>\n主题: 4711",
        "------------------ 原始邮件 ------------------",
        phone="发自我的iPhone",
    ),
    "ko": Language(
        "아니요, 소포 10482231이 도착하지 않았습니다.\n어떻게 해야 하나요?",
        "안녕하세요,\n소포를 받으셨습니까?",
        f"2026년 3월 12일 (목) 오전 10:11, {_J}님이 작성:",
        f"2026. 3. 12. 오전 10:11, {_J} 작성:",
        "2026-03-12 오전 10:11에 Jo Berg 이(가) 쓴 글:",
        f"보낸 사람: {_J}\n보낸 날짜: 2026년 3월 12일 목요일 오전 10:11\n받는 사람: Ann Hill <ann@example.org>\n제목: 4711",
        "-----원본 메시지-----",
        phone="나의 iPhone에서 보냄",
    ),
    "ar": Language(
        "لا، الطرد 10482231 لم يصل.\nماذا أفعل؟",
        "مرحبا،\nهل وصل الطرد؟",
        f"في الخميس، ١٢ مارس ٢٠٢٦ في ١٠:١١ ص تمت كتابة ما يلي بواسطة {_J}:",
        f"في ١٢ مارس ٢٠٢٦، الساعة ١٠:١١، كتب {_J}:",
        "في 12/03/2026 10:11، كتب Jo Berg:",
        f"من: {_J}\nتاريخ الإرسال: 12 مارس 2026 10:11\nإلى: Ann Hill <ann@example.org>\nالموضوع: 4711",
        "-----الرسالة الأصلية-----",
        phone="أُرسلت من الـ iPhone",
    ),
}


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
