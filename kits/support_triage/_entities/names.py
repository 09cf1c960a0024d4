"""People's names, found by what stands around them: greetings, closings, titles, introductions.

Only for taking them out of a text: a name that nothing announces stays. The words of twelve languages are data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kits.support_triage._entities.phrases import Phrases
from kits.support_triage._entities.text import Found, Text, Word, listed

_GREETINGS = (
    "hi;hello;dear;hey;good morning;good afternoon;good evening;hallo;liebe;lieber;guten tag;guten morgen;"
    "sehr geehrte;sehr geehrter;servus;moin;grüß gott;bonjour;bonsoir;cher;chère;salut;hola;estimado;estimada;"
    "querido;querida;buenos días;buenas tardes;ciao;gentile;egregio;buongiorno;buonasera;caro;cara;olá;"
    "prezado;prezada;bom dia;boa tarde;beste;geachte;hoi;goedemorgen;dag;cześć;dzień dobry;szanowny;szanowna;"
    "drogi;droga;hej;hejsan;bästa;kära;kære;goddag;dobrý den;ahoj;vážený;vážená;merhaba;selam;sayın"
)
_TITLES = (
    "mr;mrs;ms;miss;dr;prof;herr;herrn;frau;monsieur;madame;mme;mlle;señor;señora;sr;sra;signor;signora;sig;"
    "senhor;senhora;dhr;mevr;mevrouw;meneer;pan;pani;panu;herra;fru;hr;paní;bay;bayan"
)
_INTRODUCTIONS = (
    "my name is;mein name ist;ich heiße;ich heisse;je m'appelle;mon nom est;me llamo;mi nombre es;mi chiamo;"
    "il mio nome è;meu nome é;chamo-me;me chamo;mijn naam is;ik heet;nazywam się;mam na imię;jag heter;"
    "mitt namn är;jeg hedder;mit navn er;jmenuji se;benim adım;adım;under the name;in the name of;"
    "auf den namen;au nom de;a nombre de"
)
_CLOSINGS = (
    "kind regards;best regards;regards;warm regards;best wishes;sincerely;yours sincerely;yours faithfully;"
    "cheers;many thanks;thanks;thank you;best;yours;thanks in advance;danke;vielen dank;besten dank;herzlichen dank;"
    "mit besten grüßen;herzliche grüße;gruss;bien à toi;bonne journée;je vous remercie;merci beaucoup;muchas gracias;un cordial saludo;"
    "grazie mille;muito obrigado;muito obrigada;bedankt;dank u;z góry dziękuję;tusen tack;mange tak;děkuji předem;s přáním;"
    "mit freundlichen grüßen;mit freundlichen grüssen;"
    "freundliche grüße;viele grüße;beste grüße;liebe grüße;schöne grüße;mfg;vg;lg;gruß;grüße;cordialement;"
    "bien cordialement;salutations;bien à vous;merci;sincères salutations;saludos;saludos cordiales;"
    "un saludo;atentamente;gracias;cordiali saluti;distinti saluti;saluti;grazie;atenciosamente;"
    "cumprimentos;com os melhores cumprimentos;obrigado;obrigada;abraços;met vriendelijke groet;"
    "met vriendelijke groeten;vriendelijke groeten;groeten;groetjes;mvg;alvast bedankt;pozdrawiam;"
    "z poważaniem;z pozdrowieniami;dziękuję;med vänlig hälsning;med vänliga hälsningar;vänliga hälsningar;"
    "hälsningar;mvh;tack;med venlig hilsen;venlig hilsen;hilsen;tak;s pozdravem;děkuji;saygılarımla;"
    "saygılar;iyi günler;teşekkürler"
)
_TABLE: Mapping[str, str] = {
    **dict.fromkeys(_GREETINGS.split(";"), "greeting"),
    **dict.fromkeys(_TITLES.split(";"), "title"),
    **dict.fromkeys(_INTRODUCTIONS.split(";"), "introduction"),
    **dict.fromkeys(_CLOSINGS.split(";"), "closing"),
}
_AROUND = Phrases(_TABLE)
_TITLE_WORDS = frozenset(_TITLES.split(";"))
_NOBODY = frozenset(
    listed(
        "sir madam sirs team support customer service all everyone there everybody ladies gentlemen "
        "colleagues damen und herren kundenservice kundendienst zusammen sehr leute madame monsieur "
        "messieurs mesdames à tous équipe señores señor señora equipo a todos todas buenos signori "
        "spett le spettabile team tutti servizio senhores senhor senhora equipe equipa mensen "
        "allemaal heer mevrouw klantenservice państwo panie panowie zespole alla kundtjänst "
        "kundeservice team alle tým pane paní dámy yetkili ekip i we my the please can could is "
        "thanks thank just if when what why how this that it to for in on ich wir bitte je nous yo io"
    )
)
_LIMIT = 3
_MARKS = " ,.!-–*_\t\r\n"
_SHORT_LINE = 40
"""Characters that may follow a closing on its line."""
_GAP = 12
"""Spaces, marks and empty lines between a closing and the name."""
_CONNECT = frozenset(listed("van von de der den di da del la le zu dos das du ter ten"))


def names(text: Text) -> Iterator[Found]:
    """Names of people that a greeting, a title, an introduction or a closing announces."""
    for hit in _AROUND.find(text):
        found: Found | None
        if hit.value == "closing":
            found = _after_closing(text, hit.first, hit.last)
        elif hit.value == "greeting":
            found = _run(text, hit.last, 0.75) if _begins_line(text, hit.first) else None
        else:
            found = _run(text, hit.last, 0.85)
        if found is not None:
            yield found


def _begins_line(text: Text, first: int) -> bool:
    start = text.words[first].start
    head = text.raw[max(0, start - 40) : start]
    return not head.rsplit("\n", 1)[-1].strip(" \t*>\"'.,!¡")


def _run(text: Text, first: int, confidence: float) -> Found | None:
    """A name from word `first` on, on one line; titles are stepped over."""
    words = text.words
    while first < len(words) and words[first].folded in _TITLE_WORDS:
        first += 1
    last = first
    while last < len(words) and last - first < _LIMIT + 1 and _continues(text, first, last):
        last += 1
    while last > first and words[last - 1].folded in _CONNECT:
        last -= 1
    if last == first:
        return None
    return Found(words[first].start, words[last - 1].end, "name", confidence)


def _continues(text: Text, first: int, at: int) -> bool:
    word = text.words[at]
    gap = text.raw[text.words[at - 1].end : word.start] if at else ""
    allowed = " .\u00a0" if at == first else " -'’.\u00a0"
    if any(c not in allowed for c in gap) or (
        at > first and "." in gap and _long(text.words[at - 1])
    ):
        return False
    if at > first and word.folded in _CONNECT:
        return True
    return text.raw[word.start].isupper() and word.folded not in _NOBODY and word.folded.isalpha()


def _long(word: Word) -> bool:
    return word.end - word.start > 2


def _after_closing(text: Text, first: int, last: int) -> Found | None:
    """The name after a closing's comma, or on the line below; a few more words may follow the closing on its own line."""
    raw, words = text.raw, text.words
    if not _begins_line(text, first):
        return None
    after = words[last - 1].end
    line_end = raw.find("\n", after)
    rest = raw[after : line_end if line_end >= 0 else len(raw)]
    said = rest.strip(_MARKS)
    if said and rest.startswith(","):
        return _name_in(raw, after)
    if line_end < 0 or len(said) > _SHORT_LINE or any(mark in said for mark in ".?:;"):
        return None
    return _name_in(raw, line_end)


def _name_in(raw: str, start: int) -> Found | None:
    """The first line from `start` on that has letters, if it can be a name."""
    begin = start
    while begin < len(raw) and begin - start <= _GAP and raw[begin] in _MARKS:
        begin += 1
    end = raw.find("\n", begin)
    name = raw[begin : end if end >= 0 else len(raw)].rstrip(_MARKS)
    return Found(begin, begin + len(name), "name", 0.8) if _looks_like_a_name(name) else None


def _looks_like_a_name(line: str) -> bool:
    tokens = line.split()
    if (
        not 1 <= len(tokens) <= 4
        or len(line) > 50
        or any(c.isdigit() or c in "@:/!?" for c in line)
    ):
        return False
    if any(token.lower() in _NOBODY for token in tokens):
        return False
    return all(token[0].isupper() or token.lower() in _CONNECT for token in tokens)
