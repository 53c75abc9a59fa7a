"""What any client of a new-api aggregator asks of us: with its key wherever it puts it, for models and for the bill."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relay.flow.services import UPSTREAMS_ON
from tests.functional.harness import KEY, Harness

ANSWERS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "fixtures/newapi/account.json").read_text("utf-8"))
SUBSCRIPTION, USAGE = "/v1/dashboard/billing/subscription", "/v1/dashboard/billing/usage"


def asked(here: Harness, path: str, **headers: str) -> tuple[int, Any]:
    return here.request("GET", path, key=None, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}"},
        {"authorization": KEY},
        {"authorization": f"Bearer {KEY.removeprefix('sk-')}"},
        {"x-api-key": KEY, "anthropic-version": "2023-06-01"},
        {"mj-api-secret": KEY},
        {"x-goog-api-key": KEY},
        {"authorization": "Bearer ", "mj-api-secret": KEY},
    ],
)
def test_a_key_is_found_wherever_the_familys_clients_put_it(here: Harness, headers: dict[str, str]) -> None:
    assert asked(here, USAGE, **headers)[0] == 200


def test_a_key_may_stand_in_the_query_where_googles_clients_put_it(here: Harness) -> None:
    assert asked(here, f"{USAGE}?key={KEY}")[0] == 200


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": f"Basic {KEY}"}, {"goog-api-key": KEY}, {"x-api-key": "sk-"}]
)
def test_a_request_without_a_key_is_told_so_in_openais_words(here: Harness, headers: dict[str, str]) -> None:
    status, document = asked(here, "/v1/models", **headers)
    assert (status, document["error"]["type"], document["error"]["code"]) == (
        401, "authentication_error", "missing_api_key"
    )  # fmt: skip


def test_other_families_take_a_key_only_as_a_bearer(here: Harness) -> None:
    assert here.request("POST", "/api/account/balance", {}, key=None, headers={"x-api-key": KEY})[0] == 401


def test_the_models_are_those_that_can_be_bought_here_now(here: Harness) -> None:
    sora = here.services.catalog.menus["aistudio"]["sora"]
    menus = {**here.services.catalog.menus, "newapi": {"video": sora}}
    here.services = replace(here.services, catalog=replace(here.services.catalog, menus=menus))
    assert here.request("GET", "/v1/models") == (200, ANSWERS["models"])
    assert here.request("GET", "/v1/models/sora-2") == (200, ANSWERS["model"])
    assert here.request("GET", "/v1/models/kling-3.0")[1]["error"]["code"] == "not_found"

    here.secrets.values[UPSTREAMS_ON] = '["kie"]'
    assert here.request("GET", "/v1/models") == (200, {"object": "list", "data": []})


def test_each_makers_clients_read_the_models_in_their_own_list(here: Harness) -> None:
    here.switch_on("newapi")
    gemini = here.services.catalog.menus["newapi"]["generate-content"]
    menus = {**here.services.catalog.menus, "newapi": {"generate-content": gemini}}
    here.services = replace(here.services, catalog=replace(here.services.catalog, menus=menus))
    claude = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    googles = {"x-goog-api-key": KEY}
    for home, headers, shown in (
        ("/v1/models", claude, "anthropic"),
        ("/v1/models", {"authorization": f"Bearer {KEY}", "anthropic-version": "2026-10-21"}, "anthropic"),
        ("/v1/models", googles, "google"),
        ("/v1beta/models", googles, "google"),
        ("/v1beta/models", {"authorization": f"Bearer {KEY}"}, "google"),
    ):
        assert asked(here, home, **headers) == (200, ANSWERS[f"{shown}_models"])
        assert asked(here, f"{home}/gemini-3.8-flash", **headers) == (200, ANSWERS[f"{shown}_model"])
        assert asked(here, f"{home}/gemini-0", **headers) == (404, ANSWERS[f"{shown}_error"])
    assert asked(here, f"/v1/models?key={KEY}") == (200, ANSWERS["google_models"])
    for headers, shown in (
        (claude | {"x-api-key": "sk-EXAMPLE-nobody"}, "type"),
        ({"x-goog-api-key": "x" * 9}, "status"),
    ):
        status, document = asked(here, "/v1/models", **headers)
        assert (status, shown in document["error"]) == (401, True)


def test_what_nothing_here_serves_is_told_apart_from_what_nobody_knows(here: Harness) -> None:
    for method, path in (("GET", "/v1/files"), ("POST", "/v1/files/file-1/content"), ("POST", "/v1/fine-tunes")):
        status, document = here.request(method, path)
        assert (status, document["error"]["code"]) == (501, "api_not_implemented")
    assert here.request("GET", "/v1/filesystem")[0] == 404


def test_what_is_left_is_the_limit_less_the_usage_in_dollars(here: Harness) -> None:
    here.submit_image(count=2)  # 0.40 of 100.00, at 7.20 for a dollar
    assert here.request("GET", SUBSCRIPTION) == (200, ANSWERS["subscription"])
    assert here.request("GET", USAGE + "?start_date=2026-01-01") == (200, ANSWERS["usage"])


def test_an_unknown_path_is_answered_with_openais_error(here: Harness) -> None:
    for path in ("/v1/nothing", "/mj/nothing", "/mj-fast/mj/nothing", "/suno/nothing", "/kling/nothing"):
        assert here.request("GET", path) == (404, ANSWERS["error"])
