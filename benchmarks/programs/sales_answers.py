"""What the APIs of sales pipelines answer."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.programs.made import SOURCES, Deal
from benchmarks.programs.writing import Program, Row, answered, day, iso, zulu

_PLAIN = "%Y-%m-%d %H:%M:%S"
_HASH = ("9dc80c50d78a15643bfc4ca79d76156a73a1ca0e", "4e1a2b7c9f00d1e2a3b4c5d6e7f8091a2b3c4d5e")
"""Pipedrive's keys of the fields that a firm made itself."""


def _hubspot(d: Deal) -> Row:
    return {
        "id": str(9_000_000 + d.n), "archived": False, "createdAt": zulu(d.created), "updatedAt": zulu(d.updated),
        "properties": {
            "amount": str(d.amount), "closedate": zulu(d.planned), "createdate": zulu(d.created), "dealname": f"Deal {d.n}",
            "dealstage": d.said("closedwon", "closedlost", "qualifiedtobuy", "presentationscheduled"), "pipeline": "default",
            "hs_lastmodifieddate": zulu(d.updated), "hs_object_id": str(9_000_000 + d.n), "hubspot_owner_id": str(len(d.owner)),
            "lead_source": d.source, "employees": str(d.employees),
        },
    }  # fmt: skip


def _hubspot_with_contacts(d: Deal) -> Row:
    links = {
        "companies": {"results": [{"id": str(d.n), "type": "deal_to_company"}]},
        "contacts": {"results": [{"id": str(d.n + i), "type": "deal_to_contact"} for i in range(1 + d.n % 2)]},
    }  # fmt: skip
    return {**_hubspot(d), "associations": links}


def _hubspot_own_stages(d: Deal) -> Row:
    """Of a pipeline of its own, whose stages are numbers."""
    row = dict(_hubspot(d))
    row["properties"] = {
        "amount": str(d.amount), "closedate": zulu(d.planned), "createdate": zulu(d.created), "dealname": f"Deal {d.n}",
        "dealstage": d.said("48921", "48922", "48917", "48918"), "pipeline": "48911",
        "hs_is_closed": "true" if d.closed else "false",
        "hs_is_closed_won": "true" if d.outcome == "won" else "false", "hs_lastmodifieddate": zulu(d.updated),
        "hs_object_id": row["id"], "hubspot_owner_id": str(len(d.owner)), "lead_source": d.source, "employees": str(d.employees),
    }  # fmt: skip
    return row


def _pipedrive_user(d: Deal) -> Row:
    number = len(d.owner)
    return {"id": number, "name": d.owner, "email": "a@firm.example", "has_pic": 0, "pic_hash": None, "active_flag": True,
            "value": number}  # fmt: skip


def _pipedrive(d: Deal) -> Row:
    closed = iso(d.closed, _PLAIN)
    counted = {
        "products_count": 0,
        "files_count": 0,
        "notes_count": 2,
        "followers_count": 1,
        "participants_count": 1,
    }
    return {
        "id": d.n + 1, "creator_user_id": _pipedrive_user(d), "user_id": _pipedrive_user(d),
        "person_id": {"active_flag": True, "name": "Kim Roe", "email": [{"label": "work", "value": d.mail, "primary": True}],
                      "phone": [{"value": "", "primary": True}], "owner_id": len(d.owner), "value": d.n + 1},
        "org_id": {"name": d.firm, "people_count": 1, "owner_id": len(d.owner), "address": None, "active_flag": True,
                   "cc_email": "x@pipedrivemail.com", "value": d.n + 1},
        "stage_id": d.draw.choice([1, 2, 3]), "title": f"Deal {d.n}", "value": d.amount, "acv": None, "mrr": None, "arr": None,
        "currency": "EUR", "add_time": iso(d.created, _PLAIN), "update_time": iso(d.updated, _PLAIN), "stage_change_time": None,
        "active": d.outcome == "open", "deleted": False, "status": d.said("won", "lost", "open"), "probability": None,
        "next_activity_date": None, "last_activity_date": day(d.updated), "lost_reason": d.said(None, "Price", None),
        "visible_to": "3", "close_time": closed, "pipeline_id": 1, "won_time": d.said(closed, None, None),
        "first_won_time": d.said(closed, None, None), "lost_time": d.said(None, closed, None), **counted,
        "expected_close_date": day(d.planned), "label": None, "stage_order_nr": 1, "person_name": "Kim Roe", "org_name": d.firm,
        "owner_name": d.owner, "formatted_value": f"{d.amount} €", "weighted_value": d.amount, "cc_email": "x@pipedrivemail.com",
        "org_hidden": False, "person_hidden": False, _HASH[0]: d.source, _HASH[1]: d.employees,
    }  # fmt: skip


