"""What the APIs of programs for offers, orders and accounts answer."""

from __future__ import annotations

from benchmarks.programs.made import SOURCES, Deal
from benchmarks.programs.writing import Program, Row, answered, day, iso

_PLAIN = "%Y-%m-%d %H:%M:%S"


def _odoo(d: Deal) -> Row:
    return {
        "id": d.n + 40, "name": f"Opportunity {d.n}", "type": "opportunity", "active": d.outcome != "lost",
        "probability": float(d.said(100, 0, 30)), "stage_id": d.said([4, "Won"], [1, "New"], [2, "Qualified"], [3, "Proposition"]),
        "user_id": [len(d.owner), d.owner], "team_id": [1, "Sales"], "partner_id": [d.n + 7, d.firm], "partner_name": d.firm,
        "email_from": d.mail, "phone": False, "source_id": [3 + SOURCES.index(d.source), d.source], "medium_id": False,
        "campaign_id": False, "expected_revenue": float(d.amount), "create_date": iso(d.created, _PLAIN),
        "write_date": iso(d.updated, _PLAIN), "date_open": iso(d.created, _PLAIN), "date_closed": iso(d.closed, _PLAIN) or False,
        "date_last_stage_update": iso(d.closed or d.created, _PLAIN), "date_deadline": False,
        "lost_reason_id": d.said(False, [1, "Too expensive"], False), "priority": d.draw.choice("012"),
        "day_close": (d.closed - d.created).days if d.closed else 0.0, "tag_ids": [], "x_studio_employees": d.employees,
    }  # fmt: skip


def _erpnext(d: Deal) -> Row:
    at = "%Y-%m-%d %H:%M:%S.000000"
    return {
        "name": f"CRM-OPP-2024-{d.n:05d}", "owner": "anna@firm.example", "creation": iso(d.created, at),
        "modified": iso(d.updated, at),
        "modified_by": "anna@firm.example", "docstatus": 0, "idx": 0, "naming_series": "CRM-OPP-.YYYY.-",
        "opportunity_from": "Lead", "party_name": f"CRM-LEAD-2024-{d.n:05d}", "customer_name": d.firm,
        "status": d.said("Converted", "Lost", "Open", "Quotation", "Replied"), "opportunity_type": "Sales", "source": d.source,
        "opportunity_owner": d.owner, "sales_stage": "Prospecting", "expected_closing": day(d.planned),
        "probability": float(d.said(100, 0, 50)), "currency": "EUR", "opportunity_amount": float(d.amount),
        "transaction_date": day(d.created), "company": "Our Firm", "order_lost_reason": d.said(None, "Price", None),
        "custom_employees": d.employees,
    }  # fmt: skip


def _frappe_crm(d: Deal) -> Row:
    at = "%Y-%m-%d %H:%M:%S.000000"
    return {
        "name": f"CRM-DEAL-2024-{d.n:05d}", "owner": "anna@firm.example", "creation": iso(d.created, at),
        "modified": iso(d.updated, at),
        "docstatus": 0, "idx": 0, "organization": d.firm, "deal_owner": d.owner,
        "status": d.said("Won", "Lost", "Qualification", "Demo/Making"), "probability": float(d.said(100, 0, 30)),
        "deal_value": float(d.amount), "expected_deal_value": float(d.amount), "close_date": day(d.closed),
        "expected_closure_date": day(d.planned), "source": d.source, "no_of_employees": d.employees, "email": d.mail,
        "lost_reason": d.said(None, "Pricing", None), "sla_status": "Fulfilled", "first_response_time": d.draw.randrange(9_000),
    }  # fmt: skip


