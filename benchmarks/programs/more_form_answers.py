"""What the APIs of more forms, ads and calendars answer, with a field in which somebody notes what became of it."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, answered, iso, zulu

_PLAIN = "%Y-%m-%d %H:%M:%S"


def _gravity(d: Deal) -> Row:
    return {
        "id": str(d.n + 3), "form_id": "1", "post_id": None, "date_created": iso(d.created, _PLAIN),
        "date_updated": iso(d.updated, _PLAIN),
        "is_starred": "0", "is_read": "1", "ip": "1.2.3.4", "source_url": "https://x", "user_agent": "M", "currency": "EUR",
        "payment_status": None, "created_by": "1", "status": "active", "1": d.mail, "2": d.source, "3": str(d.employees),
        "4": d.said("Won", "Lost", ""),
    }  # fmt: skip


def _linkedin(d: Deal) -> Row:
    def answer(number: int, said: str) -> Row:
        return {"questionId": number, "answerDetails": {"textQuestionAnswer": {"answer": said}}}

    return {
        "id": f"lead-{d.n:05d}", "submittedAt": int(d.created.timestamp() * 1000), "leadType": "SPONSORED", "testLead": False,
        "versionedLeadGenFormUrn": "urn:li:form:1", "formResponse": {"answers": [answer(1, str(d.employees)), answer(2, d.source)]},
        "status": d.said("won", "lost", ""),
    }  # fmt: skip


def _tally(d: Deal) -> Row:
    return {
        "id": f"s{d.n:05d}", "formId": "f1", "respondentId": f"r{d.n}", "isCompleted": True, "submittedAt": zulu(d.created),
        "responses": [{"id": f"a{d.n}", "questionId": "q1", "answer": d.employees}, {"id": f"b{d.n}", "questionId": "q2", "answer": [d.source]},
                      {"id": f"c{d.n}", "questionId": "q3", "answer": [d.said("Won", "Lost", "Open")]}],
    }  # fmt: skip


def _webhook(d: Deal) -> Row:
    def field(key: str, label: str, value: object) -> Row:
        return {"key": key, "label": label, "type": "INPUT_TEXT", "value": value}

    return {
        "eventId": f"e{d.n}", "eventType": "FORM_RESPONSE", "createdAt": zulu(d.created),
        "data": {"responseId": f"r{d.n:05d}", "formId": "f1", "createdAt": zulu(d.created), "fields": [
            field("q1", "Employees", d.employees), field("q2", "Source", d.source), field("q3", "Outcome", d.said("Won", "Lost", "")),
        ]},
    }  # fmt: skip


def _wufoo(d: Deal) -> Row:
    return {
        "EntryId": str(d.n + 1), "Field1": d.mail, "Field2": d.source, "Field3": str(d.employees),
        "Field5": d.said("Won", "Lost", ""),
        "DateCreated": iso(d.created, _PLAIN), "CreatedBy": "public", "DateUpdated": iso(d.updated, _PLAIN), "UpdatedBy": "anna",
    }  # fmt: skip


def _cal_com(d: Deal) -> Row:
    return {
        "id": d.n + 600, "uid": f"u{d.n:06d}", "title": "First call", "status": "accepted", "start": zulu(d.created),
        "createdAt": zulu(d.created),
        "updatedAt": zulu(d.updated), "duration": 30, "absentHost": False,
        "attendees": [{"name": "Kim Roe", "email": d.mail, "absent": False}],
        "hosts": [{"id": 1, "name": d.owner}], "metadata": {"deal": d.said("won", "lost", "")},
        "bookingFieldsResponses": {"email": d.mail, "employees": str(d.employees), "source": d.source},
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    answered(
        "Gravity Forms entries by API",
        _gravity,
        lambda rows: {"total_count": len(rows), "entries": rows},
        without=["amount"],
    ),
    answered(
        "LinkedIn lead forms by API",
        _linkedin,
        lambda rows: {
            "elements": rows,
            "paging": {"start": 0, "count": 10, "total": len(rows), "links": []},
        },
        without=["amount"],
    ),
    answered(
        "Tally submissions",
        _tally,
        lambda rows: {
            "page": 1,
            "limit": 50,
            "hasMore": False,
            "submissions": rows,
            "totalNumberOfSubmissionsPerFilter": {"all": len(rows)},
            "questions": [
                {"id": "q1", "title": "Employees"},
                {"id": "q2", "title": "Source"},
                {"id": "q3", "title": "Outcome"},
            ],
        },
        without=["amount"],
    ),
    answered("Tally messages", _webhook, without=["amount"]),
    answered("Wufoo entries", _wufoo, lambda rows: {"Entries": rows}, without=["amount"]),
    answered(
        "Cal.com bookings",
        _cal_com,
        lambda rows: {"status": "success", "data": rows, "pagination": {"totalItems": len(rows)}},
        without=["amount"],
    ),
)