def _pipedrive_answer(rows: list[Row]) -> object:
    related = {
        "user": {"7": {"id": 7, "name": "Anna Schmidt", "email": "a@firm.example"}},
        "stage": {"1": {"id": 1, "name": "New"}},
    }
    page = {"start": 0, "limit": 500, "more_items_in_collection": False}
    return {
        "success": True,
        "data": rows,
        "related_objects": related,
        "additional_data": {"pagination": page},
    }


def _pipedrive_v2(d: Deal) -> Row:
    closed = zulu(d.closed)
    return {
        "id": d.n + 1, "title": f"Deal {d.n}", "creator_user_id": 7, "owner_id": len(d.owner), "value": d.amount, "person_id": d.n,
        "org_id": d.n, "stage_id": d.draw.choice([1, 2, 3]), "pipeline_id": 1, "currency": "EUR", "archive_time": None,
        "add_time": zulu(d.created), "update_time": zulu(d.updated), "stage_change_time": None,
        "status": d.said("won", "lost", "open"),
        "is_archived": False, "is_deleted": False, "probability": None, "lost_reason": d.said(None, "Price", None), "visible_to": 3,
        "close_time": closed, "won_time": d.said(closed, None, None), "lost_time": d.said(None, closed, None),
        "local_won_date": d.said(day(d.closed), None, None), "local_lost_date": d.said(None, day(d.closed), None),
        "local_close_date": day(d.closed), "expected_close_date": day(d.planned), "label_ids": [], "origin": "ManuallyCreated",
        "origin_id": None, "channel": 50 + SOURCES.index(d.source), "channel_id": None, "acv": None, "arr": None, "mrr": None,
        "custom_fields": {_HASH[0]: {"value": d.amount, "currency": "EUR"}, _HASH[1]: d.employees},
    }  # fmt: skip


def _active_campaign(d: Deal) -> Row:
    return {
        "hash": f"{d.n:08x}", "owner": str(len(d.owner)), "contact": str(d.n), "organization": None, "group": "1",
        "stage": d.draw.choice("123"), "title": f"Deal {d.n}", "nexttaskid": "0", "currency": "eur",
        "status": d.said("1", "2", "0"),
        "cdate": iso(d.created), "mdate": iso(d.updated), "percent": d.said("100", "0", "50"), "value": str(d.amount * 100),
        "description": "", "nextdate": None, "winProbability": None, "winProbabilityMdate": None, "isDisabled": False,
        "activitycount": str(d.draw.randrange(9)), "nextdealid": str(d.n), "edate": None, "links": {"stage": "https://x/stage"},
        "id": str(d.n + 1), "nextTask": None, "account": None, "customerAccount": None,
    }  # fmt: skip


def _rd_station(d: Deal) -> Row:
    return {
        "_id": f"{d.n:024x}", "id": f"{d.n:024x}", "name": f"Deal {d.n}", "amount_montly": 0, "amount_unique": d.amount,
        "amount_total": d.amount, "prediction_date": None, "last_activity_at": iso(d.updated), "interactions": d.draw.randrange(9),
        "markup": "x", "win": d.said(True, False, None), "closed_at": iso(d.closed), "rating": d.draw.choice([1, 2, 3]),
        "hold": None,
        "user": {"_id": f"u{len(d.owner)}", "name": d.owner, "nickname": "A", "email": "a@firm.example"},
        "deal_stage": {"_id": "s1", "name": d.draw.choice(["Contato feito", "Proposta enviada"]), "nickname": "P"},
        "deal_source": {"_id": f"f{SOURCES.index(d.source)}", "name": d.source},
        "deal_lost_reason": d.said(None, {"_id": "r1", "name": "Preço"}, None), "campaign": None, "contacts": [],
        "organization": {"_id": f"o{d.n}", "name": d.firm}, "deal_products": [], "next_task": None, "created_at": iso(d.created),
        "updated_at": iso(d.updated),
        "deal_custom_fields": [{"custom_field_id": "c1", "value": str(d.employees),
                                "created_at": iso(d.created), "updated_at": iso(d.updated),
                                "custom_field": {"_id": "c1", "label": "Employees", "type": "text", "for": "deal"}}],
    }  # fmt: skip


def _agendor(d: Deal) -> Row:
    return {
        "id": d.n + 500, "title": f"Deal {d.n}", "description": None, "value": d.amount, "ranking": None,
        "dealStatus": {"id": d.said(2, 3, 1), "name": d.said("Ganho", "Perdido", "Em andamento")},
        "dealStage": {"id": 5, "name": d.draw.choice(["Contato", "Proposta"]), "sequence": 1, "funnel": {"id": 1, "name": "Vendas"}},
        "owner": {"id": len(d.owner), "name": d.owner}, "organization": {"id": d.n, "name": d.firm}, "person": None,
        "startTime": zulu(d.created), "endTime": None, "wonAt": d.said(zulu(d.closed), None, None),
        "lostAt": d.said(None, zulu(d.closed), None), "lossReason": d.said(None, {"id": 1, "name": "Preço"}, None),
        "leadOrigin": {"id": SOURCES.index(d.source), "name": d.source}, "createdAt": zulu(d.created), "updatedAt": zulu(d.updated),
        "customFields": {"employees": d.employees},
    }  # fmt: skip


