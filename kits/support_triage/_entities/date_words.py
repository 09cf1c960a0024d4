"""The words of dates in twelve languages: months, weekdays, relative days. Data only."""

from __future__ import annotations

from collections.abc import Mapping

from kits.support_triage._entities.text import listed

_MONTHS = """
en january february march april may june july august september october november december
en jan feb mar apr may jun jul aug sep oct nov dec
en - - - - - - - - sept - - -
de januar februar märz april mai juni juli august september oktober november dezember
de jän feber maerz - - - - - - okt - dez
de jänner - mär - - - - - - - - -
fr janvier février mars avril mai juin juillet août septembre octobre novembre décembre
fr janv févr - avr - - juil aout - - - déc
fr - fevrier - - - - - - - - - decembre
es enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
es ene - - abr - - - ago setiembre - - dic
it gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
it gen - - - mag giu lug - set ott - -
pt janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
pt - fev marco - - - - - - out - -
nl januari februari maart april mei juni juli augustus september oktober november december
nl - - mrt - - - - - - - - -
pl stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
pl styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień
sv januari februari mars april maj juni juli augusti september oktober november december
da januar februar marts april maj juni juli august september oktober november december
cs ledna února března dubna května června července srpna září října listopadu prosince
cs leden únor březen duben květen červen červenec srpen - říjen - prosinec
tr ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
"""

_WEEKDAYS = """
en monday tuesday wednesday thursday friday saturday sunday
de montag dienstag mittwoch donnerstag freitag samstag sonntag
de - - - - - sonnabend -
fr lundi mardi mercredi jeudi vendredi samedi dimanche
es lunes martes miércoles jueves viernes sábado domingo
es - - miercoles - - - -
it lunedì martedì mercoledì giovedì venerdì sabato domenica
nl maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
pl poniedziałek wtorek środa czwartek piątek sobota niedziela
pl - - środę - - sobotę niedzielę
sv måndag tisdag onsdag torsdag fredag lördag söndag
da mandag tirsdag - - fredag lørdag søndag
cs pondělí úterý středa čtvrtek pátek - neděle
cs - - středu - - sobotu neděli
tr pazartesi salı çarşamba perşembe cuma cumartesi pazar
"""


def _numbered(rows: str) -> dict[str, int]:
    table: dict[str, int] = {}
    for row in rows.strip().splitlines():
        for number, word in enumerate(row.split()[1:], start=1):
            if word != "-":
                table.setdefault(word, number)
    return table


MONTHS: Mapping[str, int] = _numbered(_MONTHS)
"""Lower-case month → 1 … 12."""

WEEKDAYS: Mapping[str, int] = _numbered(_WEEKDAYS)
"""Lower-case weekday → 1 (Monday) … 7. Portuguese weekdays are ordinals and left out."""

RELATIVE: Mapping[str, int] = {
    **dict.fromkeys(
        listed(
            "today;heute;aujourd'hui;hoy;oggi;hoje;vandaag;dzisiaj;dziś;idag;i dag;dnes;bugün", ";"
        ),
        0,
    ),
    **dict.fromkeys(
        listed(
            "yesterday;gestern;hier soir;ayer;ieri;ontem;gisteren;wczoraj;igår;i går;včera;dün", ";"
        ),
        -1,
    ),
    **dict.fromkeys(
        listed(
            "tomorrow;demain;domani;amanhã;morgen früh;jutro;imorgon;i morgon;i morgen;zítra;yarın",
            ";",
        ),
        1,
    ),
    **dict.fromkeys(
        listed(
            "day before yesterday;vorgestern;avant-hier;anteayer;l'altro ieri;anteontem;eergisteren;"
            "przedwczoraj;i förrgår;i forgårs;předevčírem;evvelsi gün",
            ";",
        ),
        -2,
    ),
    **dict.fromkeys(
        listed(
            "day after tomorrow;übermorgen;après-demain;pasado mañana;dopodomani;depois de amanhã;"
            "overmorgen;pojutrze;i övermorgon;i overmorgen;pozítří",
            ";",
        ),
        2,
    ),
}
"""Phrase → days from the day the mail was written. `morgen`, `mañana` and `hier` alone mean other things too."""

UNITS: Mapping[str, int] = {
    **dict.fromkeys(
        listed(
            "day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen dagar dage dni "
            "dzień dnů dny gün"
        ),
        1,
    ),
    **dict.fromkeys(
        listed(
            "week weeks woche wochen semaine semaines semana semanas settimana settimane weken vecka "
            "veckor uge uger tydzień tygodnie tygodni týden týdny týdnů hafta"
        ),
        7,
    ),
}
"""Unit → days."""

AGO_BEFORE = frozenset(
    {("vor",), ("il", "y", "a"), ("hace",), ("há",), ("för",), ("for",), ("před",)}
)
"""Words before `3 days` that make it past; `för` and `for` need their second half after it."""

AGO_AFTER = frozenset({"ago", "fa", "geleden", "temu", "sedan", "siden", "önce", "atrás"})

NUMBERS: Mapping[str, int] = {
    word: number
    for number, row in enumerate(
        (
            "one a ein einem einer eine un une uno una um uma een jeden en ett",
            "two zwei deux dos due dois duas twee dwa två to dva iki",
            "three drei trois tres tre três drie trzy tři üç",
            "four vier quatre cuatro quattro quatro cztery fyra fire čtyři dört",
            "five fünf cinq cinco cinque vijf pięć fem pět beş",
            "six sechs seis sei zes sześć sex seks šest altı",
            "seven sieben sept siete sette sete zeven siedem sju syv sedm yedi",
        ),
        start=1,
    )
    for word in row.split()
}
