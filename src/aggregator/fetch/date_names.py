"""The words in dates: months and weekdays in the languages that feeds are written in, and abbreviated time zones.

Everything is looked up in the form that `plain_word` gives: small letters without accents.
"""

from __future__ import annotations

import unicodedata

_MONTHS = {
    1: """january jan januar jan janvier janv janeiro enero ene gennaio genn gen januari styczeń stycznia sty stycz
        января январь янв січня січ januára január leden ledna led tammikuu tammikuuta tammi ocak oca ianuarie ian
        ιανουαρίου ιαν januárja gener януари يناير""",
    2: """february feb febr februar février févr fév fevereiro fev febrero febbraio februari luty lutego lut февраля
        февраль фев февр лютого лют február februára únor února helmikuu helmikuuta helmi şubat şub februarie
        φεβρουαρίου φεβ února februárja februári febrer февруари فبراير""",
    3: """march mar märz mrz maerz mars março marzo mars maart mrt marzec marca marts март марта мар березня бер marec
        březen března bře maaliskuu maaliskuuta maalis mart martie μαρτίου μαρ μάρ március márc març مارس""",
    4: """april apr avril avr abril abr aprile kwiecień kwietnia kwi апреля апрель апр квітня кві apríl apríla duben
        dubna dub huhtikuu huhtikuuta huhti nisan nis aprilie απριλίου απρ április ápr април أبريل ابريل""",
    5: """may mai maio mayo maggio mag mei maj maja мая май травня тра máj mája květen května kvě toukokuu toukokuuta
        touko mayıs μαΐου μαϊ μάι május máj maig май مايو""",
    6: """june jun juni juin junho junio giugno giu czerwiec czerwca cze июня июнь июн червня чер jún júna červen června
        čvn kesäkuu kesäkuuta kesä haziran haz iunie iun ιουνίου ιουν június júni juny юни يونيو""",
    7: """july jul juli juillet juil julho julio luglio lug lipiec lipca lip июля июль июл липня лип júl júla červenec
        července čvc heinäkuu heinäkuuta heinä temmuz tem iulie iul ιουλίου ιουλ július júli juliol юли يوليو""",
    8: """august aug août aout agosto ago augustus augusti sierpień sierpnia sie августа август авг серпня сер augusta
        srpen srpna srp elokuu elokuuta elo ağustos ağu αυγούστου αυγ augusztus agost أغسطس اغسطس""",
    9: """september sep sept septembre setembro set septiembre settembre sett wrzesień września wrz сентября сентябрь
        сен сент вересня вер septembra září zář syyskuu syyskuuta syys eylül eyl septembrie σεπτεμβρίου σεπ szeptember
        szept setembre септември سبتمبر""",
    10: """october oct oktober okt octobre outubro out octubre ottobre ott październik października paź октября октябрь
        окт жовтня жов október októbra říjen října říj lokakuu lokakuuta loka ekim eki octombrie οκτωβρίου οκτ
        октомври أكتوبر اكتوبر""",
    11: """november nov novembre novembro noviembre listopad listopada lis ноября ноябрь ноя нояб листопада novembra
        marraskuu marraskuuta marras kasım kas noiembrie noi νοεμβρίου νοε ноември نوفمبر""",
    12: """december dec dez dezember décembre déc dezembro diciembre dic dicembre grudzień grudnia gru декабря декабрь
        дек грудня гру decembra prosinec prosince pro joulukuu joulukuuta joulu aralık ara decembrie δεκεμβρίου δεκ
        desember des desembre декември ديسمبر""",
}
"""Croatian is left out: its listopad is October, and everybody else's is November."""

_WEEKDAYS = """
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so
    lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim
    lunes martes miércoles jueves viernes sábado domingo mié jue vie sáb dom
    lunedì martedì mercoledì giovedì venerdì sabato domenica gio
    segunda terça quarta quinta sexta feira seg ter qua qui sex
    maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo
    poniedziałek wtorek środa czwartek piątek sobota niedziela pon pn wt śr czw pt sob nd niedz
    понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс нд
    måndag tisdag onsdag torsdag fredag lördag söndag mån tis ons tors fre lör sön
    mandag tirsdag lørdag søndag man tir tor lør søn
    maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai ti ke to pe la su
    pondělí úterý středa čtvrtek pátek neděle po út st čt pá ne
    pazartesi salı çarşamba perşembe cuma cumartesi pazar pzt sal çar per cum cmt paz
    δευτέρα τρίτη τετάρτη πέμπτη παρασκευή σάββατο κυριακή δευ τρι τετ πεμ παρ σαβ κυρ
"""

_FILLERS = "de del di den der the of at um uhr a as alle ore h kl klo om o godz в г года року at às le el il the anno"

_ZONES = {
    # The names of RFC 822 (section 5.1), others that mean one thing only, and some that keep silent about the summer:
    # et, ct, mt and pt are taken for the standard time.
    -10.0: "hst",
    -9.0: "akst",
    -8.0: "pst pt akdt",
    -7.0: "mst mt pdt",
    -6.0: "cst ct mdt",
    -5.0: "est et cdt",
    -4.0: "ast edt",
    -3.5: "nst",
    -3.0: "adt brt",
    -2.5: "ndt",
    0.0: "z ut utc gmt wet",
    1.0: "bst west cet mez met wat",
    2.0: "cest mesz mest eet sast cat",
    3.0: "eest msk eat trt",
    5.0: "pkt",
    7.0: "wib",
    8.0: "hkt sgt awst",
    9.0: "jst kst",
    9.5: "acst",
    10.0: "aest",
    10.5: "acdt",
    11.0: "aedt",
    12.0: "nzst",
    13.0: "nzdt",
}


def plain_word(text: str) -> str:
    """Return `text` in small letters, without accents, full-width forms or the like."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


MONTHS = {plain_word(word): number for number, words in _MONTHS.items() for word in words.split()}
"""Name or abbreviation → 1 to 12."""

WEEKDAYS = frozenset(plain_word(word) for word in _WEEKDAYS.split())
"""A weekday adds nothing to a date, and feeds often have a wrong one: it is passed over."""

FILLERS = frozenset(plain_word(word) for word in _FILLERS.split())
"""Words that stand in dates and say nothing."""

ZONE_HOURS = {name: hours for hours, names in _ZONES.items() for name in names.split()}
"""Abbreviation → hours east of Greenwich. What means different hours in different countries (IST) is not here."""