def _weclapp(d: Deal) -> Row:
    return {
        "id": str(d.n + 3_000), "version": "3", "createdDate": int(d.created.timestamp() * 1000),
        "lastModifiedDate": int(d.updated.timestamp() * 1000), "opportunityNumber": f"OP{d.n}", "customerId": str(d.n),
        "title": f"Opportunity {d.n}", "responsibleUserId": str(len(d.owner)), "responsibleUserUsername": d.owner,
        "revenue": str(d.amount), "expectedSignatureDate": int(d.planned.timestamp() * 1000),
        "salesProbability": d.said(100, 0, 50), "salesStageId": d.said("5", "6", "4"),
        "salesStageName": d.said("gewonnen", "verloren", "Angebot"), "winLossReasonName": d.said(None, "Preis", None),
        "leadSourceName": d.source, "customAttributes": [{"attributeDefinitionId": "77", "numberValue": str(d.employees)}],
        "tags": [],
    }  # fmt: skip


def _dolibarr(d: Deal) -> Row:
    status = d.said("2", "3", "1")
    return {
        "id": str(d.n + 1), "ref": f"PR2403-{d.n:04d}", "socid": str(d.n + 3), "statut": status, "status": status,
        "date": int(d.created.timestamp()), "datep": int(d.created.timestamp()), "date_creation": int(d.created.timestamp()),
        "date_validation": int(d.created.timestamp()),
        "date_signature": int(d.closed.timestamp()) if d.outcome == "won" and d.closed else "",
        "fin_validite": int(d.created.timestamp()) + 15 * 86_400, "duree_validite": "15", "total_ht": f"{d.amount}.00000000",
        "total_tva": f"{d.amount * 0.2:.8f}", "total_ttc": f"{d.amount * 1.2:.8f}", "demand_reason": d.source,
        "user_author_id": str(len(d.owner)), "array_options": {"options_employees": str(d.employees)}, "note_private": "",
        "module": None,
    }  # fmt: skip


def _teamleader(d: Deal) -> Row:
    return {
        "id": f"{d.n:08x}-7a1b-4c2d-8e3f-000000000000", "title": f"Deal {d.n}", "summary": None, "reference": str(d.n),
        "status": d.said("won", "lost", "open"),
        "lead": {"customer": {"type": "company", "id": f"c{d.n}"}, "contact_person": None},
        "department": {"type": "department", "id": "d1"}, "estimated_value": {"amount": float(d.amount), "currency": "EUR"},
        "estimated_closing_date": day(d.planned), "estimated_probability": d.said(1, 0, 0.5),
        "weighted_value": {"amount": d.said(d.amount, 0, d.amount / 2), "currency": "EUR"},
        "current_phase": {"type": "dealPhase", "id": d.said("p5", "p3", "p3", "p2")},
        "responsible_user": {"type": "user", "id": f"u{len(d.owner)}"}, "closed_at": iso(d.closed),
        "source": {"type": "dealSource", "id": f"s{SOURCES.index(d.source)}"},
        "lost_reason": d.said(None, {"reason": {"type": "lostReason", "id": "r1"}, "remark": ""}, None),
        "created_at": iso(d.created), "updated_at": iso(d.updated),
        "web_url": f"https://focus.teamleader.eu/sale_detail.php?id={d.n}",
        "custom_fields": [{"definition": {"type": "customFieldDefinition", "id": "f1"}, "value": d.employees}],
    }  # fmt: skip


def _axonaut(d: Deal) -> Row:
    return {
        "id": d.n + 900, "name": f"Opportunity {d.n}", "comments": None, "amount": d.amount, "probability": d.said(100, 0, 50),
        "date": iso(d.created), "due_date": iso(d.planned), "end_date": iso(d.closed),
        "is_win": d.outcome == "won", "is_archived": d.outcome != "open", "user_name": d.owner, "pipe_name": "Ventes",
        "pipe_step_name": d.draw.choice(["Contact", "Devis"]), "company": {"id": d.n, "name": d.firm},
        "employees": [{"id": d.n, "email": d.mail}], "custom_fields": {"Effectif": d.employees, "Origine": d.source},
    }  # fmt: skip


