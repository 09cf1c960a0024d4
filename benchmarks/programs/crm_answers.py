"""What the APIs of CRMs answer."""

from __future__ import annotations

from benchmarks.programs.made import SOURCES, Deal
from benchmarks.programs.writing import Program, Row, answered, day, iso, zulu


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


def _bitrix_lead(d: Deal) -> Row:
    return {
        "ID": str(100 + d.n), "TITLE": f"Lead #{d.n}", "NAME": "Kim", "LAST_NAME": "Roe", "SOURCE_ID": d.source.upper(),
        "STATUS_ID": d.said("CONVERTED", "JUNK", "NEW", "IN_PROCESS"), "STATUS_SEMANTIC_ID": d.said("S", "F", "P"),
        "CURRENCY_ID": "EUR", "OPPORTUNITY": f"{d.amount}.00", "HAS_PHONE": "Y", "HAS_EMAIL": d.draw.choice("YN"),
        "ASSIGNED_BY_ID": str(10 + len(d.owner)), "DATE_CREATE": iso(d.created), "DATE_MODIFY": iso(d.updated),
        "DATE_CLOSED": iso(d.closed) or "", "OPENED": "Y", "UF_CRM_EMPLOYEES": str(d.employees),
    }  # fmt: skip


def _bitrix_item(d: Deal) -> Row:
    return {
        "id": d.n + 9, "title": f"Item {d.n}", "createdTime": iso(d.created), "updatedTime": iso(d.updated), "categoryId": 5,
        "stageId": d.said("DT128_5:SUCCESS", "DT128_5:FAIL", "DT128_5:NEW", "DT128_5:CLIENT"), "opportunity": d.amount,
        "isManualOpportunity": "N", "sourceId": d.source.upper(), "assignedById": len(d.owner), "begindate": iso(d.created),
        "closedate": iso(d.planned), "movedTime": iso(d.closed or d.created), "movedBy": 3, "ufCrm5Employees": d.employees,
    }  # fmt: skip


def _close(d: Deal) -> Row:
    return {
        "id": f"oppo_{d.n:05d}xy", "organization_id": "orga_1", "lead_id": f"lead_{d.n:05d}", "lead_name": d.firm,
        "status_id": d.said("stat_1w", "stat_1l", "stat_1a"), "status_label": d.said("Won", "Lost", "Active"),
        "status_type": d.said("won", "lost", "active"), "pipeline_id": "pipe_1", "pipeline_name": "Sales",
        "user_id": f"user_{len(d.owner)}", "user_name": d.owner, "contact_id": f"cont_{d.n}", "value": d.amount * 100,
        "value_period": "one_time", "value_formatted": f"€{d.amount}", "value_currency": "EUR",
        "expected_value": d.amount * d.said(100, 0, 50), "annualized_value": d.amount * 100,
        "annualized_expected_value": d.amount * d.said(100, 0, 50), "confidence": d.said(100, 0, 50),
        "date_created": iso(d.created), "date_updated": iso(d.updated),
        "date_won": day(d.closed) if d.outcome == "won" else None, "date_lost": iso(d.closed) if d.outcome == "lost" else None,
        "created_by": "user_1", "created_by_name": "Admin", "updated_by": "user_1", "updated_by_name": "Admin", "note": "",
        "integration_links": [], "custom.cf_source": d.source, "custom.cf_employees": d.employees,
    }  # fmt: skip


def _copper(d: Deal) -> Row:
    return {
        "id": d.n + 5_000, "name": f"Opportunity {d.n}", "assignee_id": len(d.owner), "close_date": iso(d.planned, "%m/%d/%Y"),
        "company_id": d.n, "company_name": d.firm, "customer_source_id": 400 + SOURCES.index(d.source), "details": None,
        "loss_reason_id": d.said(None, 71, None), "pipeline_id": 1, "pipeline_stage_id": d.draw.choice([3, 4]),
        "primary_contact_id": d.n, "priority": "None", "status": d.said("Won", d.draw.choice(["Lost", "Abandoned"]), "Open"),
        "status_id": d.said(1, 2, 0), "tags": [], "interaction_count": d.draw.randrange(9), "monetary_unit": "EUR",
        "monetary_value": d.amount, "converted_unit": None, "converted_value": None, "win_probability": d.said(100, 0, 50),
        "date_stage_changed": int((d.closed or d.created).timestamp()), "date_last_contacted": int(d.updated.timestamp()),
        "leads_converted_from": [], "date_lead_created": None, "date_created": int(d.created.timestamp()),
        "date_modified": int(d.updated.timestamp()),
        "custom_fields": [{"custom_field_definition_id": 4, "value": d.employees}],
    }  # fmt: skip


