"""A client's own reference finds its tasks and no other account's; where it counts once, a second use is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.families.aistudio.read import read_create
from relay.flow.access import Caller
from relay.flow.find import find, find_record
from relay.flow.intake import submit
from relay.nouns.draft import ClientRef, Draft
from relay.nouns.errors import InvalidParameter, TaskNotFound
from relay.nouns.wire import Inbound, compact
from tests.functional.harness import Harness, harness, open_account
from tests.functional.refusals import refused, stored_state

OTHER = "sk-EXAMPLE-other-0001"
IMAGES, LIST = "/api/kling/images", "/api/tasks/list"
ME, THEM = Caller("acc1", 3, "aistudio"), Caller("other", 3, "aistudio")


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        open_account(made, "other", OTHER, "10", 3)
        yield made


def _listed(here: Harness, **how: Any) -> list[str]:
    status, document = here.post(LIST, {"client_ref": "order 7", **how.pop("body", {})}, **how)
    assert status == 200, document
    return [each["task_id"] for each in document["tasks"]]


def _draft(here: Harness, once: bool = True) -> Draft:
    inbound = Inbound("POST", IMAGES, params={"platform": "kling"}, body=compact({"prompt": "a cat"}))
    draft = read_create(inbound, here.services.catalog)
    return replace(draft, client_ref=ClientRef("order 7", "external_task_id", once))


def test_a_task_is_found_and_shown_by_its_reference(here: Harness) -> None:
    task_id = here.submit_image(client_ref="order 7")
    here.submit_image(client_ref="order 7#1")
    here.submit_image()
    assert _listed(here) == [task_id]
    assert here.post("/api/kling/tasks", {"task_id": task_id})[1]["client_ref"] == "order 7"


def test_a_reference_used_again_finds_all_its_tasks_page_by_page(here: Harness) -> None:
    made = []
    for _ in range(3):
        made.append(here.submit_image(client_ref="order 7"))
        here.submit_image(client_ref="order 8")
        here.wait(1)
    _, document = here.post(LIST, {"client_ref": "order 7", "limit": 2})
    assert [each["task_id"] for each in document["tasks"]] == [made[2], made[1]]
    assert _listed(here, body={"cursor": document["next_cursor"]}) == [made[0]]


def test_filters_count_beside_a_reference(here: Harness) -> None:
    task_id = here.submit_image(client_ref="order 7")
    assert _listed(here, body={"status": "succeeded"}) == []
    assert _listed(here, body={"platform": "kling"}) == [task_id]


def test_a_reference_finds_no_other_accounts_task(here: Harness) -> None:
    here.submit_image(client_ref="order 7")
    assert _listed(here, key=OTHER) == []
    with pytest.raises(TaskNotFound):
        find(here.services, THEM, "", None, "order 7")


def test_a_task_is_queried_by_id_or_else_by_reference(here: Harness) -> None:
    first = here.submit_image()
    here.submit_image(client_ref=first)  # a reference that is another task's id
    assert find(here.services, ME, first, "kling", first).task_id == first
    submit(here.services, ME, _draft(here))
    assert find(here.services, ME, "order 7", "kling", "order 7").client_ref == "order 7"
    assert find_record(here.services, ME, "order 7", "kling", "order 7").draft.prompt == "a cat"
    with pytest.raises(TaskNotFound):
        find(here.services, ME, "order 7", "grok", "order 7")


def test_a_reference_that_counts_once_is_refused_the_second_time_and_nothing_is_charged(here: Harness) -> None:
    submit(here.services, ME, _draft(here))
    before = stored_state(here)
    with pytest.raises(InvalidParameter, match="external_task_id is the reference of another task of yours"):
        submit(here.services, ME, _draft(here))
    assert stored_state(here) == before


def test_what_counts_once_for_one_account_is_free_for_another(here: Harness) -> None:
    assert {submit(here.services, caller, _draft(here)).account_id for caller in (ME, THEM)} == {"acc1", "other"}


def test_a_reference_belongs_to_its_dialect_and_where_it_counts_once_to_its_platform(here: Harness) -> None:
    own, elsewhere = _draft(here), replace(ME, dialect="newapi")
    drafts = (own, replace(own, platform="grok"), replace(own, dialect="newapi"))
    made = [submit(here.services, caller, draft) for caller, draft in zip((ME, ME, elsewhere), drafts, strict=True)]
    for caller, task in zip((ME, ME, elsewhere), made, strict=True):
        assert find(here.services, caller, "order 7", task.platform, "order 7") == task
    assert set(_listed(here)) == {task.task_id for task in made[:2]}


def test_a_repeated_creation_with_a_reference_makes_one_task(here: Harness) -> None:
    how: dict[str, Any] = {"headers": {"idempotency-key": "order-1"}}
    first, again = (here.post(IMAGES, {"prompt": "a cat", "client_ref": "order 7"}, **how) for _ in range(2))
    assert first == again
    assert _listed(here) == [first[1]["task_id"]]


@pytest.mark.parametrize("reference", ["", "  ", "a\nb", "x" * 256, 7])
def test_a_bad_reference_is_refused_by_name(here: Harness, reference: object) -> None:
    for path in (IMAGES, LIST):
        found = refused(here, "POST", path, {"prompt": "a cat", "client_ref": reference})
        assert (found.status, found.code) == (400, "INVALID_PARAMETER")
        assert "client_ref" in found.message


@pytest.mark.parametrize("reference", ["x" * 255, "水" * 255, "a#b~/..", "'; --"])
def test_any_printable_reference_of_255_characters_is_taken(here: Harness, reference: str) -> None:
    task_id = here.submit_image(client_ref=reference)
    _, document = here.post(LIST, {"client_ref": reference})
    assert [each["task_id"] for each in document["tasks"]] == [task_id]
