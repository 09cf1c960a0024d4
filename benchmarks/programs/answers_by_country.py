"""Answers to forms as Google writes them down in the languages of its users: each with its own hour of the day and number."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported, money


def _english(d: Deal) -> Row:
    at = d.created + timedelta(hours=1)
    return {
        "Timestamp": f"{cell(at, '%Y/%m/%d %-I:%M:%S %p')} GMT+1", "Email": d.mail, "How many employees do you have?": d.employees, "How did you find us?": d.source,
        "Budget": d.amount, "Outcome": d.said("Won", "Lost", ""),
    }  # fmt: skip


def _german(d: Deal) -> Row:
    half = "vorm." if d.created.hour < 12 else "nachm."
    return {
        "Zeitstempel": f"{cell(d.created, '%Y/%m/%d %-I:%M:%S')} {half} MEZ", "E-Mail": d.mail, "Anzahl Mitarbeiter": d.employees, "Woher kennen Sie uns?": d.source, "Budget": f"{d.amount} €",
        "Ergebnis": d.said("Auftrag", "Absage", ""),
    }  # fmt: skip


def _spanish(d: Deal) -> Row:
    half = "a. m." if d.created.hour < 12 else "p. m."
    return {
        "Marca temporal": f"{cell(d.created, '%Y/%m/%d %-I:%M:%S')} {half} CET", "Correo electrónico": d.mail, "¿Cuántos empleados tiene?": d.employees, "¿Cómo nos conoció?": d.source,
        "Presupuesto": f"{money(d.amount, '.', ',')} €", "Resultado": d.said("Ganado", "Perdido", ""),
    }  # fmt: skip


def _portuguese(d: Deal) -> Row:
    return {
        "Carimbo de data/hora": cell(d.created, "%d/%m/%Y %H:%M:%S"), "E-mail": d.mail, "Quantos funcionários?": d.employees, "Como nos conheceu?": d.source,
        "Orçamento": f"R$ {money(d.amount, '.', ',')}", "Fechou?": d.said("Sim", "Não", ""), "Resultado": d.said("Vendido", "Perdido", ""),
    }  # fmt: skip


def _french(d: Deal) -> Row:
    return {
        "Horodateur": cell(d.created, "%d/%m/%Y %H:%M:%S"), "Adresse e-mail": d.mail, "Combien de salariés ?": d.employees, "Comment nous avez-vous connus ?": d.source,
        "Budget (€)": money(d.amount, "\u202f", ","), "Devis signé ?": d.said("Oui", "Non", ""),
    }  # fmt: skip


def _italian(d: Deal) -> Row:
    return {
        "Informazioni cronologiche": cell(d.created, "%d/%m/%Y %-H.%M.%S"), "Indirizzo email": d.mail, "Quanti dipendenti avete?": d.employees, "Come ci avete conosciuto?": d.source,
        "Budget": f"€ {money(d.amount, '.', ',')}", "Esito": d.said("Vinto", "Perso", ""),
    }  # fmt: skip


def _korean(d: Deal) -> Row:
    half = "오전" if d.created.hour < 12 else "오후"
    return {
        "타임스탬프": f"{cell(d.created, '%Y. %-m. %-d')} {half} {cell(d.created, '%-I:%M:%S')}", "이메일": d.mail, "직원 수": d.employees, "유입 경로": d.source, "예산": f"{d.amount:,}원",
        "결과": d.said("수주", "실주", ""),
    }  # fmt: skip


def _japanese(d: Deal) -> Row:
    return {
        "タイムスタンプ": cell(d.created, "%Y/%m/%d %-H:%M:%S"), "メールアドレス": d.mail, "従業員数": d.employees, "当社を知ったきっかけ": d.source, "ご予算": f"{d.amount:,}円",
        "結果": d.said("受注", "失注", ""),
    }  # fmt: skip


def _polish(d: Deal) -> Row:
    return {
        "Sygnatura czasowa": cell(d.created, "%d.%m.%Y %H:%M:%S"), "Adres e-mail": d.mail, "Ilu pracowników?": d.employees, "Skąd o nas wiesz?": d.source,
        "Budżet": f"{money(d.amount, ' ', ',')} zł", "Wynik": d.said("wygrana", "przegrana", ""),
    }  # fmt: skip


def _russian(d: Deal) -> Row:
    return {
        "Отметка времени": cell(d.created, "%d.%m.%Y %-H:%M:%S"), "Адрес электронной почты": d.mail, "Сколько сотрудников?": d.employees, "Откуда узнали о нас?": d.source,
        "Бюджет": f"{money(d.amount, ' ', ',')} ₽", "Результат": d.said("Продано", "Отказ", ""),
    }  # fmt: skip


def _turkish(d: Deal) -> Row:
    return {
        "Zaman damgası": cell(d.created, "%d.%m.%Y %H:%M:%S"), "E-posta Adresi": d.mail, "Çalışan sayısı": d.employees, "Bizi nereden duydunuz?": d.source,
        "Bütçe": f"{money(d.amount, '.', ',')} TL", "Sonuç": d.said("Satıldı", "Vazgeçti", ""),
    }  # fmt: skip


def _vietnamese(d: Deal) -> Row:
    return {
        "Dấu thời gian": cell(d.created, "%d/%m/%Y %H:%M:%S"), "Email": d.mail, "Số nhân viên": d.employees, "Nguồn": d.source, "Ngân sách": f"{d.amount:,}".replace(",", "."),
        "Kết quả": d.said("Thắng", "Thua", ""),
    }  # fmt: skip


def _swiss(d: Deal) -> Row:
    return {
        "Datum": cell(d.created, "%-d. %B %Y").replace("March", "März").replace("May", "Mai").replace("June", "Juni").replace("July", "Juli").replace("October", "Oktober")
        .replace("December", "Dezember").replace("January", "Januar").replace("February", "Februar"),
        "Firma": d.firm, "Kanal": d.source, "Mitarbeitende": d.employees, "Betrag": f"CHF {money(d.amount, '’')}", "Stand": d.said("Zusage", "Absage", "pendent"),
    }  # fmt: skip


def _indonesian(d: Deal) -> Row:
    return {
        "Tanggal dibuat": cell(d.created, "%d/%m/%Y %H:%M"), "Perusahaan": d.firm, "Sumber": d.source, "Jumlah karyawan": d.employees, "Nilai": f"Rp{d.amount:,}".replace(",", "."),
        "Status": d.said("Menang", "Kalah", "Proses"),
    }  # fmt: skip


def _thai(d: Deal) -> Row:
    return {
        "วันที่สร้าง": f"{d.created.day}/{d.created.month}/{d.created.year + 543} {cell(d.created, '%H:%M')}", "บริษัท": d.firm, "แหล่งที่มา": d.source, "จำนวนพนักงาน": d.employees,
        "มูลค่า": f"฿{d.amount:,}.00", "สถานะ": d.said("ชนะ", "แพ้", "กำลังดำเนินการ"),
    }  # fmt: skip


def _persian(d: Deal) -> Row:
    digits = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    return {
        "شناسه": d.n + 1, "تاریخ ایجاد": _in_persia(d.created).translate(digits), "شرکت": d.firm, "منبع": d.source, "تعداد کارکنان": str(d.employees).translate(digits),
        "مبلغ": f"{d.amount:,}".replace(",", "٬").translate(digits), "وضعیت": d.said("برنده", "بازنده", "باز"),
    }  # fmt: skip


def _in_persia(at: datetime) -> str:
    """A day from the year 1402, which begins on 21 March 2023; of the years after it 1403 alone has a day more."""
    days, year = (at.date() - date(2023, 3, 21)).days, 1402
    while days >= (length := 366 if year == 1403 else 365):
        days, year = days - length, year + 1
    month, day = (
        (days // 31, days % 31) if days < 186 else (6 + (days - 186) // 30, (days - 186) % 30)
    )
    return f"{year}/{month + 1:02}/{day + 1:02}"


def _guarded(d: Deal) -> Row:
    return {
        "Kundennr.": f'="{d.n:06d}"', "Erstellt": f"'{cell(d.created, '%d.%m.%Y')}", "Quelle": d.source, "Mitarbeiter": f"'{d.employees}", "Summe": f'="{d.amount}"',
        "Ergebnis": d.said("gewonnen", "verloren", ""),
    }  # fmt: skip


def _hebrew(d: Deal) -> Row:
    return {
        "תאריך יצירה": "\u200f" + cell(d.created, "%d/%m/%Y %H:%M"), "חברה": d.firm, "מקור": d.source, "מספר עובדים": d.employees, "סכום": f"₪{d.amount:,}.00", "סטטוס": d.said("זכייה", "הפסד", "פתוח"),
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("Google Forms answers as CSV", _english),
    exported("Google Forms answers as CSV in German", _german),
    exported("Google Forms answers as CSV in Spanish", _spanish),
    exported("Google Forms answers in Portuguese", _portuguese),
    exported("Google Forms answers in French", _french),
    exported("Google Forms answers in Italian", _italian),
    exported("Google Forms answers in Korean", _korean),
    exported("Google Forms answers in Japanese", _japanese),
    exported("Google Forms answers in Polish", _polish),
    exported("Google Forms answers in Russian", _russian),
    exported("Google Forms answers in Turkish", _turkish),
    exported("Google Forms answers in Vietnamese", _vietnamese),
    exported("List of a Swiss firm", _swiss, delimiter=";", encoding="cp1252"),
    exported("List of deals in Indonesian", _indonesian),
    exported("List of deals in Thai", _thai),
    exported("List of deals in Persian", _persian),
    exported("List whose cells are guarded against Excel", _guarded, delimiter=";"),
    exported("List of deals in Hebrew", _hebrew, encoding="utf-8-sig"),
)  # fmt: skip
