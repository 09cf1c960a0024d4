"""The names of months in twenty-five languages, with the shortenings that programs write. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NAMES: Final = (
    "jan january januar jänner januari janvier janv enero ene gennaio gen janeiro styczeń stycznia sty leden ledna led január oca ocak"
    " ιανουάριος ιανουαρίου ιαν ianuarie ian tammikuu tammikuuta tammi januára januarja jaanuar janvāris janvārī sausio sausis януари яну январь января янв січень січня",
    "feb february februar feber februari février fevrier févr fév fev febrero febbraio fevereiro luty lutego lut únor února február şub şubat"
    " φεβρουάριος φεβρουαρίου φεβ februarie helmikuu helmikuuta helmi úno februára februarja veebruar februāris februārī vasario vasaris февруари февраль февраля фев лютий лютого febr",
    "mar march märz maerz mär mrz maart mrt mars marts marzo março marco marzec marca březen března március mart"
    " μάρτιος μαρτίου μαρ μάρ martie maaliskuu maaliskuuta maalis bře márc märts martā kovo kovas март марта мар березень березня",
    "apr april avril avr abril abr aprile kwiecień kwietnia kwi duben dubna április nis nisan"
    " απρίλιος απριλίου απρ aprilie huhtikuu huhtikuuta huhti dub apríl apríla aprila ápr aprill aprīlis aprīlī balandžio balandis април апр апрель апреля квітень квітня",
    "may mai mei maj mayo maggio mag maio maja květen května május máj mayıs"
    " μάιος μαΐου μάϊος μαΐ μάι μαι toukokuu toukokuuta touko kvě mája maijs maijā gegužės gegužė май мая травень травня",
    "jun june juni juin junio giugno giu junho czerwiec czerwca cze červen června június haz haziran"
    " ιούνιος ιουνίου ιουν ιούν iunie iun kesäkuu kesäkuuta kesä čvn jún júna junija juuni jūnijs jūnijā birželio birželis юни юн июнь июня июн червень червня",
    "jul july juli juillet juil julio luglio lug julho lipiec lipca lip červenec července július tem temmuz"
    " ιούλιος ιουλίου ιουλ ιούλ iulie iul heinäkuu heinäkuuta heinä čvc júl júla julija juuli jūlijs jūlijā liepos liepa юли юл июль июля июл липень липня",
    "aug august augusti augustus août aout aoû agosto ago sierpień sierpnia sie srpen srpna augusztus ağu ağustos"
    " αύγουστος αυγούστου αυγ αύγ elokuu elokuuta elo srp augusta avgust avgusta avg augusts augustā rugpjūčio rugpjūtis август авг августа серпень серпня",
    "sep sept september septembre septiembre setiembre settembre setembro set wrzesień września wrz září szeptember szept eyl eylül"
    " σεπτέμβριος σεπτεμβρίου σεπ σεπτ septembrie syyskuu syyskuuta syys zář septembra septembris septembrī rugsėjo rugsėjis септември сеп сентябрь сентября сен вересень вересня",
    "oct october oktober okt octobre octubre ottobre ott outubro out październik października paź říjen října október eki ekim"
    " οκτώβριος οκτωβρίου οκτ octombrie lokakuu lokakuuta loka říj októbra oktobra oktoober oktobris oktobrī spalio spalis октомври окт октябрь октября жовтень жовтня",
    "nov november novembre noviembre novembro listopad listopada lis kas kasım"
    " νοέμβριος νοεμβρίου νοε νοέ noiembrie noi marraskuu marraskuuta marras listopadu novembra novembris novembrī lapkričio lapkritis ноември ное ноябрь ноября ноя листопад листопада",
    "dec december dezember dez decembre décembre déc diciembre dicembre dic dezembro desember des grudzień grudnia gru prosinec prosince ara aralık"
    " δεκέμβριος δεκεμβρίου δεκ decembrie joulukuu joulukuuta joulu pro decembra detsember decembris decembrī gruodžio gruodis декември дек декабрь декабря грудень грудня",
)
MONTH_WORDS: Final[Mapping[str, int]] = {
    word: number for number, words in enumerate(_NAMES, start=1) for word in words.split()
}
"""Name in lower case → number of the month."""