def _sellsy(d: Deal) -> Row:
    return {
        "id": d.n + 60, "number": f"OPP-{d.n:05d}", "name": f"Opportunity {d.n}", "amount": f"{d.amount}.00", "currency": "EUR",
        "probability": d.said(100, 0, 50), "source": {"id": SOURCES.index(d.source), "name": d.source},
        "pipeline": {"id": 1, "name": "Sales"},
        "step": {"id": d.said(4, 2, 2, 3), "name": d.said("Signature", "Quote", "Quote", "Contact")},
        "status": d.said("won", "lost", "open", "late"), "due_date": day(d.planned), "note": "", "main_doc_id": None,
        "owner": {"id": len(d.owner), "type": "staff"}, "created": iso(d.created), "updated_status": iso(d.closed or d.created),
        "company_name": d.firm, "custom_fields": [{"id": 5, "name": "Employees", "value": d.employees}],
    }  # fmt: skip


def _lexware(d: Deal) -> Row:
    at = "%Y-%m-%dT%H:%M:%S.000+02:00"
    return {
        "id": f"{d.n:08x}-22aa-4bbb-8ccc-000000000000", "voucherType": "quotation",
        "voucherStatus": d.said("accepted", "rejected", "open"),
        "voucherNumber": f"AG{d.n:04d}", "voucherDate": iso(d.created, at), "createdDate": iso(d.created, at),
        "updatedDate": iso(d.updated, at), "dueDate": iso(d.created, at), "contactId": f"c{d.n}", "contactName": d.firm,
        "totalAmount": float(d.amount), "currency": "EUR", "archived": False,
    }  # fmt: skip


def _stripe(d: Deal) -> Row:
    closed = int(d.closed.timestamp()) if d.closed else None
    return {
        "id": f"qt_{d.n:024d}", "object": "quote", "amount_subtotal": d.amount * 100, "amount_total": d.amount * 100,
        "application": None, "automatic_tax": {"enabled": False, "status": None}, "collection_method": "send_invoice",
        "created": int(d.created.timestamp()), "currency": "eur", "customer": f"cus_{d.n:014d}", "description": None,
        "expires_at": int(d.created.timestamp()) + 60 * 86_400, "invoice": d.said(f"in_{d.n:024d}", None, None), "livemode": True,
        "metadata": {"source": d.source, "employees": str(d.employees)}, "number": f"QT-{d.n:04d}-1",
        "status": d.said("accepted", "canceled", "open"),
        "status_transitions": {"accepted_at": d.said(closed, None, None), "canceled_at": d.said(None, closed, None),
                               "finalized_at": int(d.created.timestamp())},
        "subscription": None, "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    answered("Odoo opportunities", _odoo, lambda rows: {"jsonrpc": "2.0", "id": 1, "result": rows}),
    answered("ERPNext opportunities", _erpnext, lambda rows: {"data": rows}),
    answered("Frappe CRM deals", _frappe_crm, lambda rows: {"data": rows}),
    answered("weclapp opportunities", _weclapp, lambda rows: {"result": rows}),
    answered("Dolibarr proposals by API", _dolibarr),
    answered("Teamleader deals", _teamleader, lambda rows: {"data": rows, "meta": {"page": {"size": 100, "number": 1}}}),
    answered("Axonaut opportunities", _axonaut),
    answered("Sellsy opportunities", _sellsy, lambda rows: {"data": rows, "pagination": {"limit": 100, "total": len(rows)}}),
    answered("Lexware Office quotations", _lexware, lambda rows: {
        "content": rows, "first": True, "last": True, "totalPages": 1, "totalElements": len(rows), "size": 250, "number": 0,
    }, without=["source", "employees"]),
    answered("Stripe quotes by API", _stripe, lambda rows: {"object": "list", "data": rows, "has_more": False, "url": "/v1/quotes"}),
)  # fmt: skip
