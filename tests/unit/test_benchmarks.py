"""The rules the benchmarks count by: DynamoDB's sizes and units, billed time, list prices, the README's block."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import imports
from benchmarks.capacity import index_units, item_size, read_units, write_units
from benchmarks.handlers import OutputCounter
from benchmarks.prices import Tally, billed_seconds
from benchmarks.report import BEGIN, END, markdown, replaced
from benchmarks.report_rows import Row
from tests.rules.tree import functions


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "abc"}, 3),
        ({"S": "水"}, 3),
        ({"N": "0"}, 1),
        ({"N": "12345"}, 4),
        ({"N": "-12"}, 3),
        ({"N": "200000000"}, 2),
        ({"BOOL": True}, 1),
        ({"B": b"1234"}, 4),
    ],
)
def test_a_value_weighs_what_dynamodb_says(value: dict[str, Any], size: int) -> None:
    assert item_size({"name": value}) == len("name") + size


@pytest.mark.parametrize(("size", "once", "twice"), [(10, 1, 2), (1024, 1, 2), (1025, 2, 4)])
def test_a_write_is_whole_kilobytes_and_double_in_a_transaction(size: int, once: int, twice: int) -> None:
    item = {"a": {"S": "x" * (size - 1)}}
    assert write_units(None, item, transactional=False) == once
    assert write_units(item, {}, transactional=True) == twice


def test_reads_are_halved_where_they_may_be_stale_and_a_miss_costs_the_least() -> None:
    assert (read_units(0, consistent=True), read_units(4097, consistent=True)) == (1, 2)
    assert read_units(4097, consistent=False) == 1


def test_the_index_costs_one_write_for_a_projection_and_two_for_its_key() -> None:
    row = {"due_shard": {"N": "0"}, "due_at": {"N": "5"}, "state": {"S": "queued"}, "version": {"N": "1"}}
    assert index_units(None, row) == 1
    assert index_units(row, {**row, "version": {"N": "2"}}) == 0
    assert index_units(row, {**row, "state": {"S": "processing"}}) == 1
    assert index_units(row, {**row, "due_at": {"N": "6"}}) == 2
    assert index_units(row, {"state": {"S": "succeeded"}}) == 1


def test_less_memory_computes_slower_and_waits_the_same() -> None:
    assert billed_seconds(0.1, 0.0, 512) == pytest.approx(0.1)
    assert billed_seconds(0.1, 0.1, 1769) == pytest.approx(0.1)
    assert billed_seconds(0.1, 0.1, 512) > 0.3


def test_a_bill_is_the_amounts_at_list_price() -> None:
    bill = Tally(http=1e6, writes=1e6, reads=1e6, messages=1e6).bill()
    charged = {service: amount for service, amount in bill.items() if amount}
    assert charged == pytest.approx({"HTTP API": 1.0, "DynamoDB": 0.75, "SQS": 1.2})


def test_a_metric_counts_once_for_each_set_of_dimension_values() -> None:
    output = OutputCounter()
    for dimensions in ({"service": "genrelay"}, {"service": "genrelay", "upstream": "kie"}):
        directive = {"Dimensions": [list(dimensions)], "Metrics": [{"Name": "TaskSucceeded"}]}
        for _ in range(2):
            output.write(json.dumps({"_aws": {"CloudWatchMetrics": [directive]}, "TaskSucceeded": [1.0], **dimensions}))

    assert output.metrics == {("TaskSucceeded", "genrelay"), ("TaskSucceeded", "genrelay", "kie")}


def test_every_function_that_clients_or_tasks_wait_for_has_its_cold_start_measured() -> None:
    # the stream function serves HTTP itself, so what it would need bare is another list
    assert set(functions()) - set(imports.CLIENTS) == {"inspect_upload", "stream"}


@pytest.mark.parametrize("function", ["callback", "sweep"])
def test_a_cold_start_is_compared_with_what_it_needs(function: str) -> None:
    bare = imports.bare_code(function)

    assert "requests" not in bare  # the package sends HTTP by urllib3
    assert ("import urllib3" in bare) == (function == "callback")


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert replaced(text, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert replaced("no marks", "new") is None
    assert replaced(f"{END} {BEGIN}", "new") is None


def test_the_readme_says_which_goals_are_met() -> None:
    table = markdown([Row("a heading"), Row("one", "1", "≤ 2", True), Row("two", "3", "≤ 2", False)])
    assert "| **a heading** |  |  |" in table
    assert "| one | 1 | ≤ 2 ✓ |" in table
    assert "| two | 3 | ≤ 2 ✗ |" in table