def _raynet(d: Deal) -> Row:
    return {
        "id": d.n + 11, "code": f"OP-24-{d.n:03d}", "name": f"Deal {d.n}", "status": d.said("E_WIN", "F_LOST", "B_ACTIVE"),
        "businessCasePhase": {"id": d.said(5, 6, 2), "value": d.said("Win", "Lost", "Offer")},
        "company": {"id": d.n, "name": d.firm}, "owner": {"id": len(d.owner), "fullName": d.owner}, "totalAmount": d.amount,
        "estimatedValue": d.amount * d.said(100, 0, 50) / 100, "probability": d.said(100, 0, 50), "validFrom": day(d.created),
        "validTill": day(d.closed), "scheduledEnd": day(d.planned), "source": {"id": SOURCES.index(d.source), "value": d.source},
        "losingReason": d.said(None, {"id": 1, "value": "Price"}, None), "rowInfo.createdAt": iso(d.created, "%Y-%m-%d %H:%M"),
        "rowInfo.updatedAt": iso(d.updated, "%Y-%m-%d %H:%M"), "customFields": {"Employees_a1b2c": d.employees},
    }  # fmt: skip


def _livespace(d: Deal) -> Row:
    return {
        "id": f"{d.n:08x}-77aa-4000-8000-000000000000", "name": f"Deal {d.n}", "status": d.said("won", "lost", "open"),
        "created": iso(d.created, _PLAIN), "modified": iso(d.updated, _PLAIN), "stage": {"id": "s1", "name": "Oferta"},
        "owner": {"id": f"u{len(d.owner)}", "name": d.owner}, "value": {"value": d.amount, "currency": "PLN"},
        "dataset": [{"name": "Źródło", "value": d.source}, {"name": "Pracownicy", "value": d.employees}],
    }  # fmt: skip


def _megaplan(d: Deal) -> Row:
    return {
        "contentType": "Deal", "id": str(d.n + 5), "number": str(d.n), "name": f"Deal {d.n}",
        "state": {"contentType": "ProgramState", "id": d.said("3", "4", "1"),
                  "name": d.said("Сделка успешна", "Сделка провалена", "В работе")},
        "price": {"contentType": "Money", "currency": "RUB", "value": d.amount}, "Category1CustomFieldSource": d.source,
        "timeCreated": {"contentType": "DateTime", "value": iso(d.created)}, "Category1CustomFieldStaff": d.employees,
        "timeUpdated": {"contentType": "DateTime", "value": iso(d.updated)},
    }  # fmt: skip


def _hubspot_page(name: str, row: Callable[[Deal], Row], **around: object) -> Program:
    return answered(
        name,
        row,
        lambda rows: {
            **around,
            "results": rows,
            "paging": {"next": {"after": "100", "link": "https://x"}},
        },
    )


PROGRAMS: tuple[Program, ...] = (
    _hubspot_page("HubSpot deals", _hubspot),
    _hubspot_page("HubSpot deals with associations", _hubspot_with_contacts),
    _hubspot_page("HubSpot deals of an own pipeline", _hubspot_own_stages, total=600),
    answered("Pipedrive deals", _pipedrive, _pipedrive_answer),
    answered("Pipedrive deals (v2)", _pipedrive_v2,
             lambda rows: {"success": True, "data": rows, "additional_data": {"next_cursor": "eyJkZWFscyI6NTAwfQ"}}),
    answered("ActiveCampaign deals", _active_campaign, lambda rows: {
        "deals": rows, "meta": {"total": str(len(rows)), "currencies": {"EUR": {"currency": "EUR", "total": "9"}}},
    }, without=["source", "employees"]),
    answered("RD Station deals", _rd_station, lambda rows: {"total": len(rows), "has_more": False, "deals": rows}),
    answered("Agendor deals", _agendor, lambda rows: {"data": rows, "links": {}, "meta": {"totalCount": len(rows)}}),
    answered("Livespace deals", _livespace, lambda rows: {"result": 200, "status": True, "data": {"deal": rows}}),
    answered("Megaplan deals", _megaplan, lambda rows: {
        "meta": {"status": 200, "errors": [], "pagination": {"count": len(rows), "hasMoreNext": False}}, "data": rows,
    }),
    answered("Raynet business cases", _raynet, lambda rows: {"success": True, "totalCount": len(rows), "data": rows}),
)  # fmt: skip
