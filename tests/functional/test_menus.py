"""Any model is sold by any dialect that can name it, and made by any upstream that carries it: by data alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest

from relay.catalog.file import FILES, load
from relay.nouns.catalog import Catalog, Follow
from relay.nouns.money import nanos
from relay.nouns.task import State
from tests.functional.harness import Harness, harness

GENERATE, RECORD = "/api/v1/gpt4o-image/generate", "/api/v1/gpt4o-image/record-info"
PAPER_BOAT = {"prompt": "a paper boat", "size": "3:2", "nVariants": 2}


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as here:
        yield here


def edited(name: str, right: str, wrong: str) -> Catalog:
    """The shipped catalog with one line of one file changed."""
    texts = {each: (files("relay.catalog") / each).read_text("utf-8") for each in FILES}
    assert texts[name].count(right) == 1
    return load({**texts, name: texts[name].replace(right, wrong)})


def sell(here: Harness, catalog: Catalog) -> None:
    here.services = replace(here.services, catalog=catalog)
    here.network.sell(catalog)


def made(here: Harness, upstream: str) -> tuple[list[str], dict[str, Any]]:
    """The paths an upstream was asked at, submission and queries, and the body of the submission."""
    here.pump()
    here.network.finish()
    here.run(90, step=30)
    (call,) = here.network.sent(f"{upstream}.submit")
    calls = [call, *here.network.sent(f"{upstream}.query")]
    return [urlsplit(each.url).path for each in calls], json.loads(call.body)


def test_a_kie_task_is_made_by_the_aistudio_upstream_on_the_platform_the_source_names(here: Harness) -> None:
    kie = 'sources = [{ upstream = "kie", api = "gpt4o-image"'
    aistudio = '{ upstream = "aistudio", model = "gpt-4o", label = "krea", counts = ["1-10"] }'
    sell(here, edited("models.toml", kie, f"sources = [{aistudio}, {kie.partition('[')[2]}, priority = 2"))
    status, document = here.post(GENERATE, PAPER_BOAT)
    assert status == 200, document
    task_id = document["data"]["taskId"]
    paths, body = made(here, "aistudio")

    assert (paths[0], set(paths[1:])) == ("/api/krea/images", {"/api/krea/tasks"})
    assert body == {"prompt": "a paper boat", "model": "gpt-4o", "size": "3:2", "count": 2}
    task = here.task(task_id)
    assert (task.state, task.platform, task.model) == (State.SUCCEEDED, "gpt4o-image", "gpt4o-image")
    assert here.exchange("GET", f"{RECORD}?taskId={task_id}")[1]["data"]["status"] == "SUCCESS"


def test_a_kie_client_is_sold_another_model_by_one_line_of_its_menu(here: Harness) -> None:
    sell(
        here,
        edited(
            "menus.toml",
            'default = "gpt4o-image"\nmodels = ["gpt4o-image"]',
            'default = "grok-imagine"\nmodels = ["grok-imagine"]',
        ),
    )
    status, document = here.post(GENERATE, PAPER_BOAT)
    assert status == 200, document
    paths, _ = made(here, "aistudio")  # two at once are made there alone

    assert (paths[0], set(paths[1:])) == ("/api/grok/images", {"/api/grok/tasks"})
    assert here.task(document["data"]["taskId"]).model == "grok-imagine"


def test_a_task_is_only_continued_by_a_model_that_the_catalog_says_may(here: Harness) -> None:
    film = {"prompt": "a kite", "action": "text2video", "model": "kling-3.0"}
    _, parent = here.post("/api/kling/videos", film)
    here.pump()
    here.network.finish()
    here.run(90, step=30)
    before, models = here.balance, here.services.catalog.models
    only = replace(models["kling-v1"], follows={"extend": Follow(frozenset({"kling-v1"}))})
    sell(here, replace(here.services.catalog, models={**models, "kling-v1": only}))
    more = {"prompt": "on", "action": "extend", "model": "kling-v1", "task_id": parent["task_id"]}
    status, document = here.post("/api/kling/videos", more)

    assert (status, document["error"]["code"]) == (400, "INVALID_PARAMETER")
    assert document["error"]["message"].startswith("task_id ")
    assert here.balance == before


def test_an_aistudio_client_is_sold_the_4o_image_model_made_by_kie(here: Harness) -> None:
    status, document = here.post(
        "/api/krea/images", {"prompt": "a paper boat", "model": "gpt4o-image", "size": "1024x1536", "count": 2}
    )
    assert status == 200, document
    assert here.balance == nanos(100) - 2 * nanos("0.18")
    paths, body = made(here, "kie")

    assert (paths[0], body["size"], body["nVariants"]) == (GENERATE, "2:3", 2)
    assert here.task(document["task_id"]).state is State.SUCCEEDED
