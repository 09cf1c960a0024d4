"""Exports and API answers of CRMs: recognised by their names, read by the vendor's own rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kits.lead_scoring._reading.columns.mapping import known_mappings, load_mappings
from kits.lead_scoring.config import SourceConfig
from tests.lead_scoring.reading.lead_files import put, read, source, table


def test_every_mapping_can_be_chosen() -> None:
    annotation = SourceConfig.model_fields["mapping"].annotation
    assert set(known_mappings()) == set(annotation.__args__) - {"auto", "none"}  # type: ignore[union-attr]


@pytest.mark.parametrize("crm", known_mappings())
def test_mappings_are_well_formed(crm: str) -> None:
    for one in load_mappings(crm):
        assert len(one.names.detect) >= 3, one.object
        assert one.names.id and one.names.decided_at, one.object


def test_hubspot_deals_of_the_api(tmp_path: Path) -> None:
    def deal(number: int, stage: str, won: str, closed: str) -> dict[str, object]:
        return {
            "id": str(number), "createdAt": "2025-01-01T00:00:00Z", "updatedAt": "2025-05-01T00:00:00Z", "archived": False,
            "properties": {
                "hs_object_id": str(number), "dealname": f"Deal of person {number}", "dealstage": stage,
                "createdate": f"2025-01-0{number}T10:00:00.000Z", "closedate": "2025-03-01T10:00:00Z",
                "hs_is_closed_won": won, "hs_is_closed": closed, "pipeline": "default", "amount": "1500",
                "closed_lost_reason": "price" if closed == "true" else None, "hs_lastmodifieddate": "2025-05-01T00:00:00Z",
                "hs_v2_date_entered_closedwon": "2025-03-01T10:00:00Z", "deal_source": "fair",
            },
        }  # fmt: skip

    pages = {
        "results": [
            deal(1, "closedwon", "true", "true"),
            deal(2, "x99", "false", "true"),
            deal(3, "x12", "false", "false"),
        ]
    }
    found = read(put(tmp_path / "deals.json", pages))
    assert "HubSpot deals" in found.told("columns")
    assert found.labels == ["won", "lost", ""]
    assert [lead.id for lead in found.leads] == ["1", "2", "3"]
    assert found.leads[0].fields == {"pipeline": "default", "amount": 1500.0, "deal_source": "fair"}
    assert found.leads[0].at is not None and found.leads[0].at.day == 1
    assert "closed_lost_reason" in {
        e for f in found.findings if f.check == "known-later" for e in f.evidence
    }


def test_hubspot_contacts_of_an_export(tmp_path: Path) -> None:
    header = [
        "Record ID",
        "First Name",
        "Email",
        "Lifecycle Stage",
        "Lead Status",
        "Original Source",
        "Create Date",
        "Number of Associated Deals",
    ]
    rows = [
        ["11", "Ann", "ann@acme.example", "Customer", "", "Organic", "2025-01-01 10:00", "2"],
        ["12", "Ben", "ben@gmail.com", "Lead", "Unqualified", "Paid", "2025-01-02 10:00", ""],
        ["13", "Cid", "cid@b.example", "Lead", "New", "Paid", "2025-01-03 10:00", ""],
    ]  # fmt: skip
    found = read(put(tmp_path / "contacts.csv", table(header, rows)))
    assert found.labels == ["won", "lost", ""]
    assert found.leads[1].fields == {"Email (kind of mailbox)": "free", "Original Source": "Paid"}


def test_hubspot_contacts_with_what_is_known_of_their_companies_are_contacts(
    tmp_path: Path,
) -> None:
    of_companies = ["Company Name", "Number of Employees", "Total Revenue", "Recent Deal Amount", "Number of Associated Deals"]  # fmt: skip
    header = ["Record ID", "First Name", "Email", "Contact owner", "Lifecycle Stage", "Lead Status", "Create Date", "Became a Customer Date", *of_companies]  # fmt: skip
    rows = [
        ["11", "Ann", "ann@acme.example", "Sam", "Customer", "", "2025-01-01 10:00", "2025-02-01 10:00", "Acme", "40", "900", "900", "1"],
        ["12", "Ben", "ben@b.example", "Sam", "Lead", "Unqualified", "2025-01-02 10:00", "", "B", "7", "", "", ""],
    ]  # fmt: skip
    found = read(put(tmp_path / "all-contacts.csv", table(header, rows)))
    assert "HubSpot contacts" in found.told("columns")
    assert found.labels == ["won", "lost"]
    assert "outcome_at=Became a Customer Date" in found.told("columns")
    assert not {"Total Revenue", "Recent Deal Amount"} & found.leads[0].fields.keys()


def test_hubspot_pages_one_a_line(tmp_path: Path) -> None:
    def page(n: int) -> dict[str, object]:
        won = bool(n % 2)
        properties = {
            "dealstage": "closedwon" if won else "closedlost", "dealname": "n", "hs_is_closed_won": won, "region": f"r{n}"
        }  # fmt: skip
        return {"results": [{"id": str(n), "properties": properties}], "paging": {}}

    lines = "\n".join(json.dumps(page(n)) for n in range(1, 5))
    found = read(put(tmp_path / "pages.jsonl", lines))
    assert [lead.id for lead in found.leads] == ["1", "2", "3", "4"]
    assert found.labels == ["won", "lost", "won", "lost"]
    assert found.column("region") == ["r1", "r2", "r3", "r4"]


def test_hubspot_records_with_their_history_are_as_they_were(tmp_path: Path) -> None:
    def contact(number: int) -> dict[str, object]:
        changes = [
            {"value": "hot", "timestamp": "2025-06-01T00:00:00Z", "sourceType": "CRM_UI"},
            {"value": f"cold{number % 2}", "timestamp": "2025-01-01T00:00:00Z", "sourceType": "FORM"},
        ]  # fmt: skip
        stage = "customer" if number % 2 else "lead"
        properties = {
            "createdate": "2025-01-02T00:00:00Z",
            "lifecyclestage": stage,
            "hs_lead_status": "UNQUALIFIED",
            "hs_analytics_source": "x",
            "mood": "hot",
        }
        return {
            "id": str(number),
            "properties": properties,
            "propertiesWithHistory": {"mood": changes},
        }

    found = read(put(tmp_path / "contacts.json", {"results": [contact(n) for n in range(1, 9)]}))
    assert found.column("mood")[:2] == ["cold1", "cold0"]
    assert found.labels[:2] == ["won", "lost"]
    assert "1 fields as they were at the decision" in found.told("joined")


def test_salesforce_leads_of_the_api(tmp_path: Path) -> None:
    def lead(number: int, converted: bool, status: str) -> dict[str, object]:
        return {
            "attributes": {"type": "Lead", "url": f"/services/data/v60.0/sobjects/Lead/{number}"},
            "Id": f"00Q{number:015}", "LeadSource": "Web", "Status": status, "IsConverted": converted,
            "ConvertedDate": "2025-02-01" if converted else None, "ConvertedAccountId": "001x" if converted else None,
            "CreatedDate": "2025-01-05T08:00:00.000+0000", "Campaign": {"attributes": {"type": "Campaign", "url": "/x"}, "Type": "Fair"},
            "Industry": "Retail", "SystemModstamp": "2025-03-01T08:00:00.000+0000",
        }  # fmt: skip

    answer = {"totalSize": 3, "done": True, "records": [
        lead(1, True, "Closed - Converted"), lead(2, False, "Closed - Not Converted"), lead(3, False, "Working - Contacted"),
    ]}  # fmt: skip
    found = read(put(tmp_path / "leads.json", answer))
    assert "Salesforce leads" in found.told("columns")
    assert found.labels == ["won", "lost", ""]
    assert found.leads[0].fields == {
        "LeadSource": "Web",
        "Campaign.Type": "Fair",
        "Industry": "Retail",
    }


def test_salesforce_opportunities_of_a_report(tmp_path: Path) -> None:
    header = [
        "Opportunity ID",
        "Opportunity Name",
        "Stage",
        "Won",
        "Closed",
        "Close Date",
        "Created Date",
        "Probability (%)",
        "Type",
    ]
    rows = [
        ["006A", "Acme", "Vertrag", "1", "1", "31.03.2025", "13.01.2025", "100", "New"],
        ["006B", "Beta", "Weg", "0", "1", "30.03.2025", "14.01.2025", "0", "New"],
        ["006C", "Coda", "Demo", "0", "0", "30.06.2025", "15.01.2025", "40", "Add-on"],
    ]  # fmt: skip
    text = table(header, rows, ";") + "\nMy report;;;;;;;;\n"
    found = read(put(tmp_path / "report.csv", text))
    assert found.labels[:3] == ["won", "lost", ""]
    assert found.leads[0].fields == {"Type": "New"}


def test_pipedrive_deals_of_the_api_and_of_an_export(tmp_path: Path) -> None:
    data = [
        {"id": n, "title": f"T{n}", "status": status, "add_time": "2025-01-02 10:00:00", "update_time": "2025-04-01 10:00:00",
         "won_time": "2025-03-01 10:00:00" if status == "won" else None, "stage_id": 3, "lost_reason": None, "channel": "fair",
         "person_id": {"name": "Ann", "email": [{"label": "work", "value": "a@acme.example", "primary": True}], "value": 9}}
        for n, status in enumerate(["won", "lost", "open"], start=1)
    ]  # fmt: skip
    found = read(put(tmp_path / "deals.json", {"success": True, "data": data}))
    assert "Pipedrive deals" in found.told("columns") and found.labels == ["won", "lost", ""]
    assert found.leads[0].fields["channel"] == "fair"
    assert found.leads[0].fields["person_id.email (kind of mailbox)"] == "company"
    assert not {"stage_id", "status", "won_time"} & set(found.leads[0].fields)
    header = [
        "Deal - ID",
        "Deal - Title",
        "Deal - Status",
        "Deal - Deal created",
        "Deal - Won time",
        "Deal - Stage",
        "Deal - Channel",
    ]
    rows = [
        ["1", "T", "Won", "2025-01-02", "2025-02-01", "Offer", "fair"],
        ["2", "T", "Lost", "2025-01-03", "", "Offer", "web"],
    ]
    found = read(put(tmp_path / "deals.csv", table(header, rows)))
    assert found.labels == ["won", "lost"]
    assert found.column("Channel") == ["fair", "web"]
    assert set(found.leads[0].fields) == {"Channel"}


def test_odoo_leads_with_false_for_what_is_empty(tmp_path: Path) -> None:
    def lead(number: int, stage: str, active: bool, reason: object) -> dict[str, object]:
        return {
            "id": number, "name": f"Anfrage {number}", "stage_id": [number, stage], "active": active, "probability": 100.0,
            "create_date": "2025-01-02 10:00:00", "date_closed": False, "lost_reason_id": reason, "city": "Ulm" if number == 3 else False,
            "source_id": [1, "Messe"], "expected_revenue": 500.0, "write_date": "2025-03-02 10:00:00",
            "date_last_stage_update": "2025-02-02 10:00:00", "phone_ok": number == 1,
        }  # fmt: skip

    answer = {"jsonrpc": "2.0", "id": 1, "result": [
        lead(1, "Won", True, False), lead(2, "Offer", False, [4, "Too expensive"]), lead(3, "Offer", True, False),
    ]}  # fmt: skip
    found = read(put(tmp_path / "leads.json", answer))
    assert "Odoo leads" in found.told("columns") and found.labels == ["won", "lost", ""]
    assert found.column("source_id") == ["Messe"] * 3
    assert found.column("city") == [None, None, "Ulm"]
    assert found.column("phone_ok") == [True, False, False]


def test_a_mapping_can_be_named_or_refused(tmp_path: Path) -> None:
    header = ["Record ID", "Deal Stage", "Days to close"]
    rows = [["1", "Closed Won", "3"], ["2", "Closed Lost", "9"]]
    path = put(tmp_path / "e.csv", table(header, rows))
    assert read(path).column("Days to close") == [3.0, 9.0]
    for found in (read(path, source(mapping="hubspot")), read(path, format="hubspot")):
        assert found.column("Days to close") == [None, None]
    assert read(path, source(mapping="none")).labels == ["won", "lost"]
    kept = {"source": {"mapping": "hubspot"}, "columns": {"keep": ["Days to close"]}}
    assert read(path, kept).column("Days to close") == [3.0, 9.0]


def test_fields_that_an_api_lists_with_their_values_are_columns(tmp_path: Path) -> None:
    rows = [
        {"id": 70 + n, "status": ("Won", "Lost")[n % 2],
         "custom_fields": [{"custom_field_definition_id": 7001, "value": "it"}, {"custom_field_definition_id": 7002, "value": n % 7}],
         "note_attributes": [{"name": "Team size", "value": 5 * n}, {"name": "Plan", "value": None}],
         "column_values": [{"id": "s", "title": "Stage", "text": "Done", "value": "{}"}, {"id": "d", "title": "Fit", "text": "A", "value": "{}"}],
         "fields": [{"definition": {"type": "x", "id": "ab-1"}, "value": True}],
         "calls": [{"minutes": 3}, {"minutes": 9}]}
        for n in range(30)
    ]  # fmt: skip
    found = read(put(tmp_path / "answer.json", rows))
    fields = found.leads[3].fields
    assert fields["custom_fields.7001"] == "it" and fields["custom_fields.7002"] == 3.0
    assert fields["note_attributes.Team size"] == 15.0 and fields["column_values.Fit"] == "A"
    assert found.column("ab-1")[3] is True
    assert "in a row of calls: the first of each was read" in found.told("lists-of-objects")


def test_odoo_in_italian_has_its_lost_leads_archived(tmp_path: Path) -> None:
    header = ["ID", "Opportunità", "Fase", "Attivo", "Probabilità", "Motivo di perdita", "Ricavi previsti", "Data di creazione", "Fonte"]  # fmt: skip
    rows = [
        [1, "A", "Vinto", "True", "100,00", "", "900,00", "02/01/2025 10:00:00", "Fiera"],
        [2, "B", "Nuovo", "False", "0,00", "Prezzo", "800,00", "03/01/2025 10:00:00", "Web"],
        [3, "C", "Proposta", "True", "35,50", "", "700,00", "14/01/2025 10:00:00", "Web"],
    ]
    found = read(put(tmp_path / "odoo.csv", table(header, rows, ";")))
    assert found.labels == ["won", "lost", ""] and "Odoo leads" in found.told("columns")
    assert not {"Attivo", "Probabilità", "Motivo di perdita"} & set(found.leads[0].fields)


def test_odoo_in_french_has_its_lost_leads_archived(tmp_path: Path) -> None:
    header = [
        "ID",
        "Opportunité",
        "Étape",
        "Actif",
        "Probabilité",
        "Motif de perte",
        "Créé le",
        "Date de clôture",
        "Source",
    ]
    rows = [
        [1, "A", "Gagné", "True", "100,0", "", "02/01/2025 10:00:00", "14/02/2025 10:00:00", "Salon"],
        [2, "B", "Nouveau", "False", "0,0", "Trop cher", "03/01/2025 10:00:00", "15/02/2025 10:00:00", "Web"],
        [3, "C", "Qualifié", "True", "35,5", "", "04/01/2025 10:00:00", "", "Web"],
    ]  # fmt: skip
    found = read(put(tmp_path / "odoo.csv", table(header, rows, ";")))
    assert found.labels == ["won", "lost", ""] and "Odoo leads" in found.told("columns")
    assert set(found.leads[0].fields) == {"Opportunité", "Source"}


def test_zoho_leads_that_were_not_converted_are_lost_by_their_status(tmp_path: Path) -> None:
    header = [
        "Record Id",
        "Lead Owner",
        "Lead Status",
        "Is Converted",
        "Created Time",
        "Modified Time",
        "Lead Conversion Time",
        "Days Visited",
    ]
    rows = [
        ["zcrm_1", "A B", "Contacted", "true", "2025-01-02 10:00:00", "2025-02-02 10:00:00", 31, 4],
        ["zcrm_2", "A B", "Junk Lead", "false", "2025-01-03 10:00:00", "2025-02-02 10:00:00", "", 1],
        ["zcrm_3", "A B", "Not Qualified", "false", "2025-01-03 10:00:00", "2025-02-02 10:00:00", "", 1],
        ["zcrm_4", "A B", "Contacted", "false", "2025-01-04 10:00:00", "2025-02-02 10:00:00", "", 2],
    ]  # fmt: skip
    found = read(put(tmp_path / "zoho.csv", table(header, rows)))
    assert found.labels == ["won", "lost", "lost", ""] and "Zoho leads" in found.told("columns")
    assert set(found.leads[0].fields) == {"Lead Owner", "Days Visited"}


def test_dynamics_leads_of_an_export_for_import_again(tmp_path: Path) -> None:
    header = [
        "(Do Not Modify) Lead", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "Status", "Status Reason", "Lead Source", "Created On",
    ]  # fmt: skip
    guid = "0A1B2C3D-aaaa-bbbb-cccc-00000000000"
    rows = [
        [f"{guid}1", "x==", "2/3/2025 9:00 AM", "Qualified", "Qualified", "Web", "1/13/2025 9:00 AM"],
        [f"{guid}2", "y==", "2/3/2025 9:00 AM", "Disqualified", "Canceled", "Partner", "1/14/2025 9:00 AM"],
        [f"{guid}3", "z==", "2/3/2025 9:00 AM", "Open", "New", "Web", "1/15/2025 9:00 AM"],
    ]  # fmt: skip
    found = read(put(tmp_path / "dyn.csv", table(header, rows)))
    assert found.labels == ["won", "lost", ""] and "Dynamics leads" in found.told("columns")
    assert found.column("Lead Source") == ["Web", "Partner", "Web"]
    assert set(found.leads[0].fields) == {"Lead Source"}
    assert found.samples[0].key == "Dynamics leads:0a1b2c3d-aaaa-bbbb-cccc-000000000001"


@pytest.mark.parametrize("without", ["Status Reason", "(Do Not Modify) Lead", "(Do Not Modify) Row Checksum"])  # fmt: skip
def test_dynamics_leads_are_known_whichever_columns_the_view_has(
    tmp_path: Path, without: str
) -> None:
    header = [
        "(Do Not Modify) Lead", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "Status", "Status Reason",
        "Industry (Parent Account for lead) (Account)", "Created On",
    ]  # fmt: skip
    rows = [
        [f"0A1B2C3D-aaaa-bbbb-cccc-00000000000{n}", f"{n}==", "2/3/2025 9:00 AM", said, said, "Steel", "1/13/2025 9:00 AM"]
        for n, said in enumerate(["Qualified", "Disqualified", "Open"])
    ]  # fmt: skip
    place = header.index(without)
    cut = [[cell for n, cell in enumerate(row) if n != place] for row in (header, *rows)]
    found = read(put(tmp_path / "dyn.csv", table(cut[0], cut[1:])))
    assert "Dynamics leads" in found.told("columns")
    assert {*found.leads[0].fields} == {header[5]}


def test_an_account_in_a_report_of_another_crm_makes_it_no_dynamics(tmp_path: Path) -> None:
    header = ["Topic", "Status", "Industry (Account)", "Sales (EUR) (net)", "Parent Account", "Modified On", "Created On"]  # fmt: skip
    rows = [
        [f"t{n}", ("Won", "Lost")[n % 2], "x", n, "A", "2025-02-01", "2025-01-13"]
        for n in range(20)
    ]
    assert "Dynamics" not in read(put(tmp_path / "r.csv", table(header, rows))).told("columns")


def test_when_a_deal_was_won_is_a_time_though_it_tells_the_outcome_too(tmp_path: Path) -> None:
    header = ["Deal - ID", "Deal - Titel", "Deal - Status", "Deal - Deal erstellt", "Deal - Gewonnen am", "Deal - Verloren am"]  # fmt: skip
    rows = [
        [900 + n, f"T{n}", "Gewonnen" if n % 2 else "Verloren", "01.03.2025", "02.04.2025" if n % 2 else "", "" if n % 2 else "05.04.2025"]
        for n in range(20)
    ]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(header, rows, ";")))
    assert "outcome_at=Deal - Gewonnen am+Deal - Verloren am" in found.told("columns")
    assert all("outcome_at" in sample.meta for sample in found.samples)


@pytest.mark.parametrize(
    "name", ["Werkelijke einddatum", "Datum afgerond", "Closed", "Actual Close Date", "Result date", "Ergebnis am", "Auftragsdatum", "Date de signature", "Fecha de firma"]
)  # fmt: skip
def test_when_an_outcome_was_known_is_found_in_the_languages_of_exports(
    tmp_path: Path, name: str
) -> None:
    rows = [[f"L{n}", "2025-03-01", "2025-04-01", "Won" if n % 2 else "Lost"] for n in range(20)]
    found = read(put(tmp_path / "e.csv", table(["id", "created_at", name, "status"], rows)))
    assert f"outcome_at={name}" in found.told("columns")


@pytest.mark.parametrize(("name", "stages"), [
    ("Lead pipeline stage", ("Qualified", "Disqualified", "Connected")),
    ("hs_pipeline_stage", ("qualified-stage-id", "unqualified-stage-id", "connected-stage-id")),
])  # fmt: skip
def test_hubspots_own_leads_are_won_when_qualified(
    tmp_path: Path, name: str, stages: tuple[str, ...]
) -> None:
    rows = [[100 + n, f"Firm {n}", "2025-03-01", "Paid Search", stages[n % 3]] for n in range(30)]
    header = ["Record ID", "Lead name", "Create date", "Original Traffic Source", name]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert found.labels[:3] == ["won", "lost", ""]
    assert set(found.leads[0].fields) == {"Original Traffic Source"}
