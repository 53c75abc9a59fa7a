"""The embedded cloud's tables: what a kill may not take, and what a query may not do for every row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ministack.services import dynamodb

from local import emulated_tables
from local.journal import Journal, Row

ROWS = 200


class Noted:
    journal: Journal | None = None


emulated_tables.correct(lambda: Noted.journal)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[str]:
    keys = [{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "name", "KeyType": "RANGE"}]
    types = [{"AttributeName": each["AttributeName"], "AttributeType": "S"} for each in keys]
    answered(
        dynamodb._create_table(
            {"TableName": "rows", "KeySchema": keys, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST"}
        )
    )
    with closing(Journal(tmp_path)) as journal:
        Noted.journal = journal
        yield "rows"
    Noted.journal = None
    answered(dynamodb._delete_table({"TableName": "rows"}))


def answered(answer: tuple[int, Any, bytes]) -> Any:
    assert answer[0] == 200, answer
    return json.loads(answer[2])


def row(name: str, **more: dict[str, str]) -> dict[str, Any]:
    return {"owner": {"S": "a"}, "name": {"S": name}, **more}


def rows_of(table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answered(dynamodb._scan({"TableName": table}))["Items"]
    return found


def noted(folder: Path) -> Iterator[Row]:
    with closing(Journal(folder)) as journal:
        yield from journal.rows()


def test_a_journal_brings_back_every_answered_write(table: str, tmp_path: Path) -> None:
    put = {"TableName": table, "Item": row("put")}
    add = {"UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": "3"}}}
    update = {"TableName": table, "Key": row("updated"), **add}
    answered(dynamodb._put_item({"TableName": table, "Item": row("deleted")}))
    answered(dynamodb._update_item(update))
    answered(dynamodb._delete_item({"TableName": table, "Key": row("deleted")}))
    answered(dynamodb._transact_write_items({"TransactItems": [{"Put": put}, {"Update": update}]}))
    answered(dynamodb._batch_write_item({"RequestItems": {table: [{"PutRequest": {"Item": row("batch")}}]}}))
    kept = rows_of(table)
    Noted.journal = None
    for each in kept:
        answered(dynamodb._delete_item({"TableName": table, "Key": row(each["name"]["S"])}))
    emulated_tables.restore(noted(tmp_path))
    assert rows_of(table) == kept
    assert next(each for each in kept if each["name"]["S"] == "updated")["n"] == {"N": "6"}


def test_a_refused_write_is_not_in_the_journal(table: str, tmp_path: Path) -> None:
    refused = {"TableName": table, "Item": row("x"), "ConditionExpression": "attribute_exists(#o)"}
    assert dynamodb._put_item(refused | {"ExpressionAttributeNames": {"#o": "owner"}})[0] == 400
    assert list(noted(tmp_path)) == []


def test_a_half_written_line_is_left_out(tmp_path: Path) -> None:
    with closing(Journal(tmp_path)) as before:
        before.note([("t", row("whole"), True)])
    with (tmp_path / "journal.1").open("ab") as file:
        file.write(b'["t",{"owner"')
    with closing(Journal(tmp_path)) as after:
        after.note([("t", row("later"), True)])
    assert [found["name"]["S"] for _, found, _ in noted(tmp_path)] == ["whole", "later"]


def test_a_turned_journal_names_the_files_a_snapshot_replaces(tmp_path: Path) -> None:
    with closing(Journal(tmp_path)) as journal:
        journal.note([("t", row("old"), True)])
        for path in journal.turn():
            path.unlink()
        journal.note([("t", row("new"), True)])
    assert [found["name"]["S"] for _, found, _ in noted(tmp_path)] == ["new"]


def test_a_query_does_not_parse_its_condition_for_every_row(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(ROWS):
        answered(dynamodb._put_item({"TableName": table, "Item": row(f"{number:04}")}))
    parsed: list[str] = []
    inside = dynamodb._COND_TOKEN_RE

    class Counted:
        def finditer(self, text: str) -> Any:
            parsed.append(text)
            return inside.finditer(text)

    monkeypatch.setattr(dynamodb, "_COND_TOKEN_RE", Counted())
    condition = "#o = :o AND #n > :once"
    found = answered(
        dynamodb._query(
            {
                "TableName": table,
                "KeyConditionExpression": condition,
                "ExpressionAttributeNames": {"#o": "owner", "#n": "name"},
                "ExpressionAttributeValues": {":o": {"S": "a"}, ":once": {"S": "0000"}},
            }
        )
    )
    assert found["Count"] == ROWS - 1
    assert parsed.count(condition) <= 1
