"""Lists of an account's tasks: complete, in order, bounded in what they read, and never another account's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from benchmarks.capacity import item_size, read_units
from relay.effects.store.listings import MAX_QUERIES, MAX_ROWS, Found, Listings, Span
from relay.flow.access import Caller
from relay.flow.find import find_many, find_page, find_record
from relay.nouns.errors import InvalidParameter
from relay.nouns.listing import Listing, TaskIds
from tests.functional.harness import Harness, harness, open_account
from tests.functional.refusals import refused

OTHER = "sk-EXAMPLE-other-0001"
LIST = "/api/tasks/list"
ME, THEM = Caller("acc1", 3, "aistudio"), Caller("other", 3, "aistudio")
UNKNOWN = "019b76da-a870-7000-8000-000000000000"
LATE = "ffffffff-ffff-7fff-bfff-ffffffffffff"


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        open_account(made, "other", OTHER, "1000", 3)
        yield made


@pytest.fixture(scope="module")
def mine(here: Harness) -> list[str]:
    """The first account's tasks, newest first, among which the other account made some at the same times."""
    made = []
    for number in range(12):
        here.post("/api/kling/images", {"prompt": "theirs"}, key=OTHER)
        made.append(here.submit_image(prompt="水" * 900) if number % 3 else _video(here))
        here.wait(1)
    while here.pump():
        here.network.finish()
    here.wait(60)
    here.tick()
    made.append(here.submit_image())
    return made[::-1]


def _video(here: Harness) -> str:
    _, made = here.post("/api/sora/videos", {"action": "text2video", "prompt": "a cat", "duration": 5})
    return str(made["task_id"])


def _ids(document: Any) -> list[str]:
    return [each["task_id"] for each in document["tasks"]]


def _all(here: Harness, **body: Any) -> list[str]:
    """What all pages together hold."""
    found, cursor = [], None
    for _ in range(40):
        status, document = here.post(LIST, {**body, "cursor": cursor})
        assert status == 200, document
        found += _ids(document)
        cursor = document["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the pages do not end")


@dataclass(frozen=True)
class Watched(Listings):
    """Notes of every query the rows it read, and the units the cloud would charge, also for what a filter hides.

    No query reads more than `most` rows, so that it stops anywhere, also between a task and what stands beside it.
    """

    most: int = MAX_ROWS
    reads: list[tuple[int, float]] = field(default_factory=list)

    def _query(
        self, account_id: str, keys: tuple[str, str], rows: int, *, whole: bool, forward: bool = False
    ) -> dict[str, Any]:
        least = min(rows, self.most)
        everything = super()._query(account_id, keys, least, whole=True, forward=forward)
        size = sum(map(item_size, everything["Items"]))
        self.reads.append((everything["ScannedCount"], read_units(size, consistent=True)))
        return super()._query(account_id, keys, least, whole=whole, forward=forward)


def _watched(here: Harness, most: int = MAX_ROWS) -> Watched:
    return Watched(here.services.store.tasks.tables, most)


@pytest.mark.parametrize("limit", [1, 5, 13, 100])
def test_the_pages_hold_every_task_once_newest_first(here: Harness, mine: list[str], limit: int) -> None:
    assert _all(here, limit=limit) == mine


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ({"status": "succeeded"}, 12),
        ({"status": "pending"}, 1),
        ({"platform": "sora"}, 4),
        ({"task_type": "videos"}, 4),
        ({"task_type": "music"}, 0),
        ({"start_date": "2026-01-01", "end_date": "2026-01-01"}, 13),  # the days are local ones
        ({"end_date": "2025-12-31"}, 0),
        ({"start_date": "2026-01-02"}, 0),
    ],
)
def test_a_filter_leaves_what_it_says(here: Harness, mine: list[str], wanted: dict[str, str], number: int) -> None:
    found = _all(here, limit=3, **wanted)
    assert len(found) == number
    assert found == [task_id for task_id in mine if task_id in found]


def test_the_bounds_of_time_are_inclusive(here: Harness, mine: list[str]) -> None:
    at = here.task(mine[5]).created_at
    found, _ = find_page(here.services, ME, Listing(since=at, until=at))
    assert [each.task.task_id for each in found] == [mine[5]]


def test_a_usual_page_reads_two_rows_for_each_task(here: Harness, mine: list[str]) -> None:
    watched = _watched(here)
    page = watched.page("acc1", Span(), 10, lambda _: True)
    assert len(page.found) == 10
    # ten tasks of 0.6 KB and as many requests, six of which hold a prompt of 2.7 KB
    assert watched.reads == [(20, 6)]


def test_a_page_that_finds_nothing_stops_at_its_bound(here: Harness, mine: list[str]) -> None:
    watched = _watched(here, 4)
    page = watched.page("acc1", Span(), 1, lambda _: False)
    assert (page.found, len(watched.reads)) == ([], MAX_QUERIES)
    assert page.after is not None


