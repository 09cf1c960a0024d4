"""Texts of Windows' programs: which part of Europe they are of is told by their letters."""

from __future__ import annotations

import pytest

from kits.core.codepages import (
    BALTIC,
    CENTRAL,
    CYRILLIC,
    GREEK,
    JAPANESE,
    KOREAN,
    SIMPLIFIED,
    TRADITIONAL,
    TURKISH,
    WESTERN,
    code_page,
)


@pytest.mark.parametrize(
    "text",
    [
        "Łódź;Kraków;Poznań;Wałbrzych;Świętochłowice",
        "Dvořák;Jiří;Česká Třebová;Plzeň;Žďár",
        "Ľubomír Štúr;Košice;Žiar nad Hronom",
        "Győr;Szőke Ügynökség;Fűtőművek Kft;Kovács Éva;Tóth László",
        "Bucureşti;Ştefan Ţepeş;Timişoara;Brăila",
        "Đuro Đaković;Šibenik;Čakovec",
        "Gewonnen;Müller & Söhne;Łódź Głogów",
        "fałsz;prawda;fałsz",
    ],
)
def test_central_european_texts_are_known(text: str) -> None:
    assert code_page(text.encode(CENTRAL)) == CENTRAL


@pytest.mark.parametrize(
    "text",
    [
        "Müller;Größe;Straße",
        "Jérôme;forêt;garçon;où;naïf;cœur",
        "¿Cómo está?;España;Peña;Muñoz",
        "perché;città;più;è;così",
        "São João;Conceição;Lourenço;Três",
        "Ærø;Søren;Århus;Bjørn",
        "Åsa;Örebro;Malmö",
        "Õunapuu;Jõgi;Käär",
        "Þór;Guðrún;Sæunn",
        "Müller;Hélène;Muñoz;João;Søren",
        "10 m³;20 m²;£500;£ 20;n° 5;1ª;2º;5 €",
        "café",
        "Nafn;Staða;Jón Þór;Guðrún Ýr;Tapað;Óákveðið",
        "Jäger;Bäcker;käme;Händler",
        "“Hello”;it’s;A – B;20°C",
        "don’t;it’s;L’Oréal;“Über” uns;l’été;A–B",
        "plain",
    ],
)
def test_western_texts_stay_western(text: str) -> None:
    assert code_page(text.encode(WESTERN)) == WESTERN


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (GREEK, "Κατάσταση;Πηγή;Ημ. κλεισίματος;Χαμένη;Ναι;Web;12,50 €"),
        (GREEK, "ΚΩΔΙΚΟΣ;ΠΗΓΗ;ΝΑΙ;ΟΧΙ;Αθήνα"),
        (CYRILLIC, "Статус;Източник;Спечелена;Загубена;София;Пловдив;лв."),
        (CYRILLIC, "Название сделки;Бюджет;Этап;Успешно реализовано;Закрыто"),
        (CYRILLIC, "Назва угоди;Етап;Успішно реалізовано;Закрито"),
        (TURKISH, "Yılmaz;Yıldız;Işık;Satıldı;Kapanış;Şahin;Adı;Kazanıldı;Müşteri;Kayıp;Ayrıntı"),
        (JAPANESE, "問合せ日;氏名;コース;ソフトウェア;失注;成約;￥1,200;株式会社"),
        (JAPANESE, "成約;失注;商談中;株式会社山田;状況;電話番号"),
        (SIMPLIFIED, "客户名称;来源;阶段;上海科技有限公司;展会;赢单;输单"),
        (TRADITIONAL, "客戶名稱;來源;階段;台北市科技有限公司;展覽;贏單;輸單"),
        (KOREAN, "고객명;출처;단계;서울상사 주식회사;전시회;계약"),
        (TURKISH, "Aşama;Müşteri;İstanbul;Çağrı;Değer;Kazanıldı"),
        (BALTIC, "Būsena;Šaltinis;Laimėta;Pralaimėta;Žinutė;Įmonė;Kęstutis"),
        (BALTIC, "Avots;Atteikts;Rīga;Jūrmala;Klients ķīmija;Šķēle;Ģirts;Ņ"),
    ],
)  # fmt: skip
def test_other_alphabets_are_known(page: str, text: str) -> None:
    assert code_page(text.encode(page)) == page


def test_a_word_that_a_column_repeats_counts_once() -> None:
    few = "Etap;Źródło;Branża;Udział;Pilność;Wdrożenie;Moduły"
    # ę alone could be the ê of Frenchmen
    assert code_page("\n".join([few, *["Zamknięte"] * 400]).encode(CENTRAL)) == CENTRAL


@pytest.mark.parametrize(
    ("page", "text", "cell"),
    [(GREEK, "Κωδικός;Πηγή", "Ε{}"), (CYRILLIC, "Название;Сумма", "№{}"), (CYRILLIC, "Статус;Сумма", "1\u00a0{}")],
)  # fmt: skip
def test_a_sign_beside_a_number_counts_once(page: str, text: str, cell: str) -> None:
    """Each row has another number, and none of them is a word of Western Europe."""
    rows = [cell.format(n) for n in range(400)]
    assert code_page("\n".join([text, *rows]).encode(page)) == page
