"""What CRMs that small firms have besides answer or export: read by what their makers say of the fields, or as any table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, table

MONTH_S = 2_592_000
STATES = ("won", "lost", "open")


def iso(n: int, more: str = "T10:00:00+00:00") -> str:
    return f"2025-0{n + 1}-03{more}"


def test_bitrix24_deals(tmp_path: Path) -> None:
    """Its letter of a stage is the same in each pipeline; a contact may have several deals."""
    stages = (("C2:WON", "S"), ("C7:LOSE", "F"), ("C2:NEW", "P"))
    rows = [
        {"ID": str(100 + n), "TITLE": f"Deal {n}", "STAGE_ID": stage, "STAGE_SEMANTIC_ID": letter, "CATEGORY_ID": "2",
         "OPPORTUNITY": "1500.00", "PROBABILITY": "90", "CONTACT_ID": str(40 + n), "BEGINDATE": iso(0), "CLOSEDATE": iso(n + 2),
         "ASSIGNED_BY_ID": "1", "DATE_CREATE": iso(n), "DATE_MODIFY": iso(n + 3), "CLOSED": "Y", "MOVED_TIME": iso(n + 2),
         "SOURCE_ID": "CALL", "IS_RETURN_CUSTOMER": "N", "LAST_ACTIVITY_TIME": iso(n + 3), "UF_CRM_STAFF": str(n)}
        for n, (stage, letter) in enumerate(stages)
    ]  # fmt: skip
    found = read(put(tmp_path / "deals.json", {"result": rows, "next": 50, "total": 3, "time": {"start": 1.5}}))  # fmt: skip
    assert found.labels == ["won", "lost", ""] and "Bitrix24 deals" in found.told("columns")
    assert "id=ID, decided_at=DATE_CREATE, outcome_at=CLOSEDATE, changed_at=DATE_MODIFY" in found.told("columns")  # fmt: skip
    known = set(found.leads[0].fields)
    assert {"SOURCE_ID", "OPPORTUNITY", "UF_CRM_STAFF"} <= known
    later = {"PROBABILITY", "CLOSED", "MOVED_TIME", "STAGE_ID", "LAST_ACTIVITY_TIME", "BEGINDATE"}
    assert not known & later


def test_stages_of_bitrix24_are_known_in_all_its_pipelines(tmp_path: Path) -> None:
    stages = ("WON", "C2:WON", "C17:WON", "LOSE", "C17:LOSE", "APOLOGY", "C17:NEW", "C2:3")
    rows = [
        [100 + n, stage, "2025-01-03", "2025-02-03", f"2025-03-{n + 10}", "5"]
        for n, stage in enumerate(stages)
    ]
    header = ["ID", "STAGE_ID", "DATE_CREATE", "DATE_MODIFY", "CLOSEDATE", "ASSIGNED_BY_ID"]
    found = read(put(tmp_path / "deals.csv", table(header, rows)))
    assert found.labels == ["won", "won", "won", "lost", "lost", "lost", "", ""]


def test_bitrix24_items_of_its_newer_api(tmp_path: Path) -> None:
    rows = [
        {"id": 100 + n, "stageId": f"C3:{n}", "stageSemanticId": letter, "categoryId": 3, "createdTime": iso(n),
         "updatedTime": iso(n + 3), "closedate": iso(n + 2), "assignedById": 5, "sourceId": "WEB", "movedTime": iso(n + 2)}
        for n, letter in enumerate("SFP")
    ]  # fmt: skip
    found = read(put(tmp_path / "deals.json", {"result": {"items": rows}, "total": 3}))
    assert found.labels == ["won", "lost", ""] and "Bitrix24 deals" in found.told("columns")


def test_bitrix24_leads(tmp_path: Path) -> None:
    """Whoever converts a lead makes its contact and its firm: that there are any tells the outcome."""
    rows = [
        {"ID": str(n + 20), "STATUS_ID": status, "STATUS_SEMANTIC_ID": letter, "SOURCE_ID": "WEB", "HAS_EMAIL": "Y",
         "HAS_PHONE": "N", "DATE_CREATE": iso(n), "DATE_MODIFY": iso(n + 3), "DATE_CLOSED": iso(n + 2),
         "CONTACT_ID": "7" if letter == "S" else None, "COMPANY_ID": "8" if letter == "S" else None}
        for n, (status, letter) in enumerate((("CONVERTED", "S"), ("JUNK", "F"), ("NEW", "P")))
    ]  # fmt: skip
    found = read(put(tmp_path / "leads.json", {"result": rows}))
    assert found.labels == ["won", "lost", ""] and "Bitrix24 leads" in found.told("columns")
    assert not set(found.leads[0].fields) & {"CONTACT_ID", "COMPANY_ID", "STATUS_ID"}


def test_kommo_leads(tmp_path: Path) -> None:
    """142 is won and 143 lost, in each of its pipelines."""
    rows = [
        {"id": 900 + n, "price": 100 * n, "status_id": status, "pipeline_id": 7001 + n, "loss_reason_id": 5 if status == 143 else None,
         "responsible_user_id": 3, "group_id": 0, "created_at": 1_735_689_600 + n * MONTH_S, "closest_task_at": None,
         "updated_at": 1_735_689_600 + (n + 2) * MONTH_S, "closed_at": 1_735_689_600 + (n + 1) * MONTH_S if status < 200 else None,
         "custom_fields_values": [{"field_id": 1, "field_name": "Source", "values": [{"value": "fair"}]}]}
        for n, status in enumerate((142, 143, 8801))
    ]  # fmt: skip
    found = read(put(tmp_path / "leads.json", {"_page": 1, "_embedded": {"leads": rows}}))
    assert found.labels == ["won", "lost", ""] and "Kommo leads" in found.told("columns")
    assert found.column("Source") == ["fair"] * 3
    assert not set(found.leads[0].fields) & {"status_id", "loss_reason_id", "closest_task_at"}


def test_opportunities_of_close_are_many_to_a_lead(tmp_path: Path) -> None:
    """A lead is a firm there."""
    rows = [
        {"id": f"oppo_{n}x", "lead_id": "lead_1", "lead_name": "Acme", "status_type": status, "status_label": "Any", "status_id": f"stat_{n}",
         "value": 5000, "value_period": "one_time", "confidence": 40 * n, "date_created": iso(n), "date_updated": iso(n + 3),
         "date_won": "2025-04-01" if status == "won" else None, "date_lost": iso(4) if status == "lost" else None}
        for n, status in enumerate(("won", "lost", "active"))
    ]  # fmt: skip
    found = read(put(tmp_path / "o.json", {"has_more": False, "total_results": 3, "data": rows}))
    assert found.labels == ["won", "lost", ""] and "Close opportunities" in found.told("columns")
    assert [lead.id for lead in found.leads] == ["oppo_0x", "oppo_1x", "oppo_2x"]
    assert not set(found.leads[0].fields) & {"confidence", "status_id", "status_label", "lead_name"}


def test_capsule_opportunities(tmp_path: Path) -> None:
    rows = [
        {"id": 70 + n, "name": f"Opp {n}", "milestone": {"id": n, "name": ("Won", "Lost", "Bid")[n]}, "probability": 50,
         "lostReason": {"id": 1, "name": "Price"} if n == 1 else None, "value": {"amount": 500, "currency": "GBP"},
         "closedOn": f"2025-0{n + 3}-04" if n < 2 else None, "createdAt": iso(n), "updatedAt": iso(n + 3),
         "expectedCloseOn": f"2025-0{n + 4}-04", "lastStageChangedAt": iso(n + 2), "durationBasis": "FIXED",
         "lastOpenMilestone": {"id": 4, "name": "Bid"}, "party": {"id": n, "type": "organisation"},
         "fields": [{"id": 1, "definition": {"id": 9, "name": "Source"}, "value": "fair"}]}
        for n in range(3)
    ]  # fmt: skip
    found = read(put(tmp_path / "o.json", {"opportunities": rows}))
    assert found.labels == ["won", "lost", ""] and "Capsule opportunities" in found.told("columns")
    known = set(found.leads[0].fields)
    assert {"Source", "value.amount"} <= known
    assert (
        not {one for one in known if "ilestone" in one or "lost" in one}
        and "probability" not in known
    )


@pytest.mark.parametrize(
    "header",
    [
        # ActiveCampaign and Freshsales: no dash stands in them, as in Pipedrive's
        ["Deal ID", "Deal Title", "Deal Value", "Deal Status", "Deal Owner", "Deal Created Date", "Source"],
        ["Deal ID", "Deal Name", "Deal Value", "Deal Stage", "Sales owner", "Created at", "Deal pipeline"],
        # Insightly
        ["OpportunityID", "OpportunityName", "Probability", "OpportunityState", "LeadSource", "DateCreated", "ForecastCloseDate"],
    ],
)  # fmt: skip
def test_tables_of_others_are_not_taken_for_a_great_crms(tmp_path: Path, header: list[str]) -> None:
    cells = ("Won", "Lost", "Abandoned", "Open")
    rows = [
        [900 + 3 * n, f"Deal of {n}", 50 + n % 9, cells[n % 4], "Eva", f"2025-{n % 9 + 1:02}-03", "Web"]
        for n in range(80)
    ]  # fmt: skip
    found = read(put(tmp_path / "deals.csv", table(header, rows)))
    assert not [crm for crm in ("Pipedrive", "Salesforce") if crm in found.told("columns")]
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [20, 40, 20]
    assert f"id={header[0]}, decided_at={header[5]}" in found.told("columns")


def test_an_answer_to_a_form_is_known_by_its_own_token(tmp_path: Path) -> None:
    """Typeform's *Network ID* is of whoever's network it came from: two of one office have the same."""
    rows = [
        [f"{n * 7919:06x}t", n % 9, "2025-01-02 10:00:00", f"{n:06x}n", ("yes", "no")[n % 2]]
        for n in range(60)
    ]
    header = ["#", "How many are you?", "Submit Date (UTC)", "Network ID", "Won?"]
    found = read(put(tmp_path / "answers.csv", table(header, rows)))
    assert "id=#," in found.told("columns")


@pytest.mark.parametrize(
    ("won", "lost"),
    [
        ("Auftrag gewonnen", "Auftrag verloren"),
        ("Deal gewonnen", "Deal verloren"),
        ("Opportunity won", "Opportunity lost"),
        ("Affaire gagnée", "Affaire perdue"),
        ("Negociación ganada", "Negociación perdida"),
        ("Affare vinto", "Affare perso"),
        ("Opdracht gewonnen", "Opdracht verloren"),
        ("Сделка успешна", "Сделка провалена"),
        ("Zuschlag", "Kein Zuschlag"),
    ],
)
def test_what_was_won_may_stand_before_the_word_for_it(tmp_path: Path, won: str, lost: str) -> None:
    """As Bitrix24 names its stages; of `Auftrag gewonnen` and `Auftrag verloren` only the second was known."""
    rows = [[900 + n, (won, lost, "Neu")[n % 3], f"2025-{n % 9 + 1:02}-03"] for n in range(60)]
    found = read(put(tmp_path / "deals.csv", table(["ID", "Stage", "Created"], rows)))
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [20, 20, 20]


@pytest.mark.parametrize("cell", ["Lead win back", "Deal won't buy", "Deal won by competitor"])
def test_more_than_a_thing_before_it_is_another_word(tmp_path: Path, cell: str) -> None:
    rows = [[900 + n, ("Won", "Lost", cell)[n % 3], f"2025-{n % 9 + 1:02}-03"] for n in range(60)]
    found = read(put(tmp_path / "deals.csv", table(["ID", "Stage", "Created"], rows)))
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [20, 20, 20]


def test_quotes_of_jobber(tmp_path: Path) -> None:
    """An approved quote waits for its job, a converted one has it; only the second was won, and none was lost."""
    header = ["Quote #", "Status", "Drafted date", "Approved date", "Converted date", "Archived date", "Lead source"]  # fmt: skip
    states = (("Approved", "x", "", ""), ("Converted", "x", "x", ""), ("Archived", "", "", "x"), ("Awaiting response", "", "", ""))  # fmt: skip
    rows = [
        [n + 1, states[n % 4][0], f"Jan {n % 28 + 1}, 2025", *("Mar 3, 2025" if one else "" for one in states[n % 4][1:]), "web"]
        for n in range(60)
    ]  # fmt: skip
    found = read(put(tmp_path / "quotes.csv", table(header, rows)))
    assert found.labels[:4] == ["won", "won", "lost", ""] and "Jobber quotes" in found.told("columns")  # fmt: skip
    assert found.leads[0].at is not None and set(found.leads[0].fields) == {"Lead source"}


def test_the_conversion_of_a_form_of_hubspot_is_its_sending(tmp_path: Path) -> None:
    header = ["Conversion Date", "Conversion Page", "Conversion Title", "Email", "Outcome"]
    rows = [
        [f"2025-01-{n % 28 + 1:02} 10:00", "/offer", "Offer", f"a{n}@b{n}.example", ("won", "lost", "")[n % 3]]
        for n in range(60)
    ]  # fmt: skip
    found = read(put(tmp_path / "sent.csv", table(header, rows)))
    assert found.labels[:3] == ["won", "lost", ""]
    assert "decided_at=Conversion Date" in found.told("columns")


@pytest.mark.parametrize("after", ["abgerechnet", "Invoiced", "Facturée"])
def test_what_is_invoiced_was_won_also_beside_what_is_called_won(
    tmp_path: Path, after: str
) -> None:
    """Billomat's offers are won until they are invoiced; the others of such a column are stages, and open."""
    states = ("gewonnen", "verloren", after, "Entwurf")
    rows = [[900 + n, states[n % 4], f"2025-{n % 9 + 1:02}-03"] for n in range(60)]
    found = read(put(tmp_path / "offers.csv", table(["ID", "Status", "Created"], rows)))
    assert found.labels[:4] == ["won", "lost", "won", ""]


