"""Words people have for parts, in many languages: which class is that of good ones, which name says that a part is not."""

from __future__ import annotations

import re

from kits.core.column_names import plain

GOOD = "good"
DEFECT = "defect"
"""The class of a part of which only is known that it is not good."""


def _words(text: str) -> frozenset[str]:
    return frozenset(map(plain, text.split()))


_GOOD_WORDS = _words(
    "good ok okay perfect normal golden pass passed accept accepted approved io i.o. no-defect no-defects nodefect nodefects defect-free defectfree "
    "non-defective not-defective nondefective intact healthy flawless faultless gut gute gutteil gutteile fehlerfrei fehlerfreie in-ordnung "
    "einwandfrei freigegeben bestanden ohne-befund o.b. gutmuster bon bons bonne bonnes conforme conformes accepté acceptée sain saine bueno buenos buena buenas correcto correctos "
    "correcta correctas aprobado aprobados buono buoni buona buone conformi accettato accettati bom bons boa boas aprovado aprovados goed goede "
    "goedgekeurd godkänd godkända godkjent godkendt dobry dobre dobra dobrý dobré dobrá zgodny zgodne prawidłowy prawidłowe vyhovující "
    "megfelelő iyi sağlam hatasız hyvä hyväksytty годен годна годно годные годный хорошо хорошие хороший норма нормальные исправные "
    "добре добрі придатні καλό καλά 良品 良 良好 合格 合格品 正常 正常品 正品 无缺陷 無欠陥 欠陥なし 異常なし 양품 정상 합격 ดี سليم جيد תקין"
)
_BAD_WORDS = _words(
    "ng nok nio n.i.o. ko bad defect defects defective defekt defekte faulty fail failed reject rejected rejects scrap anomaly anomalies "
    "abnormal schlecht schlechtteil schlechtteile fehler fehlerhaft ausschuss mauvais défaut défectueux rebut malo malos mala malas defectuoso "
    "rechazado scarto scarti difettoso difettosi ruim defeituoso rejeitado afgekeurd underkänd zły wadliwy brak vadný zmetek selejt hatalı "
    "брак дефект 不良 不良品 不合格 不合格品 缺陷 次品 불량 불량품 scratch scratches crack cracks dent dents damage damaged cracked scratched "
    "broken kratzer riss risse delle dellen fissure fissures rayure rayures grieta grietas crepa crepe graffio trinca trincas rysa rysy"
)
"""That a part is not good: for classes no words are needed, but a picture with one of these in its name is no good part."""
_DEFECTS = _words(
    "defect defects defekt defekte crack cracks damage damages anomaly anomalies scratch scratches fault faults error errors flaw flaws hole "
    "holes rust dent dents stain stains chip chips fehler riss risse kratzer défaut défauts fissure fissures defecto defectos grieta grietas "
    "difetto difetti crepa crepe defeito defeitos trinca trincas wada wady rysa vada vady"
)
_UNDECIDED = _words(
    "unlabeled unlabelled unannotated unsorted unreviewed unchecked undecided unclear unsure uncertain todo to-do pending to-review to-check "
    "to-label unklar unsicher unsortiert ungeprüft unentschieden zu-prüfen nicht-geprüft "
    "à-vérifier non-vérifié non-trié sin-clasificar sin-revisar por-revisar da-verificare non-classificato"
)
_WITHOUT = _words("no non not without ohne kein keine sans sin sem senza zonder bez utan uden")
_UNHARMED = re.compile(r"un(cracked|damaged|defective|broken|scratched|dented|affected)")
_VIEWS = _words(
    "front back top bottom side left right part parts piece pieces image images picture pictures sample samples teil teile cam camera kamera "
    "line linie station lot charge batch shift schicht lane view bild bilder foto fotos photo photos"
)
"""What may stand beside the word: `ok_front`, `OK_Cam1`."""


def is_good(label: str) -> bool:
    """Whether a class name is one of the usual words for a good part; a number in front of it is none: `1_good`."""
    word = plain(label)
    if word in _GOOD_WORDS:
        return True
    parts = (part.rstrip("0123456789") for part in word.split("_"))
    rest = [part for part in parts if part and part not in _VIEWS]
    if len(rest) == 1:
        return rest[0] in _GOOD_WORDS or bool(_UNHARMED.fullmatch(rest[0]))
    joined = "_".join(rest)
    return joined in _GOOD_WORDS or (len(rest) == 2 and rest[0] in _WITHOUT and rest[1] in _DEFECTS)


def is_undecided(label: str) -> bool:
    """Whether a class is called as what nobody has judged yet: these are neither good parts nor defects."""
    return plain(label) in _UNDECIDED


def says_bad(word: str) -> bool:
    """Whether a word says that a part is not good."""
    return plain(word) in _BAD_WORDS


def is_defect(label: str) -> bool:
    """Whether a class is called as a defect is, or has a word in it that says that a part is not good."""
    parts = [part.rstrip("0123456789") for part in plain(label).split("_")]
    return plain(label) in _BAD_WORDS or any(p in _BAD_WORDS or p in _DEFECTS for p in parts)


def tidy(label: str) -> str:
    """The class as we write it: synonyms of good become `good`."""
    return GOOD if is_good(label) else label.strip()
