"""What the APIs of large CRMs answer, and of those that came from them."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, answered, cell, day, exported, iso, zulu


def _salesforce(d: Deal) -> Row:
    at = "%Y-%m-%dT%H:%M:%S.000+0000"
    return {
        "attributes": {"type": "Opportunity", "url": f"/services/data/v60.0/sobjects/Opportunity/006{d.n:012d}AAA"},
        "Id": f"006{d.n:012d}AAA", "AccountId": f"001{d.n:012d}AAA", "Name": f"Opportunity {d.n}", "Type": "New Customer",
        "StageName": d.said("Closed Won", "Closed Lost", "Prospecting", "Qualification"), "Amount": float(d.amount),
        "Probability": float(d.said(100, 0, 10)), "ExpectedRevenue": float(d.said(d.amount, 0, d.amount / 10)),
        "CloseDate": day(d.planned), "IsClosed": d.outcome != "open", "IsWon": d.outcome == "won",
        "ForecastCategory": d.said("Closed", "Omitted", "Pipeline"), "LeadSource": d.source, "CreatedDate": iso(d.created, at),
        "LastModifiedDate": iso(d.updated, at), "SystemModstamp": iso(d.updated, at), "LastActivityDate": day(d.updated),
        "OwnerId": f"005{len(d.owner):012d}AAA", "Owner": {"attributes": {"type": "User", "url": "/x"}, "Name": d.owner},
        "Account": {"attributes": {"type": "Account", "url": "/y"}, "Name": d.firm, "NumberOfEmployees": d.employees},
    }  # fmt: skip


def _salesforce_bulk(d: Deal) -> Row:
    at = "%Y-%m-%dT%H:%M:%S.000Z"
    return {
        "Id": f"006{d.n:012d}AAA", "Name": f"Opportunity {d.n}", "Account.Name": d.firm,
        "Account.NumberOfEmployees": d.employees, "StageName": d.said("Closed Won", "Closed Lost", "Needs Analysis"),
        "Amount": f"{d.amount}.0", "Probability": f"{d.said(100, 0, 20)}.0", "CloseDate": day(d.planned), "LeadSource": d.source,
        "Owner.Name": d.owner, "CreatedDate": cell(d.created, at), "LastModifiedDate": cell(d.updated, at),
    }  # fmt: skip


def _salesforce_lead(d: Deal) -> Row:
    at = "%Y-%m-%dT%H:%M:%S.000+0000"
    return {
        "attributes": {"type": "Lead", "url": f"/services/data/v60.0/sobjects/Lead/00Q{d.n:012d}AAA"},
        "Id": f"00Q{d.n:012d}AAA", "Company": d.firm, "Email": d.mail, "LeadSource": d.source,
        "Status": d.said("Closed - Converted", "Closed - Not Converted", "Open - Not Contacted", "Working - Contacted"),
        "NumberOfEmployees": d.employees, "IsConverted": d.outcome == "won",
        "ConvertedDate": day(d.closed) if d.outcome == "won" else None,
        "ConvertedAccountId": f"001{d.n:012d}AAA" if d.outcome == "won" else None, "CreatedDate": iso(d.created, at),
        "LastModifiedDate": iso(d.updated, at), "OwnerId": f"005{len(d.owner):012d}AAA",
    }  # fmt: skip


def _suite(d: Deal) -> Row:
    told = {
        "name": f"Opportunity {d.n}", "date_entered": iso(d.created), "date_modified": iso(d.updated), "modified_user_id": "1",
        "modified_by_name": "admin", "created_by": "1", "description": "", "deleted": "0",
        "assigned_user_id": str(len(d.owner)), "opportunity_type": "New Business", "account_name": d.firm,
        "lead_source": d.source, "amount": str(d.amount), "amount_usdollar": str(d.amount), "currency_id": "-99",
        "date_closed": day(d.planned), "next_step": "", "sales_stage": d.said("Closed Won", "Closed Lost", "Prospecting"),
        "probability": str(d.said(100, 0, 10)), "employees_c": str(d.employees),
    }  # fmt: skip
    relations = {"Accounts": {"links": {"related": "x"}}}
    row_id = f"{d.n:08x}-aaaa-bbbb-cccc-000000000000"
    return {"type": "Opportunity", "id": row_id, "attributes": told, "relationships": relations}


def _sugar(d: Deal) -> Row:
    return {
        "id": f"{d.n:08x}-1111-11ee-9e3d-000000000000", "name": f"Opportunity {d.n}", "date_entered": iso(d.created),
        "date_modified": iso(d.updated), "modified_user_id": "1", "modified_by_name": "Administrator", "created_by": "1",
        "deleted": False, "opportunity_type": "New Business", "account_name": d.firm, "lead_source": d.source,
        "amount": f"{d.amount}.000000", "amount_usdollar": f"{d.amount}.000000", "currency_id": "-99", "base_rate": "1.000000",
        "date_closed": day(d.planned), "date_closed_timestamp": int(d.planned.timestamp()), "next_step": "",
        "sales_stage": d.said("Closed Won", "Closed Lost", "Prospecting"),
        "sales_status": d.said("Closed Won", "Closed Lost", "In Progress"), "probability": d.said(100, 0, 10),
        "best_case": f"{d.amount}.000000", "worst_case": f"{d.amount}.000000",
        "closed_revenue_line_items": int(d.closed is not None),
        "assigned_user_name": d.owner, "employees_c": d.employees, "_acl": {"fields": {}}, "_module": "Opportunities",
    }  # fmt: skip


def _espo(d: Deal) -> Row:
    return {
        "id": f"5{d.n:016x}", "name": f"Opportunity {d.n}", "deleted": False, "amount": d.amount, "amountCurrency": "EUR",
        "amountConverted": d.amount, "amountWeightedConverted": d.amount * d.said(100, 0, 50) / 100,
        "stage": d.said("Closed Won", "Closed Lost", "Proposal"), "lastStage": d.draw.choice(["Proposal", "Negotiation"]),
        "probability": d.said(100, 0, 50), "leadSource": d.source, "closeDate": day(d.planned),
        "createdAt": iso(d.created, "%Y-%m-%d %H:%M:%S"), "modifiedAt": iso(d.updated, "%Y-%m-%d %H:%M:%S"),
        "accountId": f"a{d.n}", "accountName": d.firm, "assignedUserId": f"u{len(d.owner)}", "assignedUserName": d.owner,
        "cEmployees": d.employees,
    }  # fmt: skip


def _vtiger(d: Deal) -> Row:
    return {
        "potentialname": f"Potential {d.n}", "potential_no": f"POT{d.n}", "amount": f"{d.amount}.00000", "related_to": f"11x{d.n}",
        "closingdate": day(d.planned), "opportunity_type": "New Business", "nextstep": "", "leadsource": d.source,
        "sales_stage": d.said("Closed Won", "Closed Lost", "Prospecting"), "assigned_user_id": f"19x{len(d.owner)}",
        "probability": f"{d.said(100, 0, 20)}.000", "campaignid": "", "createdtime": iso(d.created, "%Y-%m-%d %H:%M:%S"),
        "modifiedtime": iso(d.updated, "%Y-%m-%d %H:%M:%S"), "modifiedby": "19x1", "description": "",
        "forecast_amount": f"{d.amount * d.said(100, 0, 20) / 100}", "isconvertedfrompotential": "0", "contact_id": f"12x{d.n}",
        "cf_751": str(d.employees), "starred": "", "tags": "", "id": f"13x{d.n + 40}",
    }  # fmt: skip


def _zoho(d: Deal) -> Row:
    return {
        "id": str(5_000_000_000 + d.n), "Deal_Name": f"Deal {d.n}", "Stage": d.said("Closed Won", "Closed Lost", "Qualification"),
        "Amount": d.amount, "Closing_Date": day(d.planned), "Created_Time": iso(d.created), "Modified_Time": iso(d.updated),
        "Lead_Source": d.source, "Owner": {"name": d.owner, "id": str(len(d.owner)), "email": "a@firm.example"},
        "Account_Name": {"name": d.firm, "id": str(d.n)}, "Probability": d.said(100, 0, 40), "Employees": d.employees,
        "$approved": True, "$editable": True, "Tag": [],
    }  # fmt: skip


def _dynamics(d: Deal) -> Row:
    return {
        "@odata.etag": 'W/"1"', "opportunityid": f"{d.n:08x}-0000-4000-8000-000000000000", "name": f"Opportunity {d.n}",
        "statecode": d.said(1, 2, 0), "statecode@OData.Community.Display.V1.FormattedValue": d.said("Won", "Lost", "Open"),
        "statuscode": d.said(3, 4, 1), "createdon": zulu(d.created), "modifiedon": zulu(d.updated),
        "actualclosedate": day(d.closed), "estimatedvalue": d.amount, "actualvalue": d.said(d.amount, 0, None),
        "closeprobability": d.said(100, 0, 50), "new_source": d.source, "new_employees": d.employees,
        "_ownerid_value": f"u{len(d.owner)}", "_customerid_value": f"c{d.n}",
    }  # fmt: skip


def _insightly(d: Deal) -> Row:
    at = "%Y-%m-%d %H:%M:%S"
    return {
        "OPPORTUNITY_ID": 30_000 + d.n, "OPPORTUNITY_NAME": f"Opportunity {d.n}", "OPPORTUNITY_DETAILS": None,
        "OPPORTUNITY_STATE": d.said("WON", d.draw.choice(["LOST", "ABANDONED"]), "OPEN", "SUSPENDED"),
        "RESPONSIBLE_USER_ID": len(d.owner), "CATEGORY_ID": 7, "IMAGE_URL": None, "BID_CURRENCY": "EUR", "BID_AMOUNT": d.amount,
        "BID_TYPE": "Fixed Bid", "BID_DURATION": None, "ACTUAL_CLOSE_DATE": iso(d.closed, at),
        "DATE_CREATED_UTC": iso(d.created, at), "DATE_UPDATED_UTC": iso(d.updated, at), "OPPORTUNITY_VALUE": d.amount,
        "PROBABILITY": d.said(100, 0, 50), "FORECAST_CLOSE_DATE": iso(d.planned, at), "OWNER_USER_ID": len(d.owner),
        "LAST_ACTIVITY_DATE_UTC": iso(d.updated, at), "NEXT_ACTIVITY_DATE_UTC": None, "PIPELINE_ID": 5,
        "STAGE_ID": d.draw.choice([21, 22]), "CREATED_USER_ID": 1, "ORGANISATION_ID": d.n,
        "CUSTOMFIELDS": [{"FIELD_NAME": "Source__c", "FIELD_VALUE": d.source},
                         {"FIELD_NAME": "Employees__c", "FIELD_VALUE": d.employees}],
        "TAGS": [], "LINKS": [],
    }  # fmt: skip


def _superoffice(d: Deal) -> Row:
    at = "%Y-%m-%dT%H:%M:%S"
    return {
        "PrimaryKey": str(d.n + 1), "EntityName": "sale", "saleId": d.n + 1, "heading": f"Sale {d.n}", "amount": d.amount,
        "currency": "EUR", "saleStatus": d.said("Sold", "Lost", "Open"), "stage": d.said("Sold (100%)", "Lost (0%)", "Quote (50%)"),
        "probPercent": d.said(100, 0, 50), "saledate": iso(d.planned, at), "registeredDate": iso(d.created, at),
        "updatedDate": iso(d.updated, at), "source": d.source, "associateId": d.owner[:3].upper(), "contact/name": d.firm,
        "saleUdef/employees": d.employees,
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    answered("Salesforce opportunities", _salesforce, lambda rows: {"totalSize": len(rows), "done": True, "records": rows}),
    exported("Salesforce bulk opportunities", _salesforce_bulk),
    answered("Salesforce leads", _salesforce_lead, lambda rows: {"totalSize": len(rows), "done": True, "records": rows},
             without=["amount"]),
    answered("SuiteCRM opportunities", _suite,
             lambda rows: {"meta": {"total-pages": 1, "records-on-this-page": len(rows)}, "data": rows}),
    answered("Sugar opportunities", _sugar, lambda rows: {"next_offset": -1, "records": rows}),
    answered("EspoCRM opportunities", _espo, lambda rows: {"total": len(rows), "list": rows}),
    answered("Vtiger potentials", _vtiger, lambda rows: {"success": True, "result": rows}),
    answered("Zoho deals", _zoho, lambda rows: {
        "data": rows, "info": {"per_page": 200, "count": len(rows), "page": 1, "more_records": False},
    }),
    answered("Dynamics opportunities", _dynamics,
             lambda rows: {"@odata.context": "https://x/api/data/v9.2/$metadata#opportunities", "value": rows}),
    answered("Insightly opportunities", _insightly),
    answered("SuperOffice sales", _superoffice, lambda rows: {"odata.metadata": "https://x/$metadata", "value": rows}),
)  # fmt: skip
