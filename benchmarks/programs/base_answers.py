"""What databases for everybody answer, and exports of those that own programs have."""

from __future__ import annotations

from datetime import datetime

from benchmarks.programs.made import SOURCES, Deal
from benchmarks.programs.writing import Program, Row, answered, day, iso, zulu


def _smartsheet(d: Deal) -> Row:
    def held(column: int, value: object) -> Row:
        return {"columnId": column, "value": value, "displayValue": str(value)}

    cells = [
        held(11, d.firm),
        held(12, d.said("Won", "Lost", "Proposal", "New")),
        held(13, d.source),
        held(14, d.employees),
        held(15, d.amount),
    ]
    return {
        "id": 4_000_000 + d.n, "rowNumber": d.n + 1, "expanded": True, "createdAt": zulu(d.created), "modifiedAt": zulu(d.updated),
        "cells": cells if d.closed is None else [*cells, held(16, day(d.closed))],
    }  # fmt: skip


def _smartsheet_answer(rows: list[Row]) -> object:
    titles = {11: "Firm", 12: "Status", 13: "Source", 14: "Employees", 15: "Value", 16: "Closed on"}
    columns = [
        {"id": number, "index": n, "title": title, "type": "TEXT_NUMBER", "version": 0}
        for n, (number, title) in enumerate(titles.items())
    ]
    return {
        "id": 9,
        "name": "Leads",
        "version": 5,
        "totalRowCount": len(rows),
        "accessLevel": "OWNER",
        "columns": columns,
        "rows": rows,
    }


def _baserow(d: Deal) -> Row:
    stage = d.said("Won", "Lost", "Proposal", "New")
    return {
        "id": d.n + 1, "order": f"{d.n + 1}.00000000000000000000", "Name": d.firm,
        "Status": {"id": len(stage), "value": stage, "color": "red"},
        "Source": {"id": 30 + SOURCES.index(d.source), "value": d.source, "color": "blue"}, "Employees": str(d.employees),
        "Value": str(d.amount),
        "Created on": zulu(d.created), "Last modified": zulu(d.updated), "Closed on": day(d.closed), "Files": [],
        "Contact": [{"id": d.n, "value": "Kim Roe"}],
    }  # fmt: skip


def _nocodb(d: Deal) -> Row:
    return {
        "Id": d.n + 1, "Title": d.firm, "CreatedAt": iso(d.created, "%Y-%m-%d %H:%M:%S+00:00"),
        "UpdatedAt": iso(d.updated, "%Y-%m-%d %H:%M:%S+00:00"),
        "Status": d.said("Won", "Lost", "Proposal", "New"), "Source": d.source, "Employees": d.employees, "Value": d.amount,
        "ClosedOn": day(d.closed),
    }  # fmt: skip


def _seatable(d: Deal) -> Row:
    row: dict[str, object] = {
        "_id": f"Qtf7xPmoRaiFyQPO1aE{d.n:03d}", "_ctime": iso(d.created, "%Y-%m-%dT%H:%M:%S.000+00:00"),
        "_mtime": iso(d.updated, "%Y-%m-%dT%H:%M:%S.000+00:00"),
        "_locked": None, "_archived": False, "_creator": "a@auth.local", "_last_modifier": "a@auth.local", "Name": d.firm,
        "Status": d.said("Gewonnen", "Verloren", "Angebot", "Neu"), "Quelle": d.source, "Mitarbeiter": d.employees,
        "Wert": d.amount,
    }  # fmt: skip
    return row if d.closed is None else {**row, "Entschieden": day(d.closed)}


def _strapi(d: Deal) -> Row:
    told = {
        "firm": d.firm, "state": d.said("won", "lost", "open"), "source": d.source, "employees": d.employees, "value": d.amount,
        "createdAt": zulu(d.created), "updatedAt": zulu(d.updated), "publishedAt": zulu(d.created),
    }  # fmt: skip
    return {"id": d.n + 1, "attributes": told}


def _coda(d: Deal) -> Row:
    return {
        "id": f"i-{d.n:08d}", "type": "row", "href": "https://coda.io/apis/v1/x", "name": d.firm, "index": d.n,
        "browserLink": "https://coda.io/x",
        "createdAt": zulu(d.created), "updatedAt": zulu(d.updated),
        "values": {"Firm": d.firm, "Status": d.said("Won", "Lost", "Proposal"), "Source": d.source, "Employees": d.employees, "Value": d.amount},
    }  # fmt: skip


def _podio(d: Deal) -> Row:
    def field(number: int, name: str, kind: str, value: object) -> Row:
        return {"field_id": number, "external_id": name.lower(), "label": name, "type": kind, "values": [{"value": value}],
                "config": {"settings": {"x": 1}}, "status": "active"}  # fmt: skip

    def choice(number: int, name: str, text: str) -> Row:
        return field(
            number,
            name,
            "category",
            {"id": len(text), "text": text, "status": "active", "color": "DCEBD8"},
        )

    return {
        "item_id": 70_000 + d.n, "app_item_id": d.n + 1, "title": d.firm, "created_on": iso(d.created, "%Y-%m-%d %H:%M:%S"),
        "last_event_on": iso(d.updated, "%Y-%m-%d %H:%M:%S"), "created_by": {"type": "user", "id": 1, "name": d.owner},
        "fields": [field(1, "Firm", "text", d.firm), choice(2, "Status", d.said("Won", "Lost", "Proposal", "New")), choice(3, "Source", d.source),
                   field(4, "Employees", "number", f"{d.employees}.0000"),
                   {**field(5, "Value", "money", None), "values": [{"value": f"{d.amount}.0000", "currency": "EUR"}]}],
        "comment_count": d.draw.randrange(4), "revision": 3,
    }  # fmt: skip


