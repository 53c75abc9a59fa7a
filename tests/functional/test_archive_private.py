"""Results that only our key opens: copied with it, and nobody but their upstream is ever told it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from relay.nouns.task import State, Task
from relay.nouns.wire import Answer, Call
from tests.functional.archiving import finished_task, query_task
from tests.functional.harness import SECRETS, Harness
from tests.functional.holding import AT_ONCE, said, submit
from tests.functional.network import PICTURE, URLS
from tests.functional.refusals import TABLES

KIE, KEY = URLS["kie"], SECRETS["upstreams/kie/key"]
CDN = "https://cdn.example/1.png?signature=x"
FILE = Answer(200, PICTURE)


def copied(here: Harness, url: str, *answers: Answer) -> Task:
    """A task whose result lies at `url`, once it has ended; its upstream answers for the file in this order."""
    task_id = submit(here, AT_ONCE, said(private=[url]))
    here.network.script["kie.query"] = list(answers)
    return finished_task(here, task_id)


def bearers(here: Harness) -> list[tuple[str, bool]]:
    """Every request for a file: its address, and whether it holds our key in any way."""
    asked = here.network.sent("kie.query") + here.network.sent("file")
    return [(call.url, KEY in repr(call)) for call in asked]


@pytest.mark.parametrize("url", ["/v1/videos/1/content", f"{KIE}/v1/videos/1/content"], ids=["path", "same host"])
def test_the_file_is_asked_for_with_our_key(here: Harness, url: str) -> None:
    task = copied(here, url, FILE)

    assert (task.state, [here.bytes_of(asset.key or "") for asset in task.assets]) == (State.SUCCEEDED, [PICTURE])
    assert bearers(here) == [(f"{KIE}/v1/videos/1/content", True)]


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/1",
        f"{KIE}.evil.example/1",
        "//evil.example/1",
        f"{KIE}@evil.example/1",
        "@evil.example/1",
    ],
)
def test_no_other_host_is_told_our_key(here: Harness, url: str) -> None:
    copied(here, url, *[Answer(404)] * 3)

    assert [told for told in bearers(here) if not told[0].startswith(f"{KIE}/")] == []


def test_a_redirect_is_followed_without_our_key(here: Harness) -> None:
    task = copied(here, "/1", Answer(302, headers={"location": CDN}))

    assert task.state is State.SUCCEEDED
    assert bearers(here) == [(f"{KIE}/1", True), (CDN, False)]


def test_a_second_redirect_is_not_followed(here: Harness) -> None:
    here.network.script["file"] = [Answer(302, headers={"location": "https://third.example/1"})] * 3
    task = copied(here, "/1", *[Answer(302, headers={"location": CDN})] * 3)

    assert (task.state, here.entries(task.task_id)) == (State.FAILED, ["release", "reserve"])
    assert {url for url, _ in bearers(here)} == {f"{KIE}/1", CDN}


def test_a_redirect_that_repeats_our_key_is_not_followed(here: Harness) -> None:
    task = copied(here, "/1", *[Answer(307, headers={"location": f"https://cdn.example/?k={KEY}"})] * 3)

    assert (task.state, here.network.sent("file")) == (State.FAILED, [])


def test_neither_address_nor_key_is_shown_or_stored(here: Harness) -> None:
    task = copied(here, "/v1/secret-path", FILE)
    client: Any = here.services.store.tasks.tables.client
    rows = client.scan(TableName=TABLES[0])["Items"]

    shown = json.dumps(query_task(here, task.task_id, "grok"))
    assert "secret-path" not in shown + repr(rows)
    assert KEY not in shown + repr(rows)


def test_a_file_that_is_not_there_yet_is_asked_for_again(here: Harness) -> None:
    def later(_: Call) -> Answer:
        return FILE

    task_id = submit(here, AT_ONCE, said(private=["/1"]))
    here.network.script["kie.query"] = [Answer(404), Answer(503), later]

    assert finished_task(here, task_id).state is State.SUCCEEDED
