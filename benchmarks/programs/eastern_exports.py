"""What CRMs export as a table, in Polish, Czech, Hungarian, Romanian, Greek, Turkish and Russian."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported, money

_DAY, _TIME, _STAMP = "%d.%m.%Y", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S"


def _livespace(d: Deal) -> Row:
    return {
        "ID": 510 + 3 * d.n, "Nazwa": f"Szansa {d.n}", "Firma": d.firm, "Status": d.said("Wygrana", "Przegrana", "Otwarta"),
        "Etap": d.draw.choice(("Kontakt", "Oferta")), "Wartość": money(d.amount, " ", ","), "Data utworzenia": cell(d.created, _STAMP),
        "Data zamknięcia": cell(d.closed, "%Y-%m-%d"), "Powód przegranej": d.said("", "Cena", ""), "Opiekun": d.owner, "Źródło": d.source,
        "Liczba pracowników": d.employees,
    }  # fmt: skip


def _pipedrive_polish(d: Deal) -> Row:
    won, lost = (d.closed if d.outcome == one else None for one in ("won", "lost"))
    return {
        "Deal - ID": 40 + d.n, "Deal - Tytuł": f"{d.firm} deal", "Deal - Organizacja": d.firm, "Deal - Osoba kontaktowa": f"Kim Lee{d.n}",
        "Deal - Wartość": d.amount, "Deal - Waluta": "PLN", "Deal - Etap": d.draw.choice(("Kontakt", "Oferta")), "Deal - Status": d.said("Wygrany", "Przegrany", "Otwarty"),
        "Deal - Właściciel": d.owner, "Deal - Deal utworzono": cell(d.created), "Deal - Czas aktualizacji": cell(d.updated),
        "Deal - Ostatnia zmiana etapu": cell(d.closed or d.created), "Deal - Czas wygranej": cell(won), "Deal - Czas przegranej": cell(lost),
        "Deal - Powód przegranej": d.said("", "Cena", ""), "Deal - Źródło": d.source, "Deal - Liczba pracowników": d.employees,
    }  # fmt: skip


def _raynet(d: Deal) -> Row:
    return {
        "Kód": f"OP-24-{d.n:04d}", "Předmět": f"Zakázka {d.n}", "Klient": d.firm, "Stav": d.said("Výhra", "Prohra", "Aktivní"),
        "Fáze": d.draw.choice(("Poptávka", "Nabídka")), "Celkem": money(d.amount, " ", ","), "Pravděpodobnost": d.said("100 %", "0 %", "40 %"),
        "Vytvořeno": cell(d.created, _TIME), "Uzavřeno": cell(d.closed, _DAY), "Naposledy změněno": cell(d.updated, _TIME), "Vlastník": d.owner,
        "Zdroj": d.source, "Počet zaměstnanců": d.employees,
    }  # fmt: skip


def _eway(d: Deal) -> Row:
    return {
        "Název": f"Příležitost {d.n}", "Společnost": d.firm, "Stav": d.said("Realizováno", "Nerealizováno", "Rozpracováno"), "Odhad ceny": money(d.amount, "\u00a0", ","),
        "Vytvořeno": cell(d.created, _TIME), "Změněno": cell(d.updated, _TIME), "Vlastník": d.owner, "Zdroj": d.source, "Počet zaměstnanců": d.employees,
    }  # fmt: skip


def _minicrm(d: Deal) -> Row:
    return {
        "Azonosító": 7_000 + 3 * d.n, "Név": f"Üzlet {d.n}", "Cég": d.firm, "Státusz": d.said("Megnyert", "Elveszített", "Ajánlat kiküldve", "Érdeklődő"),
        "Felelős": d.owner, "Érték": money(d.amount, " ", ","), "Létrehozva": cell(d.created, "%Y.%m.%d. %H:%M"), "Módosítva": cell(d.updated, "%Y.%m.%d. %H:%M"),
        "Forrás": d.source, "Létszám": d.employees,
    }  # fmt: skip


def _romanian(d: Deal) -> Row:
    return {
        "Nr. ofertă": f"OF{100 + d.n}", "Client": d.firm, "Stare ofertă": d.said("Câștigată", "Pierdută", "Trimisă", "În lucru"), "Valoare": money(d.amount, ".", ","),
        "Data creării": cell(d.created, _DAY), "Data închiderii": cell(d.closed, _DAY), "Responsabil": d.owner, "Sursă": d.source, "Număr angajați": d.employees,
    }  # fmt: skip


def _greek(d: Deal) -> Row:
    return {
        "Κωδικός": f"Ε{100 + d.n}", "Πελάτης": d.firm, "Κατάσταση": d.said("Κερδισμένη", "Χαμένη", "Ανοιχτή"), "Αξία": money(d.amount, ".", ","),
        "Ημερομηνία δημιουργίας": cell(d.created, "%d/%m/%Y"), "Ημερομηνία κλεισίματος": cell(d.closed, "%d/%m/%Y"), "Υπεύθυνος": d.owner,
        "Πηγή": d.source, "Αριθμός εργαζομένων": d.employees,
    }  # fmt: skip


def _pipedrive_turkish(d: Deal) -> Row:
    return {
        "Anlaşma - Kimlik": 40 + d.n, "Anlaşma - Başlık": f"{d.firm} anlaşma", "Anlaşma - Kuruluş": d.firm, "Anlaşma - Değer": d.amount,
        "Anlaşma - Aşama": d.draw.choice(("Nitelikli", "Teklif")), "Anlaşma - Durum": d.said("Kazanıldı", "Kaybedildi", "Açık"), "Anlaşma - Sahibi": d.owner,
        "Anlaşma - Anlaşma oluşturuldu": cell(d.created), "Anlaşma - Güncelleme zamanı": cell(d.updated), "Anlaşma - Kaybetme nedeni": d.said("", "Fiyat", ""),
        "Anlaşma - Kaynak": d.source, "Anlaşma - Çalışan sayısı": d.employees,
    }  # fmt: skip


def _amocrm(d: Deal) -> Row:
    return {
        "ID": 29_000_000 + 13 * d.n, "Название сделки": f"Сделка {d.n}", "Компания": d.firm, "Основной контакт": f"Kim Lee{d.n}", "Ответственный": d.owner,
        "Этап сделки": d.said("Успешно реализовано", "Закрыто и не реализовано", "Первичный контакт", "Переговоры"), "Воронка": "Воронка", "Бюджет ₽": d.amount,
        "Дата создания": cell(d.created, "%d.%m.%Y %H:%M:%S"), "Кем создана": "Анна", "Дата редактирования": cell(d.updated, "%d.%m.%Y %H:%M:%S"),
        "Кем редактирована": "Анна", "Теги": "", "Дата закрытия": cell(d.closed, "%d.%m.%Y %H:%M:%S") or "не закрыта", "Ближайшая задача": "нет", "Источник": d.source,
        "Число сотрудников": d.employees,
    }  # fmt: skip


def _bitrix(d: Deal) -> Row:
    form = "%d.%m.%Y %H:%M:%S"
    return {
        "ID": 100 + d.n, "Воронка": "Общая", "Стадия сделки": d.said("Сделка успешна", "Сделка провалена", "Новая", "В работе"), "Название сделки": f"Сделка №{d.n}",
        "Тип": "Продажа", "Источник": d.source, "Ответственный": d.owner, "Дата создания": cell(d.created, form), "Дата изменения": cell(d.updated, form),
        "Дата начала": cell(d.created, _DAY), "Предполагаемая дата закрытия": cell(d.planned, _DAY), "Сделка закрыта": "Да" if d.closed else "Нет",
        "Сумма": f"{d.amount}.00", "Валюта": "RUB", "Сотрудники": d.employees,
    }  # fmt: skip


def _megaplan(d: Deal) -> Row:
    return {
        "№": 500 + d.n, "Сделка": f"Сделка {d.n}", "Клиент": d.firm, "Статус": d.said("Выиграна", "Проиграна", "Выставлено КП", "Новая"), "Сумма": money(d.amount, "\u00a0", ","),
        "Дата создания": cell(d.created, _TIME), "Последнее изменение": cell(d.updated, _TIME), "Менеджер": d.owner, "Рекламный канал": d.source, "Число сотрудников": d.employees,
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("Livespace export in Polish", _livespace, delimiter=";", encoding="utf-8-sig"),
    exported("Pipedrive deals export in Polish", _pipedrive_polish),
    exported("Raynet export in Czech", _raynet, delimiter=";", encoding="cp1250"),
    exported("eWay-CRM export in Czech", _eway, delimiter=";", encoding="utf-8-sig"),
    exported("MiniCRM export in Hungarian", _minicrm, delimiter=";", encoding="utf-8-sig"),
    exported("Offers export in Romanian", _romanian, delimiter=";"),
    exported("Offers export in Greek", _greek, delimiter=";", encoding="cp1253"),
    exported("Pipedrive deals export in Turkish", _pipedrive_turkish),
    exported("amoCRM export in Russian", _amocrm, delimiter=";", encoding="utf-8-sig"),
    exported("Bitrix24 export in Russian", _bitrix, delimiter=";", encoding="cp1251"),
    exported("Megaplan export in Russian", _megaplan, delimiter=";", encoding="cp1251"),
)  # fmt: skip
