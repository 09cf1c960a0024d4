"""What the APIs of small firms' CRMs answer."""

from __future__ import annotations

from benchmarks.programs.made import SOURCES, Deal
from benchmarks.programs.writing import Program, Row, answered, day, iso, zulu


def _twenty(d: Deal) -> Row:
    opportunity = {
        "id": f"{d.n:08x}-1111-4000-8000-000000000000", "name": f"Opportunity {d.n}",
        "amount": {"amountMicros": d.amount * 1_000_000, "currencyCode": "EUR"}, "closeDate": zulu(d.closed),
        "createdAt": zulu(d.created), "updatedAt": zulu(d.updated), "deletedAt": None,
        "stage": d.said("CUSTOMER", "LOST", "MEETING"),
        "createdBy": {"source": "MANUAL", "name": d.owner}, "companyId": f"c{d.n}", "leadSource": d.source,
        "employees": d.employees,
    }  # fmt: skip
    return {"cursor": "x", "node": opportunity}


def _attio(d: Deal) -> Row:
    at = iso(d.created, "%Y-%m-%dT%H:%M:%S.000000000Z")
    by = {"type": "workspace-member", "id": f"m{len(d.owner)}"}

    def held(kind: str, since: str | None = at, **value: object) -> list[Row]:
        return [
            {
                "active_from": since,
                "active_until": None,
                "created_by_actor": by,
                **value,
                "attribute_type": kind,
            }
        ]

    changed = iso(d.closed or d.created, "%Y-%m-%dT%H:%M:%S.000000000Z")
    title, chosen = (
        d.said("Won 🎉", "Lost", "In Progress"),
        {"id": {"option_id": f"o{SOURCES.index(d.source)}"}, "title": d.source},
    )
    return {
        "id": {"workspace_id": "w1", "object_id": "b1", "record_id": f"{d.n:08x}-0000-4000-8000-000000000000"}, "created_at": at,
        "web_url": "https://app.attio.com/x",
        "values": {
            "name": held("text", value=f"Deal {d.n}"),
            "stage": held("status", changed, status={"id": {"status_id": f"s-{title}"}, "title": title, "is_archived": False}),
            "value": held("currency", currency_value=d.amount, currency_code="EUR"),
            "owner": held("actor-reference", referenced_actor_type="workspace-member", referenced_actor_id=f"m{len(d.owner)}"),
            "associated_company": held("record-reference", target_object="companies", target_record_id=f"c{d.n}"),
            "source": held("select", option={**chosen, "is_archived": False}), "employees": held("number", value=d.employees),
            "associated_people": [], "created_at": held("timestamp", value=at),
        },
    }  # fmt: skip


def _folk(d: Deal) -> Row:
    return {
        "id": f"obj_{d.n:08x}", "name": f"Deal {d.n}", "companies": [{"id": f"com_{d.n}", "name": d.firm, "entityType": "company"}],
        "people": [], "createdAt": zulu(d.created),
        "customFieldValues": {"Status": d.said("Won", "Lost", "Contacted", "Proposal"), "Source": d.source, "Employees": d.employees,
                              "Deal value": d.amount, "Close date": day(d.closed)},
    }  # fmt: skip


def _keap(d: Deal) -> Row:
    return {
        "id": d.n + 2, "opportunity_title": f"Deal {d.n}", "opportunity_notes": "",
        "stage": {"id": d.said(6, 7, 2), "name": d.said("Won", "Lost", "Qualifying"), "details": {"stage_order": 1, "probability": 50}},
        "contact": {"id": d.n, "email": d.mail, "company_name": d.firm},
        "user": {"id": len(d.owner), "first_name": d.owner.split()[0]},
        "date_created": zulu(d.created), "last_updated": zulu(d.updated), "estimated_close_date": zulu(d.planned),
        "next_action_date": None, "projected_revenue_low": d.amount, "projected_revenue_high": d.amount, "include_in_forecast": 1,
        "custom_fields": [{"id": 5, "content": d.employees}, {"id": 7, "content": d.source}],
    }  # fmt: skip


def _high_level(d: Deal) -> Row:
    return {
        "id": f"opp{d.n:05d}", "name": f"Deal {d.n}", "monetaryValue": d.amount, "pipelineId": "p1",
        "pipelineStageId": d.draw.choice(["s1", "s2"]), "assignedTo": f"u{len(d.owner)}",
        "status": d.said("won", d.draw.choice(["lost", "abandoned"]), "open"), "source": d.source,
        "lastStatusChangeAt": zulu(d.closed or d.created), "lastStageChangeAt": zulu(d.created), "createdAt": zulu(d.created),
        "updatedAt": zulu(d.updated), "contactId": f"c{d.n}", "locationId": "l1",
        "contact": {"id": f"c{d.n}", "name": "Kim Roe", "companyName": d.firm, "email": d.mail, "tags": []},
        "notes": [], "tasks": [], "customFields": [{"id": "f1", "fieldValue": d.employees}], "followers": [],
    }  # fmt: skip


