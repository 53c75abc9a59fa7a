"""Accounts are separate: other accounts' tasks cannot be read or continued; Idempotency-Keys count per account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from relay.nouns.money import nanos
from tests.axes import table
from tests.functional.harness import KEY, Harness, harness, open_account
from tests.functional.refusals import refused, stored_state

OTHER = "sk-EXAMPLE-other-0001"
UNKNOWN = "019b76da-a870-7000-8000-000000000000"
IMAGES, VIDEOS = "/api/kling/images", "/api/kling/videos"
CAT = {"prompt": "a cat"}
EXTEND = {"action": "extend", "prompt": "and then", "task_id": UNKNOWN}


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        open_account(made, "other", OTHER, "1000", 3)
        yield made


@pytest.fixture(scope="module")
def video(here: Harness) -> str:
    """A finished video of the first account."""
    status, made = here.post(VIDEOS, {"action": "text2video", "prompt": "a cat"})
    assert status == 200
    _finish(here)
    return str(made["task_id"])


@pytest.fixture(scope="module")
def kie_image(here: Harness) -> str:
    task_id = here.submit_kie_image()
    _finish(here)
    return task_id


def _finish(here: Harness) -> None:
    while here.pump():
        here.network.finish()
    here.wait(60)
    here.tick()


def test_anothers_task_is_as_unknown_as_none(here: Harness, video: str) -> None:
    theirs = refused(here, "POST", "/api/kling/tasks", {"task_id": video}, key=OTHER)
    nobodys = refused(here, "POST", "/api/kling/tasks", {"task_id": UNKNOWN}, key=OTHER)

    assert (theirs.status, theirs.code) == (404, "TASK_NOT_FOUND")
    assert theirs == nobodys


def test_anothers_kie_task_is_as_unknown_as_none(here: Harness, kie_image: str) -> None:
    path = "/api/v1/gpt4o-image/record-info?taskId="

    theirs = refused(here, "GET", path + kie_image, key=OTHER)

    assert theirs.code == 404
    assert theirs == refused(here, "GET", path + UNKNOWN, key=OTHER)


def test_anothers_video_cannot_be_extended(here: Harness, video: str) -> None:
    theirs = refused(here, "POST", VIDEOS, {**EXTEND, "task_id": video}, key=OTHER)

    assert theirs.code == "INVALID_PARAMETER"
    assert theirs == refused(here, "POST", VIDEOS, EXTEND, key=OTHER)


@pytest.mark.parametrize("named", [True, False], ids=["with its task", "without"])
def test_anothers_result_cannot_be_downloaded(here: Harness, kie_image: str, named: bool) -> None:
    path, url = "/api/v1/gpt4o-image/download-url", here.task(kie_image).assets[0].url
    task = {"taskId": kie_image} if named else {}
    assert here.post(path, {"url": url, **task})[0] == 200

    theirs = refused(here, "POST", path, {"url": url, **task}, key=OTHER)

    assert theirs.code == 404
    assert theirs == refused(here, "POST", path, {"url": "https://files.example/none.png", **task}, key=OTHER)


@pytest.mark.parametrize("platform", ["sora", "grok", "suno"])
def test_a_task_is_not_found_on_another_platform(here: Harness, video: str, platform: str) -> None:
    assert refused(here, "POST", f"/api/{platform}/tasks", {"task_id": video}).code == "TASK_NOT_FOUND"


@table("suffix", ["#request", "#event", "#delivery#1", "#", " ", "\x00", "\n"])
def test_the_rows_beside_a_task_are_no_tasks(here: Harness, video: str, suffix: str) -> None:
    assert refused(here, "POST", "/api/kling/tasks", {"task_id": video + suffix}).code == "TASK_NOT_FOUND"
    assert refused(here, "POST", VIDEOS, {**EXTEND, "task_id": video + suffix}).code == "INVALID_PARAMETER"


def test_a_video_of_another_platform_cannot_be_extended(here: Harness, video: str) -> None:
    refusal = refused(here, "POST", "/api/hailuo/videos", {**EXTEND, "task_id": video})

    assert "task_id" in refusal.message.split()


def test_an_unfinished_video_cannot_be_extended(here: Harness) -> None:
    _, made = here.post(VIDEOS, {"action": "text2video", "prompt": "a cat"})

    refusal = refused(here, "POST", VIDEOS, {**EXTEND, "task_id": made["task_id"]})

    assert "task_id" in refusal.message.split()


def test_an_image_cannot_be_extended(here: Harness) -> None:
    refused(here, "POST", VIDEOS, {**EXTEND, "task_id": here.submit_image()})


def spent(here: Harness, account_id: str) -> int:
    account = here.services.store.accounts.get(account_id)
    assert account is not None
    return nanos("1000") - account.balance


def keyed(here: Harness, key: str, *, sender: str = KEY) -> tuple[int, Any]:
    return here.post(IMAGES, CAT, headers={"idempotency-key": key}, key=sender)


def test_a_repeated_request_is_the_same_task_and_one_charge(here: Harness) -> None:
    before = spent(here, "acc1")
    first = keyed(here, "order-1")
    after = stored_state(here)

    assert [keyed(here, "order-1") for _ in range(3)] == [first] * 3
    assert spent(here, "acc1") - before == nanos("0.20")
    assert stored_state(here) == after


def test_a_request_repeated_after_its_task_ended_is_that_task(here: Harness) -> None:
    first = keyed(here, "order-2")
    _finish(here)

    assert keyed(here, "order-2") == first


def test_a_request_is_the_same_however_its_json_is_laid_out(here: Harness) -> None:
    first = here.post(IMAGES, raw=b'{"prompt":"a cat","count":2}', headers={"idempotency-key": "order-3"})

    assert here.post(IMAGES, raw=b'{ "count": 2, "prompt": "a cat" }', headers={"idempotency-key": "order-3"}) == first


@pytest.mark.parametrize("body", [{"prompt": "a dog"}, {**CAT, "count": 2}, {**CAT, "size": "1:1"}])
def test_a_key_used_for_another_request_is_named(here: Harness, body: dict[str, Any]) -> None:
    keyed(here, "order-4")

    refusal = refused(here, "POST", IMAGES, body, headers={"idempotency-key": "order-4"})

    assert (refusal.status, refusal.code) == (400, "INVALID_PARAMETER")
    assert "Idempotency-Key" in refusal.message.split()


@table("key", ["", "x" * 256, "x" * 10_000, "a\tb", "a\x00b"])
def test_a_key_that_is_none_is_named(here: Harness, key: str) -> None:
    refusal = refused(here, "POST", IMAGES, CAT, headers={"idempotency-key": key})

    assert (refusal.status, refusal.code) == (400, "INVALID_PARAMETER")
    assert "Idempotency-Key" in refusal.message.split()


def test_a_key_of_the_longest_length_is_taken(here: Harness) -> None:
    assert keyed(here, "x" * 255) == keyed(here, "x" * 255)


def test_two_accounts_may_use_the_same_key(here: Harness) -> None:
    before = spent(here, "acc1"), spent(here, "other")

    ours, theirs = keyed(here, "order-5"), keyed(here, "order-5", sender=OTHER)

    assert (ours[0], theirs[0]) == (200, 200)
    assert ours != theirs
    assert (spent(here, "acc1") - before[0], spent(here, "other") - before[1]) == (nanos("0.20"), nanos("0.20"))


def test_a_refused_request_leaves_its_key_free(here: Harness) -> None:
    refused(here, "POST", IMAGES, {"prompt": ""}, headers={"idempotency-key": "order-6"})

    assert keyed(here, "order-6")[0] == 200


def test_kie_clients_have_idempotency_keys_as_well(here: Harness) -> None:
    body, headers = {**CAT, "size": "1:1"}, {"idempotency-key": "order-7"}
    path = "/api/v1/gpt4o-image/generate"
    first = here.post(path, body, headers=headers)

    assert here.post(path, body, headers=headers) == first
    assert refused(here, "POST", path, {**body, "size": "3:2"}, headers=headers).code == 400
