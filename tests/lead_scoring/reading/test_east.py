"""Tables of Russian, Ukrainian, Turkish, Japanese, Chinese and Korean firms: who is a person in them, and what became of leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, table

DAY = date(2024, 3, 1)
ENDS = {
    "ru": ("Успешно реализовано", "Закрыто и не реализовано", "Переговоры"),
    "uk": ("Успішно реалізовано", "Закрито і не реалізовано", "Переговори"),
    "tr": ("Satıldı", "Vazgeçti", "Takipte"),
    "jp": ("成約", "失注", "商談中"),
    "zh": ("已成交", "未成交", "跟进中"),
    "ko": ("계약완료", "계약실패", "상담중"),
}
NAMES = {
    "ru": ["ID", "Название сделки", "Дата создания", "Дата закрытия", "Этап сделки", "Основной контакт", "Рабочий телефон"],
    "uk": ["ID", "Назва угоди", "Дата створення", "Дата закриття", "Етап угоди", "Повне ім'я контакту", "Робочий телефон"],
    "tr": ["Talep No", "Müşteri Adı", "Talep Tarihi", "Kapanış Tarihi", "Durum", "Adı Soyadı", "Cep telefonu"],
    "jp": ["問合せ番号", "お名前", "問合せ日", "完了日", "状況", "氏名", "電話番号"],
    "zh": ["编号", "联系人", "创建日期", "关闭", "阶段", "姓名", "手机"],
    "ko": ["번호", "이름", "등록일", "종료", "단계", "성명", "전화번호"],
}  # fmt: skip
PAGES = {
    "ru": "cp1251",
    "uk": "cp1251",
    "tr": "cp1254",
    "jp": "cp932",
    "zh": "gb18030",
    "ko": "cp949",
}


def rows(ends: Sequence[str]) -> list[list[object]]:
    return [
        [900 + 3 * n, f"N{n}", DAY + timedelta(n), DAY + timedelta(n + 20) if n % 3 < 2 else "", ends[n % 3], f"P{n}", f"'+7 916 {n + 100} 2030", ("web", "fair")[n % 2]]
        for n in range(90)
    ]  # fmt: skip


@pytest.mark.parametrize("language", list(ENDS))
def test_tables_of_the_east_are_read_by_their_own_words(tmp_path: Path, language: str) -> None:
    text = table([*NAMES[language], "Source"], rows(ENDS[language]), ";")
    found = read(put(tmp_path / "e.csv", text.encode(PAGES[language])))
    number, title, came, ended, _, person, phone = NAMES[language]
    assert f"id={number}, decided_at={came}, outcome_at={ended}" in found.told("columns")
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [30, 30, 30]
    [personal] = [one for one in found.findings if one.check == "personal"]
    assert set(personal.evidence) == {f"{title}: name", f"{person}: name", f"{phone}: phone number"}
    assert {name for lead in found.leads for name in lead.fields} == {"Source"}


def test_yes_and_no_of_the_far_east(tmp_path: Path) -> None:
    cells = [[n, ("はい", "いいえ")[n % 2], ("是", "否")[n % 3 % 2], ("예", "아니오")[n % 2]] for n in range(40)]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(["Lead ID", "A", "B", "C"], cells)))
    assert [found.column(name)[:2] for name in "ABC"] == [[True, False]] * 3


def test_a_cross_for_an_order_and_one_for_a_refusal(tmp_path: Path) -> None:
    cells = [[n + 7, DAY + timedelta(n), "x" if n % 3 == 0 else "", "x" if n % 3 == 1 else ""] for n in range(60)]  # fmt: skip
    header = ["Nr.", "Datum", "Auftrag", "Absage"]
    found = read(put(tmp_path / "e.csv", table(header, cells, ";")))
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [20, 20, 20]
    assert "Absage (lost: filled in)" in found.told("outcome")


def test_states_of_proposals_in_dolibarr(tmp_path: Path) -> None:
    states = (
        "Signée (à facturer)",
        "Facturée",
        "Non signée (fermée)",
        "Validée (proposition ouverte)",
    )
    cells = [[f"PR-{n}", DAY + timedelta(n), states[n % 4]] for n in range(80)]
    found = read(put(tmp_path / "e.csv", table(["Réf.", "Date", "État"], cells, ";")))
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [40, 20, 20]
