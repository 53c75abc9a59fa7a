"""Our own faults: one 500 in the caller's dialect, and no client data in the answer or the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from relay.effects.queues import Queues
from relay.effects.store import Store
from relay.effects.store.table import Tables
from relay.families.aistudio.words import ERRORS
from relay.nouns.task import State
from relay.nouns.tiers import Tier
from tests.functional.harness import KEY, SECRETS, Harness, harness, open_account
from tests.functional.network import CLIENT
from tests.functional.test_upstream_answers import kie, relay

PROMPT = "a cat nobody else may know of"
ENDPOINTS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/api/kling/images", {"prompt": PROMPT}),
    ("POST", "/api/kling/tasks", {"task_id": "019b76da-a870-7000-8000-000000000000"}),
    ("POST", "/api/account/balance", None),
    ("POST", "/api/account/consumption", {}),
    ("POST", "/api/v1/gpt4o-image/generate", {"prompt": PROMPT, "size": "1:1"}),
    ("GET", "/api/v1/gpt4o-image/record-info?taskId=019b76da-a870-7000-8000-000000000000", None),
]


class Broken:
    """A client whose every call fails with a text that must not appear anywhere."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{name} is broken")


@pytest.fixture(scope="module")
def shared() -> Iterator[Harness]:
    with harness() as made:
        yield made


@pytest.fixture
def here(shared: Harness) -> Iterator[Harness]:
    whole = shared.services
    yield shared
    shared.services = whole
    shared.__post_init__()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    """Every log line of the package, at every level."""
    for name in [name for name in logging.root.manager.loggerDict if name.startswith(("genrelay", "relay"))]:
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def broken(here: Harness) -> None:
    """Services whose tables cannot be reached."""
    tables: Any = Broken()
    store = Store.over(Tables(tables, "t", "a", "d"), shards=1, utc_offset=8)
    here.services = replace(here.services, store=store)
    here.__post_init__()  # containers that have seen nobody


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_a_fault_of_ours_is_an_internal_error_in_the_callers_words(
    here: Harness, method: str, path: str, body: dict[str, Any] | None
) -> None:
    broken(here)

    status, document = here.request(method, path, body)

    assert status == 500
    assert document.get("code", document.get("error", {}).get("code")) in (500, "INTERNAL_ERROR")


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_a_fault_of_ours_tells_nobody_the_key_the_prompt_or_what_broke(
    here: Harness, log: pytest.LogCaptureFixture, method: str, path: str, body: dict[str, Any] | None
) -> None:
    broken(here)

    answer = here.exchange(method, path, body)

    logged = f"{log.text} {[vars(record) for record in log.records]}"
    assert "request failed" in logged
    assert not [word for word in (KEY, PROMPT, *SECRETS.values()) if word in logged or word in str(answer)]
    assert "broken" not in str(answer)


def test_a_whole_life_logs_no_key_prompt_or_token(here: Harness, log: pytest.LogCaptureFixture) -> None:
    here.network.script["aistudio.submit"] = [
        relay(500, "API_ERROR", f"cannot make {PROMPT} for sk-EXAMPLE-upstream-aistudio")
    ]
    here.network.script["aistudio.query"] = [relay(500, "API_ERROR", PROMPT)]
    here.network.script["kie.query"] = [kie(500, PROMPT)]
    here.submit_image(prompt=PROMPT, callback_url=CLIENT)
    task_id = here.submit_kie_image(prompt=PROMPT)
    here.run(15)
    token = here.network.jobs["kie-1"].callback_url.rsplit("/", 1)[-1]
    here.network.finish()
    here.callback(here.network.jobs["kie-1"])
    here.run(70)

    logged = f"{log.text} {[vars(record) for record in log.records]}"
    assert here.task(task_id).state is State.SUCCEEDED
    assert "task ended" in logged
    assert not [word for word in (KEY, PROMPT, token, *SECRETS.values()) if word in logged]


def test_a_queue_that_takes_no_message_is_made_up_for_by_the_clock(here: Harness) -> None:
    def unreachable() -> Any:
        raise EndpointConnectionError(endpoint_url="https://sqs.example")

    queues = here.services.queues
    here.services = replace(here.services, queues=Queues(unreachable, here.dispatch_url, here.deliver_url))
    task_id = here.submit_image()
    here.services = replace(here.services, queues=queues)

    here.wait(31)
    here.tick()
    here.pump()

    assert here.task(task_id).state is State.QUEUED


def test_every_code_of_the_platform_reference_can_be_met(here: Harness) -> None:
    one = Tier(1, "one a minute", per_minute=1, per_day=9, in_flight=9)
    tiers = {1: one, 2: replace(one, level=2, per_minute=9, in_flight=1), 3: replace(one, level=3, per_minute=99)}
    here.services = replace(here.services, catalog=replace(here.services.catalog, tiers=tiers))
    for name, balance, tier in (("empty", "0", 3), ("frozen", "9", 3), ("minute", "9", 1), ("flight", "9", 2)):
        open_account(here, name, f"sk-EXAMPLE-{name}", balance, tier)
    here.services.store.accounts.change("frozen", status="frozen")
    cat, images = {"prompt": "a cat"}, "/api/kling/images"

    met = {
        here.post(path, body, key=key)[1].get("error", {}).get("code")
        for path, body, key in [
            (images, {}, KEY),
            (images, {"prompt": 1}, KEY),
            ("/api/grok/videos", cat, KEY),
            (images, cat, None),
            (images, cat, "sk-EXAMPLE-nobody"),
            (images, cat, "sk-EXAMPLE-empty"),
            (images, cat, "sk-EXAMPLE-frozen"),
            ("/api/kling/tasks", {"task_id": "none"}, KEY),
            ("/api/nowhere", cat, KEY),
            *[(images, cat, "sk-EXAMPLE-minute")] * 2,
            *[(images, cat, "sk-EXAMPLE-flight")] * 2,
        ]
    }
    broken(here)
    met.add(here.post(images, cat)[1]["error"]["code"])

    # API_ERROR ends tasks (see the upstreams' answers); FORBIDDEN is reserved for rights that every key has today
    assert met - {None} == ERRORS.keys() - {"API_ERROR", "FORBIDDEN"}