def _capsule(d: Deal) -> Row:
    return {
        "id": d.n + 70, "name": f"Opportunity {d.n}", "description": None, "team": None,
        "owner": {"id": len(d.owner), "username": "p", "name": d.owner},
        "party": {"id": d.n, "type": "organisation", "name": d.firm},
        "milestone": {"id": d.said(5, 6, 2), "name": d.said("Won", "Lost", "Bid")},
        "lostReason": d.said(None, {"id": 1, "name": "Price"}, None), "value": {"amount": d.amount, "currency": "EUR"},
        "probability": d.said(100, 0, 40), "durationBasis": "FIXED", "duration": None, "expectedCloseOn": day(d.planned),
        "closedOn": day(d.closed), "createdAt": zulu(d.created), "updatedAt": zulu(d.updated),
        "lastStageChangedAt": zulu(d.closed or d.created), "lastOpenMilestone": {"id": 2, "name": "Bid"},
        "lastContactedAt": None, "tags": [],
        "fields": [{"id": 1, "definition": {"id": 9, "name": "Source"}, "value": d.source},
                   {"id": 2, "definition": {"id": 10, "name": "Employees"}, "value": d.employees}],
    }  # fmt: skip


def _sell(d: Deal) -> Row:
    deal = {
        "id": d.n * 7 + d.n % 5 + 1, "name": f"Deal {d.n}", "value": str(d.amount), "currency": "EUR", "hot": False,
        "stage_id": d.said(8, 9, 2), "stage_name": d.said("Won", "Lost", "Qualified"),
        "source_id": 1 + SOURCES.index(d.source), "owner_id": len(d.owner), "contact_id": d.n, "organization_id": d.n,
        "loss_reason_id": d.said(None, 3, None), "estimated_close_date": day(d.planned), "last_activity_at": zulu(d.updated),
        "last_stage_change_at": zulu(d.closed or d.created), "last_stage_change_by_id": 4, "added_at": zulu(d.created),
        "created_at": zulu(d.created), "updated_at": zulu(d.updated), "tags": [], "custom_fields": {"Employees": d.employees},
        "dropbox_email": "drop@sell.example",
    }  # fmt: skip
    return {"data": deal, "meta": {"type": "deal", "version": 3}}


def _freshsales(d: Deal) -> Row:
    return {
        "id": d.n + 16_000, "name": f"Deal {d.n}", "amount": f"{d.amount}.0", "base_currency_amount": f"{d.amount}.0",
        "expected_close": None, "closed_date": day(d.closed), "stage_updated_time": zulu(d.closed or d.created),
        "custom_field": {"cf_employees": d.employees}, "probability": d.said(100, 0, 30), "updated_at": zulu(d.updated),
        "created_at": zulu(d.created), "deal_pipeline_id": 1, "deal_stage_id": d.said(105, 106, 101),
        "deal_stage": {"id": d.said(105, 106, 101), "name": d.said("Won", "Lost", "New"),
                       "forecast_type": d.said("Closed Won", "Closed Lost", "Open")},
        "age": d.draw.randrange(60), "links": {"conversations": "/x"}, "recent_note": None, "completed_sales_sequences": None,
        "active_sales_sequences": None, "web_form_id": None, "upcoming_activities_time": None, "collaboration": {},
        "last_assigned_at": zulu(d.created), "tags": [], "last_contacted_sales_activity_mode": None,
        "last_contacted_via_sales_activity": None, "expected_deal_value": f"{d.amount * d.said(100, 0, 30) // 100}.0",
        "is_deleted": False, "team_user_ids": None, "avatar": None, "fc_widget_collaboration": {},
        "forecast_category": d.said(4, 5, 1), "deal_prediction": None, "lead_source_id": 1 + SOURCES.index(d.source),
        "owner_id": len(d.owner),
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    answered("Bitrix24 deals", _bitrix_deal,
             lambda rows: {"result": rows, "next": 50, "total": len(rows), "time": {"start": 1.5, "finish": 2.5}}),
    answered("Kommo leads", _kommo_lead, lambda rows: {"_page": 1, "_embedded": {"leads": rows}}),
    answered("Bitrix24 leads", _bitrix_lead, lambda rows: {"result": rows, "total": len(rows)}),
    answered("Bitrix24 items", _bitrix_item, lambda rows: {"result": {"items": rows}, "next": 50, "total": len(rows)}),
    answered("Close opportunities", _close, lambda rows: {"has_more": False, "total_results": len(rows), "data": rows}),
    answered("Copper opportunities", _copper),
    answered("Capsule opportunities", _capsule, lambda rows: {"opportunities": rows}),
    answered("Zendesk Sell deals", _sell,
             lambda rows: {"items": rows, "meta": {"type": "collection", "count": len(rows)}}),
    answered("Freshsales deals", _freshsales, lambda rows: {"deals": rows, "meta": {"total": len(rows)}}),
)  # fmt: skip
