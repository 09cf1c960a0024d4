"""What CRMs export as a table, in Japanese, Korean, Chinese and Arabic."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported

_DAY, _TIME = "%Y/%m/%d", "%Y/%m/%d %H:%M"


def _kintone(d: Deal) -> Row:
    return {
        "レコード番号": d.n + 1, "案件名": f"案件{d.n}", "会社名": d.firm, "先方担当者": f"Kim Lee{d.n}", "ステータス": d.said("受注", "失注", "商談中", "見積提出"),
        "見込金額": d.amount, "受注予定日": cell(d.planned, "%Y-%m-%d"), "確度": d.said("100", "0", "50"), "流入経路": d.source, "従業員数": d.employees, "担当者": d.owner,
        "作成日時": cell(d.created, _TIME), "更新日時": cell(d.updated, _TIME),
    }  # fmt: skip


def _salesforce(d: Deal) -> Row:
    return {
        "商談 所有者": d.owner, "取引先名": d.firm, "商談名": f"商談{d.n}", "フェーズ": d.said("受注", "失注", "初回訪問", "提案"), "会計期間": f"Q1-{d.planned.year}",
        "金額": d.amount, "期待収益": d.said(d.amount, 0, d.amount // 2), "確度 (%)": d.said(100, 0, 50), "完了予定日": cell(d.planned, _DAY),
        "作成日": cell(d.created, _DAY), "リードソース": d.source, "従業員数": d.employees,
    }  # fmt: skip


def _korean(d: Deal) -> Row:
    return {
        "번호": d.n + 1, "영업기회명": f"기회 {d.n}", "고객사": d.firm, "상태": d.said("수주", "실주", "진행중", "제안"), "예상금액": f"{d.amount:,}", "담당자": d.owner,
        "등록일": cell(d.created, "%Y-%m-%d %H:%M:%S"), "수정일": cell(d.updated, "%Y-%m-%d %H:%M:%S"), "유입경로": d.source, "직원수": d.employees,
    }  # fmt: skip


def _fxiaoke(d: Deal) -> Row:
    return {
        "商机编号": f"SJ2024{d.n:05d}", "商机名称": f"商机{d.n}", "客户名称": d.firm, "商机阶段": d.said("赢单", "输单", "需求确认", "方案报价"), "商机金额(元)": f"{d.amount}.00",
        "预计成交日期": cell(d.planned, "%Y-%m-%d"), "负责人": d.owner, "商机来源": d.source, "员工人数": d.employees, "创建时间": cell(d.created, "%Y-%m-%d %H:%M"),
        "最后修改时间": cell(d.updated, "%Y-%m-%d %H:%M"),
    }  # fmt: skip


def _arabic(d: Deal) -> Row:
    return {
        "رقم الصفقة": 900 + d.n, "اسم الصفقة": f"صفقة {d.n}", "الشركة": d.firm, "الحالة": d.said("رابحة", "خاسرة", "مفتوحة"), "القيمة": f"{d.amount}.00",
        "تاريخ الإنشاء": cell(d.created, "%d/%m/%Y %H:%M"), "تاريخ الإغلاق": cell(d.closed, "%d/%m/%Y"), "المسؤول": d.owner, "المصدر": d.source,
        "عدد الموظفين": d.employees,
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("kintone export in Japanese", _kintone, encoding="cp932"),
    exported("Salesforce report in Japanese", _salesforce, encoding="cp932"),
    exported("Deals export in Korean", _korean, encoding="cp949"),
    exported("Fxiaoke export in Chinese", _fxiaoke, encoding="gb18030"),
    exported("Deals export in Arabic", _arabic, encoding="utf-8-sig"),
)  # fmt: skip
