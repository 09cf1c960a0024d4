"""`kit predict` shows the reply that would be drafted, with what a file of records lets it say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.desks.outlook_files import Letter, msg_file
from kits.cli import make_app
from kits.core.correspondence import Lookup
from kits.core.errors import DataError, UsageError
from kits.core.mail.writing import write_message
from kits.toolchain.drafting import Records

OWNER, NUMBER = "ada@mail.example", "48012"


@pytest.fixture
def bundle(made_shop: tuple[Path, Path]) -> Path:
    return made_shop[1]


@pytest.fixture
def records(tmp_path: Path) -> Path:
    fields = {"number": NUMBER, "customer_email": OWNER, "expected_on": "2026-03-19"}
    path = tmp_path / "records.json"
    path.write_text(json.dumps([{"kind": "order", "key": NUMBER, "fields": fields}]))
    return path


def predict(*words: str) -> str:
    done = CliRunner().invoke(make_app(), ["predict", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    return done.stdout


def mail(folder: Path, sender: str, **headers: str) -> str:
    path = folder / "question.eml"
    body = f"Where is my order {NUMBER}? The parcel has not arrived and I am waiting for it."
    extra = [(name.replace("_", "-"), value) for name, value in headers.items()]
    path.write_bytes(write_message(subject="Parcel", body=body, sender=sender, extra=extra))
    return str(path)


def test_the_owner_is_told_what_the_record_says(
    bundle: Path, tmp_path: Path, records: Path
) -> None:
    given = (mail(tmp_path, OWNER), "--bundle", str(bundle), "--records", str(records))
    said = json.loads(predict(*given, "--json"))["predictions"][0]["prediction"]["draft"]
    assert "19 March 2026" in said["body"]
    assert f"record:order {NUMBER}" in said["citations"]
    told = predict(*given)
    assert "| Your order 48012 is expected to arrive on 19 March 2026." in told
    assert f"record:order {NUMBER}" in told


def test_a_stranger_is_told_nothing_of_it(bundle: Path, tmp_path: Path, records: Path) -> None:
    given = (mail(tmp_path, "eve@mail.example"), "--bundle", str(bundle), "--records", str(records))
    told = predict(*given)
    assert "19 March" not in told
    assert "left out: order 48012: the record belongs to another address" in told


def test_without_records_nothing_is_claimed_to_be_absent(bundle: Path, tmp_path: Path) -> None:
    told = predict(mail(tmp_path, OWNER), "--bundle", str(bundle))
    assert "subject: Re: Parcel" in told
    assert "no such record" not in told
    assert "expected to arrive" not in told


def test_a_machine_gets_no_draft(bundle: Path, tmp_path: Path, records: Path) -> None:
    given = (mail(tmp_path, OWNER, Auto_Submitted="auto-replied"), "--bundle", str(bundle))
    told = predict(*given, "--records", str(records))
    assert "subject:" not in told and "no draft: " in told


def test_what_cannot_be_read_says_what_to_do_beside_the_others(
    bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.eml").write_bytes(b"")
    told = predict(mail(tmp_path, OWNER), str(tmp_path / "empty.eml"), "--bundle", str(bundle))
    assert "the mail is empty (export the mail with its headers)" in told


def test_a_number_is_found_behind_letters_and_never_inside_another(records: Path) -> None:
    known = Records.read(records)
    asked = ("48012", "LL-48012", "#48012", "148012", "8012", "")
    found = known.fetch([Lookup("order", key) for key in asked])
    assert [bool(record.fields) for record in found] == [True, True, True, False, False, False]
    assert not known.fetch([Lookup("invoice", "48012")])[0].fields


@pytest.mark.parametrize(
    ("content", "said"),
    [("{}", "no list of records"), ('[{"kind": "order"}]', "0.key"), ("[1", "no list of records")],
)
def test_a_file_that_holds_no_records_is_named(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "records.json"
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        Records.read(path)
    assert said in f"{caught.value.what} {caught.value.where}"


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Records.read(tmp_path / "absent.json")


def test_mails_that_programs_keep_in_forms_of_their_own_are_predicted_among_others(
    bundle: Path, tmp_path: Path
) -> None:
    mail(tmp_path, OWNER)
    letter = Letter(subject="Parcel", text="Where is my parcel?", sender=("Ada", OWNER))
    (tmp_path / "kept.msg").write_bytes(msg_file(letter))
    (tmp_path / "none.msg").write_bytes(b"none")
    (tmp_path / "note.txt").write_text("no mail")
    found = json.loads(predict(str(tmp_path), "--bundle", str(bundle), "--json"))["predictions"]
    assert [Path(str(one["path"])).name for one in found] == [
        "question.eml",
        "kept.msg",
        "none.msg",
    ]
    assert "no .msg file of Outlook" in found[2]["error"]
    assert found[1]["label"] == found[0]["label"]
