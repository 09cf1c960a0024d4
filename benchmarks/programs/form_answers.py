"""What the APIs of forms and calendars answer, with a field in which somebody notes what became of it."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, answered, iso, zulu


def _meta(d: Deal) -> Row:
    return {
        "created_time": iso(d.created, "%Y-%m-%dT%H:%M:%S+0000"), "id": str(10**15 + d.n), "ad_id": "1", "form_id": "2",
        "campaign_name": f"c {d.source}", "platform": d.draw.choice(["fb", "ig"]), "is_organic": False,
        "field_data": [{"name": "email", "values": [d.mail]}, {"name": "mitarbeiter", "values": [str(d.employees)]},
                       {"name": "quelle", "values": [d.source]}],
        "status": d.said("Kunde", "Absage", ""),
    }  # fmt: skip


def _typeform(d: Deal) -> Row:
    token = f"t{d.n:x}q"
    return {
        "landing_id": token, "token": token, "response_id": token, "landed_at": zulu(d.created), "submitted_at": zulu(d.created),
        "metadata": {"user_agent": "M", "platform": "other", "referer": "https://x", "network_id": f"{d.n:x}", "browser": "default"},
        "hidden": {"utm_source": d.source.lower(), "outcome": d.said("won", "lost", "")}, "calculated": {"score": 0},
        "answers": [
            {"field": {"id": "h1", "type": "number", "ref": "employees"}, "type": "number", "number": d.employees},
            {"field": {"id": "h2", "type": "multiple_choice", "ref": "source"}, "type": "choice",
             "choice": {"id": "c", "ref": "r", "label": d.source}},
            {"field": {"id": "h3", "type": "email", "ref": "email"}, "type": "email", "email": d.mail},
        ],
    }  # fmt: skip


def _calendly(d: Deal) -> Row:
    at = "%Y-%m-%dT%H:%M:%S.000000Z"
    return {
        "uri": f"https://api.calendly.com/scheduled_events/e/invitees/{d.n:08x}", "email": d.mail, "name": "Kim Roe",
        "status": "active", "timezone": "Europe/Berlin", "created_at": iso(d.created, at), "updated_at": iso(d.updated, at),
        "no_show": None, "rescheduled": False, "tracking": {"utm_source": d.source.lower(), "utm_campaign": None},
        "questions_and_answers": [{"question": "Employees", "answer": str(d.employees), "position": 0},
                                  {"question": "Source", "answer": d.source, "position": 1}],
        "deal": d.said("Won", "Lost", ""),
    }  # fmt: skip


def _jotform(d: Deal) -> Row:
    def answer(order: int, name: str, text: str, kind: str, said: object) -> Row:
        return {"name": name, "order": str(order), "text": text, "type": kind, "answer": said}

    return {
        "id": str(5_379_550_803 + d.n), "form_id": "231", "ip": "1.2.3.4", "created_at": iso(d.created, "%Y-%m-%d %H:%M:%S"),
        "status": "ACTIVE", "new": "0", "flag": "0", "notes": "", "updated_at": iso(d.updated, "%Y-%m-%d %H:%M:%S"),
        "answers": {
            "1": {"name": "heading", "order": "1", "text": "Ask for an offer", "type": "control_head"},
            "3": answer(2, "email", "E-mail", "control_email", d.mail), "4": answer(3, "source", "Source", "control_dropdown", d.source),
            "5": answer(4, "employees", "Employees", "control_number", str(d.employees)),
            "6": answer(5, "outcome", "Outcome", "control_dropdown", d.said("Won", "Lost", "")),
        },
    }  # fmt: skip


def _google_ads(d: Deal) -> Row:
    return {
        "lead_id": f"TeSter-{d.n:06d}", "api_version": "1.0", "form_id": 40_000, "campaign_id": 1, "google_key": "key",
        "is_test": False,
        "gcl_id": f"g{d.n:012x}", "adgroup_id": 2, "creative_id": 3,
        "user_column_data": [
            {"column_name": "User Email", "string_value": d.mail, "column_id": "EMAIL"},
            {"column_name": "Employees", "string_value": str(d.employees), "column_id": "EMPLOYEES"},
            {"column_name": "Source", "string_value": d.source, "column_id": "SOURCE"},
        ],
        "status": d.said("won", "lost", ""),
    }  # fmt: skip


def _google_forms(d: Deal) -> Row:
    said = {
        "1a2b3c4d": str(d.employees),
        "2b3c4d5e": d.source,
        "3c4d5e6f": d.said("Won", "Lost", "Open"),
    }
    answers = {
        key: {"questionId": key, "textAnswers": {"answers": [{"value": word}]}}
        for key, word in said.items()
    }
    return {
        "responseId": f"ACYDBN{d.n:06d}", "createTime": zulu(d.created), "lastSubmittedTime": zulu(d.created),
        "respondentEmail": d.mail, "answers": answers,
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    answered("Meta lead ads by API", _meta, lambda rows: {"data": rows, "paging": {"cursors": {"before": "x", "after": "y"}}},
             without=["amount"]),
    answered("Typeform responses by API", _typeform, lambda rows: {"total_items": len(rows), "page_count": 1, "items": rows},
             without=["amount"]),
    answered("Calendly invitees", _calendly,
             lambda rows: {"collection": rows, "pagination": {"count": len(rows), "next_page": None}}, without=["amount"]),
    answered("Jotform submissions by API", _jotform, lambda rows: {
        "responseCode": 200, "message": "success", "content": rows, "duration": "25ms", "limit-left": 900,
        "resultSet": {"offset": 0, "limit": 1000, "count": len(rows)},
    }, without=["amount"]),
    answered("Google Ads leads", _google_ads, without=["amount", "decided"]),
    answered("Google Forms responses by API", _google_forms, lambda rows: {"responses": rows}, without=["amount"]),
)  # fmt: skip