def test_activecampaign_deals(tmp_path: Path) -> None:
    rows = [
        {"id": str(n + 1), "status": "120"[n % 3], "cdate": f"2025-01-{n % 28 + 1:02}T10:00:00-06:00", "mdate": "2025-03-01T10:00:00-06:00",
         "nexttaskid": "0", "winProbability": None, "activitycount": str(n % 3), "stage": "128"[n % 3], "value": str(100 * n)}
        for n in range(60)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", {"deals": rows, "meta": {"total": "60"}}))
    assert "ActiveCampaign deals" in found.told("columns")
    assert sorted(found.labels) == [""] * 20 + ["lost"] * 20 + ["won"] * 20
    assert "stage" not in found.leads[0].fields


def test_dolibarr_proposals(tmp_path: Path) -> None:
    rows = [
        {"id": str(n + 1), "statut": "2341"[n % 4], "status": "2341"[n % 4], "date_creation": 1_700_000_000 + 86_400 * n,
         "datep": 1_700_000_000 + 86_400 * n, "fin_validite": 1_702_000_000 + 86_400 * n, "duree_validite": "15", "total_ht": str(n)}
        for n in range(60)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", rows))
    assert "Dolibarr proposals" in found.told("columns")
    assert found.labels[:4] == ["won", "lost", "won", ""] and "status" not in found.leads[0].fields


def test_invoices_of_dolibarr_are_no_proposals(tmp_path: Path) -> None:
    """Their status 2 is a paid one, and 3 one that was given up."""
    rows = [
        {"id": str(n + 1), "statut": "21"[n % 2], "socid": "7", "date_creation": 1_700_000_000 + 86_400 * n, "total_ttc": str(n),
         "total_tva": "5", "paye": "10"[n % 2], "date_lim_reglement": 1_702_000_000 + 86_400 * n, "fk_project": None}
        for n in range(60)
    ]  # fmt: skip
    assert "Dolibarr" not in read(put(tmp_path / "a.json", rows)).told("columns")


def test_contacts_of_hubspots_api_are_known_by_few_names(tmp_path: Path) -> None:
    """What it answers without being asked for more, with stage and status: of contacts that are unqualified none was lost."""
    rows = [
        {"id": str(900 + n), "createdAt": f"2025-01-{n % 28 + 1:02}T10:00:00Z", "archived": False, "properties": {
            "createdate": f"2025-01-{n % 28 + 1:02}T10:00:00Z", "email": f"a{n}@b{n}.example", "hs_object_id": str(900 + n),
            "lastmodifieddate": "2025-03-01T10:00:00Z", "lifecyclestage": "customer" if n % 3 == 0 else "lead",
            "hs_lead_status": ("CONNECTED", "UNQUALIFIED", "NEW")[n % 3],
        }}
        for n in range(60)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", {"results": rows}))
    assert "HubSpot contacts" in found.told("columns")
    assert sorted(found.labels) == [""] * 20 + ["lost"] * 20 + ["won"] * 20


def test_dropped_deals_are_lost(tmp_path: Path) -> None:
    """MOCO's."""
    words = ("won", "lost", "dropped", "pending")
    rows = [{"id": 900 + n, "status": words[n % 4], "staff": n % 7} for n in range(60)]
    assert read(put(tmp_path / "a.json", rows)).labels[:4] == ["won", "lost", "lost", ""]


def test_addresses_of_whoever_works_on_the_leads_are_no_customers(tmp_path: Path) -> None:
    def rows(of: str) -> list[dict[str, object]]:
        return [
            {"id": 900 + n, "status": ("won", "lost")[n // 3 % 2], "user": {"email": f"{n % 3 if of == 'reps' else n // 4}@b.example"}}
            for n in range(120)
        ]  # fmt: skip

    assert not read(put(tmp_path / "a.json", rows("reps"))).told("same-person")
    assert read(put(tmp_path / "b.json", rows("customers"))).told("same-person")


def test_bitrix24_items_of_a_smart_process(tmp_path: Path) -> None:
    stages = ("DT128_5:SUCCESS", "DT128_5:FAIL", "DT128_5:NEW")
    rows = [
        {"id": 900 + n, "stageId": stages[n % 3], "createdTime": f"2025-01-{n % 28 + 1:02}T10:00:00+03:00", "updatedTime": "2025-03-01T10:00:00+03:00",
         "movedTime": "2025-03-01T10:00:00+03:00", "assignedById": 3, "categoryId": 5, "opportunity": 100 * n}
        for n in range(60)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", {"result": {"items": rows}, "total": 60}))
    assert sorted(found.labels) == [""] * 20 + ["lost"] * 20 + ["won"] * 20


def test_deals_of_brevo_are_not_taken_for_hubspots(tmp_path: Path) -> None:
    rows = [
        {"id": f"{n:024x}", "linkedContactsIds": [n], "attributes": {
            "deal_name": f"Deal {n}", "deal_owner": "a", "deal_stage": ("Won", "Lost", "New")[n % 3], "amount": 100 * n,
            "created_at": f"2025-01-{n % 28 + 1:02}T10:00:00Z",
        }}
        for n in range(60)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", {"items": rows}))
    assert "HubSpot" not in found.told("columns") and found.labels.count("won") == 20
