"""What the APIs of CRMs answer."""

from __future__ import annotations

from benchmarks.programs.made import SOURCES, Deal
from benchmarks.programs.writing import Program, Row, answered, iso


def _bitrix_deal(d: Deal) -> Row:
    return {
        "ID": str(100 + d.n), "TITLE": f"Deal #{d.n}", "TYPE_ID": "SALE",
        "STAGE_ID": d.said("WON", "LOSE", "NEW", "PREPARATION", "EXECUTING"), "PROBABILITY": None, "CURRENCY_ID": "EUR",
        "OPPORTUNITY": f"{d.amount}.00", "IS_MANUAL_OPPORTUNITY": "N", "TAX_VALUE": "0.00", "LEAD_ID": None,
        "COMPANY_ID": str(d.n + 7), "CONTACT_ID": str(d.n + 9), "QUOTE_ID": None, "BEGINDATE": iso(d.created),
        "CLOSEDATE": iso(d.planned), "ASSIGNED_BY_ID": str(10 + len(d.owner)), "CREATED_BY_ID": "1", "MODIFY_BY_ID": "1",
        "DATE_CREATE": iso(d.created), "DATE_MODIFY": iso(d.updated), "OPENED": "Y", "CLOSED": "Y" if d.closed else "N",
        "COMMENTS": None, "ADDITIONAL_INFO": None, "LOCATION_ID": None, "CATEGORY_ID": "0",
        "STAGE_SEMANTIC_ID": d.said("S", "F", "P"), "IS_NEW": "N", "IS_RECURRING": "N", "IS_RETURN_CUSTOMER": "N",
        "IS_REPEATED_APPROACH": "N", "SOURCE_ID": d.source.upper(), "SOURCE_DESCRIPTION": None, "MOVED_BY_ID": "1",
        "MOVED_TIME": iso(d.closed or d.created), "LAST_ACTIVITY_TIME": iso(d.updated),
        "UF_CRM_EMPLOYEES": str(d.employees),
    }  # fmt: skip


def _kommo_lead(d: Deal) -> Row:
    return {
        "id": 19_000 + d.n, "name": f"Lead #{d.n}", "price": d.amount, "responsible_user_id": 500 + len(d.owner),
        "group_id": 0, "status_id": d.said(142, 143, 8801, 8802), "pipeline_id": 7001,
        "loss_reason_id": d.said(None, 11, None), "source_id": None, "created_by": 0, "updated_by": 501,
        "created_at": int(d.created.timestamp()), "updated_at": int(d.updated.timestamp()),
        "closed_at": int(d.closed.timestamp()) if d.closed else None, "closest_task_at": None, "is_deleted": False,
        "custom_fields_values": [
            {"field_id": 1, "field_name": "Source", "field_code": None, "field_type": "select",
             "values": [{"value": d.source, "enum_id": 3 + SOURCES.index(d.source)}]},
            {"field_id": 2, "field_name": "Employees", "field_code": None, "field_type": "numeric",
             "values": [{"value": str(d.employees)}]},
        ],
        "score": None, "account_id": 28_805_383, "labor_cost": None, "is_price_computed": False,
        "_embedded": {"tags": [], "companies": [{"id": 9_000 + d.n}]},
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    answered("Bitrix24 deals", _bitrix_deal,
             lambda rows: {"result": rows, "next": 50, "total": len(rows), "time": {"start": 1.5, "finish": 2.5}}),
    answered("Kommo leads", _kommo_lead, lambda rows: {"_page": 1, "_embedded": {"leads": rows}}),
)  # fmt: skip