def _mongo(d: Deal) -> Row:
    return {
        "_id": {"$oid": f"{d.n:024x}"}, "firm": d.firm, "status": d.said("won", "lost", "open"), "source": d.source,
        "employees": {"$numberInt": str(d.employees)}, "value": {"$numberDecimal": f"{d.amount}.00"},
        "createdAt": {"$date": iso(d.created, "%Y-%m-%dT%H:%M:%S.000Z")},
        "updatedAt": {"$date": iso(d.updated, "%Y-%m-%dT%H:%M:%S.000Z")},
        "closedAt": {"$date": iso(d.closed, "%Y-%m-%dT%H:%M:%S.000Z")} if d.closed else None,
    }  # fmt: skip


def _firestore(d: Deal) -> Row:
    return {
        "name": f"projects/p/databases/(default)/documents/leads/{d.n:08x}",
        "fields": {"status": {"stringValue": d.said("won", "lost", "open")}, "source": {"stringValue": d.source},
                   "employees": {"integerValue": str(d.employees)}, "value": {"doubleValue": float(d.amount)}},
        "createTime": zulu(d.created), "updateTime": zulu(d.updated),
    }  # fmt: skip


def _sap(d: Deal) -> Row:
    return {
        "__metadata": {"uri": "https://x/sap/c4c/odata/v1/c4codataapi/OpportunityCollection('1')", "type": "c4codata.Opportunity", "etag": "x"},
        "ObjectID": f"00163E{d.n:026X}", "ID": str(d.n + 100), "Name": f"Opportunity {d.n}", "ProspectPartyName": d.firm,
        "LifeCycleStatusCode": d.said("4", "5", "2"), "LifeCycleStatusCodeText": d.said("Won", "Lost", "In Process"),
        "ResultReasonCodeText": d.said("Price", "Price", ""), "ProbabilityPercent": d.said("100", "0", "50"),
        "OriginTypeCode": f"00{SOURCES.index(d.source)}", "OriginTypeCodeText": d.source,
        "ExpectedRevenueAmount": f"{d.amount}.000000",
        "ExpectedRevenueAmountCurrencyCode": "EUR", "CreationDateTime": f"/Date({int(d.created.timestamp() * 1000)})/",
        "Employees_KUT": d.employees,
        "LastChangeDateTime": f"/Date({int(d.updated.timestamp() * 1000)})/",
    }  # fmt: skip


def _own_program(d: Deal) -> Row:
    """What a framework for web pages makes of a table: a yes for won, a date for closed, and PHP's dates."""

    def at(moment: datetime | None) -> Row | None:
        return (
            {"date": iso(moment, "%Y-%m-%d %H:%M:%S.000000"), "timezone_type": 3, "timezone": "UTC"}
            if moment
            else None
        )

    return {
        "id": d.n + 7, "createdAt": at(d.created), "closed_at": zulu(d.closed), "is_won": d.outcome == "won", "source": d.source,
        "employees": d.employees, "amount": d.amount,
    }  # fmt: skip


def _sheet(rows: list[Row]) -> object:
    """What Google's API for sheets answers: lists, of which the first is the header."""
    return {
        "range": "Leads!A1:G601",
        "majorDimension": "ROWS",
        "values": [list(rows[0]), *([str(cell) for cell in row.values()] for row in rows)],
    }


def _sheet_row(d: Deal) -> Row:
    return {
        "Date": day(d.created),
        "Firm": d.firm,
        "Source": d.source,
        "Employees": d.employees,
        "Value": d.amount,
        "Status": d.said("Won", "Lost", "Open"),
    }


PROGRAMS: tuple[Program, ...] = (
    answered("Smartsheet rows", _smartsheet, _smartsheet_answer),
    answered(
        "Baserow rows",
        _baserow,
        lambda rows: {"count": len(rows), "next": None, "previous": None, "results": rows},
    ),
    answered(
        "NocoDB records",
        _nocodb,
        lambda rows: {
            "list": rows,
            "pageInfo": {"totalRows": len(rows), "page": 1, "isFirstPage": True},
        },
    ),
    answered("SeaTable rows", _seatable, lambda rows: {"rows": rows}),
    answered(
        "Strapi entries",
        _strapi,
        lambda rows: {"data": rows, "meta": {"pagination": {"page": 1, "pageCount": 1}}},
    ),
    answered(
        "Coda rows",
        _coda,
        lambda rows: {
            "items": rows,
            "href": "https://coda.io/x",
            "nextPageToken": "x",
            "nextPageLink": "https://coda.io/x",
        },
    ),
    answered(
        "Podio items",
        _podio,
        lambda rows: {"total": len(rows), "filtered": len(rows), "items": rows},
    ),
    answered("MongoDB export", _mongo),
    answered(
        "Firestore documents", _firestore, lambda rows: {"documents": rows, "nextPageToken": "x"}
    ),
    answered("SAP opportunities", _sap, lambda rows: {"d": {"results": rows}}),
    answered(
        "Own program",
        _own_program,
        lambda rows: {"data": rows, "links": {}, "meta": {"total": len(rows)}},
    ),
    answered("Google Sheets values", _sheet_row, _sheet),
)