def _nocrm(d: Deal) -> Row:
    return {
        "id": d.n + 800, "title": f"Lead {d.n}", "pipeline": "Sales", "step": d.draw.choice(["Contacted", "Proposal"]),
        "step_id": 4,
        "status": d.said("won", d.draw.choice(["lost", "cancelled"]), "todo", "standby"), "amount": float(d.amount),
        "probability": d.said(100, 0, 50),
        "currency": "EUR", "starred": False, "remind_date": None, "created_at": zulu(d.created),
        "estimated_closing_date": day(d.planned),
        "updated_at": zulu(d.updated), "closed_at": zulu(d.closed), "description": "", "tags": [d.source], "created_from": "web",
        "user_id": len(d.owner), "client_folder_name": d.firm, "team_id": 1, "permalink": "https://x.nocrm.io/leads/1",
        "extended_info": {"fields_by_name": {"Employees": d.employees}},
    }  # fmt: skip


def _salesflare(d: Deal) -> Row:
    return {
        "id": d.n + 33, "name": f"Deal {d.n}", "value": d.amount, "currency": {"id": 1, "iso": "EUR"},
        "closed": d.outcome != "open",
        "stage": {"id": d.said(5, 6, 2), "name": d.said("Won", "Lost", "Qualified"),
                  "probability": d.said(100, 0, 20), "order": d.said(5, 6, 2)},
        "close_date": day(d.planned), "start_date": day(d.created), "lost_reason": d.said(None, {"id": 1, "name": "Price"}, None),
        "account": {"id": d.n, "name": d.firm, "size": d.employees}, "owner": {"id": len(d.owner), "name": d.owner},
        "creation_date": zulu(d.created), "modification_date": zulu(d.updated), "probability": d.said(100, 0, 20), "done": False,
        "lead_source": {"id": SOURCES.index(d.source), "name": d.source}, "tags": [],
    }  # fmt: skip


def _pipeline_crm(d: Deal) -> Row:
    at = "%Y/%m/%d %H:%M:%S -0500"
    return {
        "id": d.n + 71, "name": f"Deal {d.n}", "summary": "", "value": f"{d.amount}.0", "is_archived": False,
        "deal_stage_id": d.said(5, 6, 2), "deal_stage": {"id": d.said(5, 6, 2), "name": d.said("Won", "Lost", "Proposal"),
                       "percent": d.said(100, 0, 50)},
        "probability": d.said(100, 0, 50), "source": {"id": SOURCES.index(d.source), "name": d.source},
        "user": {"id": len(d.owner), "full_name": d.owner},
        "expected_close_date": iso(d.planned, "%Y/%m/%d"), "closed_time": iso(d.closed, at), "created_at": iso(d.created, at),
        "updated_at": iso(d.updated, at), "company": {"id": d.n, "name": d.firm},
        "custom_fields": {"custom_label_123": d.employees},
    }  # fmt: skip


def _one_page(d: Deal) -> Row:
    return {"deal": {
        "id": f"{d.n:024x}", "owner_id": f"u{len(d.owner)}", "contact_id": f"c{d.n}", "name": f"Deal {d.n}",
        "amount": d.amount, "months": 1,
        "status": d.said("won", "lost", "pending"), "stage": d.draw.choice([10, 50]), "total_amount": d.amount, "text": "",
        "expected_close_date": day(d.planned), "close_date": day(d.closed), "date": day(d.created), "created_at": zulu(d.created),
        "modified_at": zulu(d.updated), "contact_info": {"contact_name": "Kim Roe", "company": d.firm},
        "deal_fields": [{"deal_field": {"id": "f1", "name": "Source", "type": "single_line"}, "value": d.source},
                        {"deal_field": {"id": "f2", "name": "Employees", "type": "number"}, "value": d.employees}],
    }}  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    answered("Twenty opportunities", _twenty,
             lambda rows: {"data": {"opportunities": {"edges": rows, "pageInfo": {"hasNextPage": False}}}}),
    answered("Attio deals", _attio, lambda rows: {"data": rows}),
    answered("Folk deals", _folk, lambda rows: {"data": {"items": rows, "pagination": {"nextLink": "https://x"}}}),
    answered("Keap opportunities", _keap, lambda rows: {"count": len(rows), "next": "https://x", "previous": "", "opportunities": rows}),
    answered("HighLevel opportunities", _high_level,
             lambda rows: {"opportunities": rows, "meta": {"total": len(rows), "nextPage": 2}, "aggregations": {}}),
    answered("noCRM leads", _nocrm),
    answered("Salesflare opportunities", _salesflare),
    answered("Pipeline CRM deals", _pipeline_crm, lambda rows: {"entries": rows, "pagination": {"page": 1, "pages": 1}}),
    answered("OnePageCRM deals", _one_page, lambda rows: {
        "status": 0, "message": "OK", "timestamp": 1_700_000_000,
        "data": {"deals": rows, "total_count": len(rows), "page": 1, "per_page": 100, "max_page": 1},
    }),
)  # fmt: skip