@pytest.mark.parametrize("most", [8, 9, 10, 11])
def test_a_page_cut_short_goes_on_where_it_stopped(here: Harness, mine: list[str], most: int) -> None:
    found, below = list[Found](), Span().below
    for _ in range(40):
        page = _watched(here, most).page("acc1", Span(below=below), 3, lambda _: True, whole=True)
        found += page.found
        if page.after is None:
            break
        below = page.after
    assert [each.task.task_id for each in found] == mine
    assert all(each.draft for each in found)


@pytest.mark.parametrize("most", [8, 9, 10, 11])
def test_so_does_one_from_the_oldest_on(here: Harness, mine: list[str], most: int) -> None:
    found, span = list[Found](), Span()
    for _ in range(40):
        page = _watched(here, most).page("acc1", span, 3, lambda _: True, whole=True, oldest_first=True)
        found += page.found
        if page.after is None:
            break
        span = Span(first=str(UUID(int=UUID(page.after).int + 1)))
    assert [each.task.task_id for each in found] == mine[::-1]
    assert all(each.draft for each in found)


def test_a_forged_cursor_leads_to_no_other_account(here: Harness, mine: list[str]) -> None:
    theirs = [each.task.task_id for each in find_page(here.services, THEM, Listing())[0]]
    assert theirs
    for cursor in (LATE, UNKNOWN, *theirs):
        _, document = here.post(LIST, {"cursor": cursor, "limit": 100})
        assert set(_ids(document)) <= set(mine)


@pytest.mark.parametrize("cursor", ["", "x", "other", LATE + "~", "{'account_id': 'other'}", LATE.upper(), "é" * 36])
def test_what_is_no_cursor_is_refused_by_name(here: Harness, cursor: str) -> None:
    found = refused(here, "POST", LIST, {"cursor": cursor})
    assert (found.status, found.code) == (400, "INVALID_PARAMETER")
    assert "cursor" in found.message


def test_a_dialect_names_the_cursor_in_its_own_word(here: Harness) -> None:
    with pytest.raises(InvalidParameter, match="after"):
        find_page(here.services, ME, Listing(after="x", cursor_field="after"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "done"}, "status"),
        ({"platform": "nowhere"}, "platform"),
        ({"task_type": "image"}, "task_type"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": "2026-01-02", "end_date": "2026-01-01"}, "end_date"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"task_ids": []}, "task_ids"),
        ({"task_ids": [UNKNOWN] * 101}, "task_ids"),
        ({"task_ids": [7]}, "task_ids"),
    ],
)
def test_a_list_asked_for_wrongly_is_refused_by_the_fields_name(
    here: Harness, body: dict[str, Any], field: str
) -> None:
    assert field in refused(here, "POST", LIST, body).message


def test_several_tasks_are_found_by_id_in_the_order_asked_for(here: Harness, mine: list[str]) -> None:
    wanted = [mine[3], mine[1], mine[3], mine[8]]
    assert _ids(here.post(LIST, {"task_ids": wanted})[1]) == [mine[3], mine[1], mine[8]]


def test_unknown_and_foreign_ids_are_left_out(here: Harness, mine: list[str]) -> None:
    beside = [UNKNOWN, f"{mine[0]}#request", "no id", mine[2]]
    assert _ids(here.post(LIST, {"task_ids": beside})[1]) == [mine[2]]
    assert here.post(LIST, {"task_ids": mine}, key=OTHER)[1] == {"tasks": []}


def test_records_say_what_was_asked_for(here: Harness, mine: list[str]) -> None:
    found = find_many(here.services, ME, TaskIds([UNKNOWN, *mine]), facts=True)
    assert [each.task.task_id for each in found] == mine
    assert all(each.draft for each in found)


def test_tasks_of_another_dialect_are_not_in_the_list(here: Harness) -> None:
    task_id = here.submit_kie_image()
    assert task_id not in _all(here, limit=100)
    assert here.post(LIST, {"task_ids": [task_id]})[1] == {"tasks": []}


def test_what_an_outcome_says_is_read_where_it_is_wanted(here: Harness, mine: list[str]) -> None:
    task = here.task(mine[4])
    assert here.services.store.tasks.save(task, replace(task, version=task.version + 1), facts={"seed": 7})
    wanted = Listing(since=task.created_at, until=task.created_at)
    assert find_record(here.services, ME, task.task_id, facts=True).facts == {"seed": 7}
    assert find_record(here.services, ME, task.task_id).facts == {}
    assert [each.facts for each in find_many(here.services, ME, TaskIds([task.task_id]), facts=True)] == [{"seed": 7}]
    assert [each.facts for each in find_page(here.services, ME, wanted, facts=True)[0]] == [{"seed": 7}]


@pytest.mark.parametrize("facts", [False, True])
def test_pages_from_the_oldest_on_are_the_same_list_backwards(here: Harness, mine: list[str], facts: bool) -> None:
    for limit in (1, 5, 100):
        seen, after = list[str](), None
        while True:
            wanted = Listing(limit=limit, after=after, oldest_first=True)
            page, after = find_page(here.services, ME, wanted, facts=facts)
            seen += [each.task.task_id for each in page]
            assert not facts or all(each.draft for each in page)
            if after is None:
                break
        assert seen == [each.task.task_id for each in find_page(here.services, ME, Listing(limit=100))[0]][::-1]
        assert set(mine) <= set(seen)
