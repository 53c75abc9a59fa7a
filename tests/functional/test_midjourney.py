"""Midjourney end to end, on a simulated proxy: a picture, its buttons, and windows that ask before they go on."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from aws_lambda_powertools.utilities.typing import LambdaContext

from relay.effects.outbound import NoAnswer, NotSent
from relay.flow.observe import observe
from relay.nouns.faults import sentence
from relay.nouns.money import nanos
from relay.nouns.task import State
from relay.nouns.wire import Answer, Call
from tests.functional.aws_fakes import function_of, http_event
from tests.functional.harness import KEY, Harness, open_account
from tests.functional.midjourney import SECONDS, button, fetched, made, midjourney, sent, submitted
from tests.functional.network import CLIENT, PICTURE, Script
from tests.functional.refusals import stored_state
from tests.functional.serving import served

IMAGINE, UPSCALE, MODAL = nanos("0.72"), nanos("0.36"), nanos("0.72")
FULL = nanos("100")


@pytest.fixture
def here() -> Iterator[Harness]:
    with midjourney() as made_here:
        yield made_here


def test_a_picture_is_made_scaled_up_and_zoomed_out_of_as_asked(here: Harness) -> None:
    grid = made(here, submitted(here, "imagine", prompt="a lighthouse", state="order-7"))
    assert (grid["status"], grid["action"], grid["progress"], grid["state"]) == (
        "SUCCESS",
        "IMAGINE",
        "100%",
        "order-7",
    )
    up = made(here, submitted(here, "action", taskId=grid["id"], customId=button(grid, "U2")))
    assert (up["status"], up["action"], up["customId"]) == ("SUCCESS", "UPSCALE", button(grid, "U2"))
    assert here.balance == FULL - IMAGINE - UPSCALE

    zoom = submitted(here, "action", 21, taskId=up["id"], customId=button(up, "Custom Zoom"))
    assert (fetched(here, zoom)["status"], here.balance) == ("MODAL", FULL - IMAGINE - UPSCALE)
    assert submitted(here, "modal", taskId=zoom, prompt="a lighthouse --zoom 1.8") == zoom
    wide = made(here, zoom)
    assert (wide["status"], wide["action"], wide["prompt"]) == ("SUCCESS", "CUSTOM_ZOOM", "a lighthouse --zoom 1.8")
    assert (here.balance, here.drift) == (FULL - IMAGINE - UPSCALE - MODAL, 0)

    jobs = [here.task(task["id"]).upstream_task_id for task in (grid, up)]
    asked = sent(here)
    assert [path for path, _ in asked] == [f"/mj/submit/{each}" for each in ("imagine", "action", "action", "modal")]
    assert [body.get("taskId") for _, body in asked[1:3]] == jobs
    assert asked[3][1]["prompt"] == "a lighthouse --zoom 1.8"


def test_who_waits_for_a_confirmed_window_is_told_of_the_picture(here: Harness) -> None:
    grid = made(here, submitted(here, "imagine", prompt="a lighthouse"))
    up = made(here, submitted(here, "action", taskId=grid["id"], customId=button(grid, "U1")))
    zoom = submitted(here, "action", 21, taskId=up["id"], customId=button(up, "Custom Zoom"))
    here.services = replace(here.services, pause=lambda _: here.run(SECONDS))
    answer, prefer = {"taskId": zoom, "prompt": "a lighthouse"}, {"prefer": "wait=20"}
    _, told, headers = here.exchange("POST", "/mj/submit/modal", answer, headers=prefer)
    assert (told["status"], headers["preference-applied"]) == ("SUCCESS", "wait=20")
    assert told == fetched(here, zoom)


def test_a_window_nobody_confirms_costs_nothing_and_asks_nothing(here: Harness) -> None:
    grid = made(here, submitted(here, "imagine", prompt="a lighthouse"))
    up = made(here, submitted(here, "action", taskId=grid["id"], customId=button(grid, "U1")))
    zoom, before = submitted(here, "action", 21, taskId=up["id"], customId=button(up, "Custom Zoom")), here.balance
    here.run(1000, step=60)
    assert (here.task(zoom).state, here.balance, len(sent(here))) == (State.TIMEOUT, before, 2)
    assert fetched(here, zoom)["status"] == "FAILURE"


def test_a_notify_hook_is_told_of_each_change_with_the_whole_task(here: Harness) -> None:
    task_id = submitted(here, "imagine", prompt="a lighthouse", notifyHook=CLIENT)
    end = made(here, task_id)
    told = [json.loads(call.body) for call in here.told]
    assert told[-1] == {**end, "imageUrl": told[-1]["imageUrl"]}
    assert (told[-1]["status"], bool(told[-1]["buttons"]), bool(told[-1]["imageUrl"])) == ("SUCCESS", True, True)
    assert len(told) > 1
    assert {(each["id"], each["prompt"]) for each in told} == {(task_id, "a lighthouse")}
    assert not {each["status"] for each in told[:-1]} - {"SUBMITTED", "IN_PROGRESS"}
    drawn = [each for each in told[:-1] if each["status"] == "IN_PROGRESS"]
    assert {each["promptEn"] for each in drawn} == {"a lighthouse --v 6"}
    assert all(each["imageUrl"].partition("?drawn=")[1] for each in drawn)


def test_a_running_picture_shows_how_far_it_is_drawn_and_is_written_when_that_changes(here: Harness) -> None:
    task_id = submitted(here, "imagine", prompt="a lighthouse")
    here.pump()
    here.wait(SECONDS / 2)
    here.tick()
    told = fetched(here, task_id)
    assert (told["status"], told["promptEn"], told["prompt"]) == ("IN_PROGRESS", "a lighthouse --v 6", "a lighthouse")
    assert told["imageUrl"].endswith("?drawn=50")
    before = here.task(task_id)
    assert observe(here.services, before, here.services.ask(before, before.upstream_task_id or "", 5), "poll") == before
    end = made(here, task_id)
    assert (end["status"], end["promptEn"]) == ("SUCCESS", "a lighthouse")
    assert "?drawn=" not in end["imageUrl"]


def inline() -> str:
    """A picture as clients send it."""
    return f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"


ASKED: dict[str, tuple[dict[str, Any], str, str]] = {
    "blend": ({"base64Array": [inline(), inline()], "dimensions": "PORTRAIT"}, "BLEND", "mj_blend"),
    "describe": ({"base64": inline()}, "DESCRIBE", "mj_describe"),
    "shorten": ({"prompt": "a very long prompt"}, "SHORTEN", "mj_shorten"),
    "edits": ({"prompt": "a hat", "image": inline()}, "EDIT", "mj_edits"),
    "retexture": ({"prompt": "of wood", "image": inline()}, "RETEXTURE", "mj_retexture"),
    "video": ({"prompt": "it flies", "image": inline(), "motion": "high"}, "VIDEO", "mj_video"),
}


def test_what_is_made_of_the_clients_pictures_and_words_is_sent_as_bytes_and_charged_by_its_name(here: Harness) -> None:
    tasks = {name: submitted(here, name, **body) for name, (body, _, _) in ASKED.items()}
    status, said = here.post("/mj/insight-face/swap", {"sourceBase64": inline(), "targetBase64": inline()})
    assert (status, said["code"]) == (200, 1)
    tasks["swap"] = said["result"]
    here.run(2 * SECONDS + 60)
    for name, (_, action, model) in {**ASKED, "swap": ({}, "SWAP_FACE", "swap_face")}.items():
        told = fetched(here, tasks[name])
        assert (told["status"], told["action"], here.task(tasks[name]).model) == ("SUCCESS", action, model), name
        wordy = action in ("DESCRIBE", "SHORTEN")
        assert (bool(told["properties"]["finalPrompt"]), bool(told["imageUrl"])) == (wordy, not wordy), name
    assert len(fetched(here, tasks["video"])["videoUrls"]) == 4
    bodies = dict(sent(here))
    assert bodies["/mj/submit/blend"]["base64Array"] == [inline(), inline()]
    assert bodies["/mj/submit/describe"]["base64"] == bodies["/mj/insight-face/swap"]["targetBase64"] == inline()
    assert here.drift == 0


@pytest.mark.parametrize(
    ("path", "body", "action", "pressed"),
    [
        ("change", {"action": "UPSCALE", "index": 3}, "UPSCALE", "U3"),
        ("change", {"action": "VARIATION", "index": 1}, "VARIATION", "V1"),
        ("change", {"action": "REROLL"}, "REROLL", "🔄"),
        ("simple-change", "U2", "UPSCALE", "U2"),
        ("simple-change", "r", "REROLL", "🔄"),
    ],
)
def test_a_change_presses_the_button_of_its_task(
    here: Harness, path: str, body: dict[str, Any] | str, action: str, pressed: str
) -> None:
    grid = made(here, submitted(here, "imagine", prompt="a lighthouse"))
    fields = {"content": f"{grid['id']} {body}"} if isinstance(body, str) else {**body, "taskId": grid["id"]}
    told = made(here, submitted(here, path, **fields))
    assert (told["status"], told["action"], told["customId"]) == ("SUCCESS", action, button(grid, pressed))
    _, asked = sent(here)[-1]
    assert (asked["taskId"], asked["customId"]) == (here.task(grid["id"]).upstream_task_id, button(grid, pressed))


def test_repainting_takes_its_mask_with_the_answer_and_goes_on_where_its_task_was_made(here: Harness) -> None:
    grid = made(here, submitted(here, "imagine", prompt="a lighthouse"))
    up = made(here, submitted(here, "simple-change", content=f"{grid['id']} U1"))
    task_id = submitted(here, "action", 21, taskId=up["id"], customId=button(up, "Vary (Region)"))
    assert refusal(here, "modal", taskId=task_id, prompt="a moon") == (4, "maskBase64")
    assert submitted(here, "modal", task_id=task_id, prompt="a moon", maskBase64=inline()) == task_id
    assert made(here, task_id)["action"] == "INPAINT"
    assert sent(here)[-1][1]["maskBase64"] == inline()
    assert refusal(here, "modal", taskId=task_id, prompt="a moon", maskBase64=inline()) == (4, "taskId")


def test_a_film_goes_on_from_one_of_its_four(here: Harness) -> None:
    film = made(here, submitted(here, "video", prompt="it flies", image=inline()))
    longer = submitted(here, "video", prompt="", action="extend", taskId=film["id"], index=2)
    assert made(here, longer)["status"] == "SUCCESS"
    _, body = sent(here)[-1]
    assert (body["taskId"], body["index"]) == (here.task(film["id"]).upstream_task_id, 2)


def refusal(here: Harness, path: str, **body: Any) -> tuple[int, str]:
    """The code of a refused submission, which changes nothing, and the field its description begins with."""
    before = stored_state(here)
    status, said = here.post(f"/mj/submit/{path}", body)
    assert status == 200, said
    assert stored_state(here) == before
    return said["code"], said["description"].split(" ")[0]


def test_what_cannot_be_gone_on_from_is_refused_before_any_charge(here: Harness) -> None:
    running = submitted(here, "imagine", prompt="a lighthouse")
    custom_id = "MJ::JOB::upsample::1::0123"
    assert refusal(here, "action", taskId=running, customId=custom_id) == (4, "taskId")
    grid = made(here, running)
    assert refusal(here, "action", taskId=grid["id"], customId=custom_id) == (4, "customId")
    assert refusal(here, "action", taskId=grid["id"], customId="MJ::BOOKMARK::1") == (4, "customId")
    up = made(here, submitted(here, "change", taskId=grid["id"], action="UPSCALE", index=1))
    assert refusal(here, "change", taskId=up["id"], action="VARIATION", index=1) == (4, "index")
    assert refusal(here, "simple-change", content="019b76da-9a28-7abc-8def-0123456789ab U1") == (4, "content")
    assert refusal(here, "modal", taskId=grid["id"], prompt="x") == (4, "taskId")
    open_account(here, "stranger", "sk-EXAMPLE-stranger", "9", 3)
    body = {"taskId": grid["id"], "customId": button(grid, "U1")}
    _, said = here.post("/mj/submit/action", body, key="sk-EXAMPLE-stranger")
    assert (said["code"], said["description"].split(" ")[0]) == (4, "taskId")


def test_bad_pictures_are_refused_in_the_clients_words(here: Harness) -> None:
    text = "data:image/png;base64," + base64.b64encode(b"no picture at all").decode()
    assert refusal(here, "describe", base64=text) == (4, "base64")
    assert refusal(here, "blend", base64Array=[inline(), "data:image/png;base64,???"]) == (4, "base64Array[1]")
    assert refusal(here, "imagine", prompt="a", base64Array=["http://127.0.0.1/a.png"]) == (4, "base64Array[0]")
    assert refusal(here, "imagine", prompt="a", notifyHook="http://client.example/hook") == (4, "notifyHook")


def test_our_own_failures_are_said_as_new_api_says_them(here: Harness) -> None:
    here.services.store.accounts.debit(here.account_id, "out", FULL - nanos("0.70"), here.now[0], "test")
    assert here.post("/mj/submit/imagine", {"prompt": "a"}) == (
        400,
        {"description": "quota_not_enough", "type": "upstream_error", "code": 4},
    )
    status, said = here.post("/mj/submit/imagine", {"prompt": "a"}, key="sk-EXAMPLE-nobody")
    assert (status, said["type"]) == (401, "upstream_error")
    assert here.request("GET", "/mj/task/none/fetch") == (
        400,
        {"description": "task_no_found", "type": "upstream_error", "code": 4},
    )


def test_a_full_minute_is_a_saturated_group_and_a_full_account_a_full_queue(here: Harness) -> None:
    what = here.services.catalog
    tier = what.tiers[3]
    here.services = replace(here.services, catalog=replace(what, tiers={3: replace(tier, in_flight=1)}))
    submitted(here, "imagine", prompt="a")
    assert here.post("/mj/submit/imagine", {"prompt": "a"})[1]["code"] == 23
    here.services = replace(here.services, catalog=replace(what, tiers={3: replace(tier, per_minute=1)}))
    status, said, headers = here.exchange("POST", "/mj/submit/imagine", {"prompt": "a"})
    assert (status, said["code"], "retry-after" in headers) == (429, 30, True)


def test_several_are_told_at_once_and_what_is_not_the_clients_is_left_out(here: Harness) -> None:
    tasks = [submitted(here, "imagine", prompt=f"picture {number}") for number in range(2)]
    open_account(here, "stranger", "sk-EXAMPLE-stranger", "9", 3)
    _, said = here.post("/mj/submit/imagine", {"prompt": "a"}, key="sk-EXAMPLE-stranger")
    ids = [tasks[1], said["result"], "no such", tasks[0], "../x"]
    status, told = here.post("/mj/task/list-by-condition", {"ids": ids})
    assert (status, [each["id"] for each in told]) == (200, [tasks[1], tasks[0]])
    assert told[0] == fetched(here, tasks[1])
    status, refused = here.post("/mj/task/list-by-condition", {})
    assert (status, refused["code"]) == (400, 4)


def test_what_the_upstream_bans_ends_as_a_failure_in_our_words_and_is_paid_back(here: Harness) -> None:
    told = made(here, submitted(here, "imagine", prompt="a [[submit:refuse]]"))
    assert (told["status"], told["failReason"]) == ("FAILURE", sentence("CONTENT_POLICY_VIOLATION", "en"))
    assert (told["properties"]["bannedWord"], told["promptEn"]) == ("refuse", "a refuse")
    assert (here.balance, here.drift) == (FULL, 0)


SAID_NO: dict[str, tuple[Answer | Exception, str, str]] = {
    "banned": (Answer(200, b'{"code": 24, "properties": {"bannedWord": "nude"}}'), "CONTENT_POLICY_VIOLATION", "nude"),
    "invalid": (Answer(200, b'{"code": 4, "description": "no such window"}'), "INVALID_PARAMETER", ""),
    "failure": (Answer(200, b'{"code": 9, "description": "system error"}'), "API_ERROR", ""),
    "not reached": (NotSent("ConnectTimeout"), "API_ERROR", ""),
}


@pytest.mark.parametrize(("answer", "code", "word"), SAID_NO.values(), ids=SAID_NO)
def test_a_window_whose_answer_the_upstream_refuses_is_paid_back(
    here: Harness, answer: Answer | Exception, code: str, word: str
) -> None:
    grid = made(here, submitted(here, "imagine", prompt="a lighthouse"))
    up = made(here, submitted(here, "simple-change", content=f"{grid['id']} U1"))
    zoom, before = submitted(here, "action", 21, taskId=up["id"], customId=button(up, "Custom Zoom")), here.balance
    submitted(here, "modal", taskId=zoom, prompt="a lighthouse")

    def pressed(call: Call) -> Answer:
        return here.network.ordinary("midjourney.submit", call)

    here.network.script["midjourney.submit"] = [pressed, answer] * 9
    told = made(here, zoom)
    assert (told["status"], told["failReason"]) == ("FAILURE", sentence(code, "en"))
    assert (told["properties"].get("bannedWord", ""), here.balance, here.drift) == (word, before, 0)


def test_a_window_whose_answer_is_lost_is_held_and_sent_once(here: Harness) -> None:
    grid = made(here, submitted(here, "imagine", prompt="a lighthouse"))
    up = made(here, submitted(here, "simple-change", content=f"{grid['id']} U1"))
    zoom = submitted(here, "action", 21, taskId=up["id"], customId=button(up, "Custom Zoom"))
    submitted(here, "modal", taskId=zoom, prompt="a lighthouse")
    lost: list[Script] = [lambda call: here.network.ordinary("midjourney.submit", call), NoAnswer("ReadTimeout")]
    here.network.script["midjourney.submit"] = lost
    here.run(60)
    assert (here.task(zoom).state, here.task(zoom).sending) == (State.SUBMITTING, True)
    assert [path for path, _ in sent(here)[2:]] == ["/mj/submit/action", "/mj/submit/modal"]


def located(here: Harness, path: str) -> str:
    """Where a link leads without a key."""
    event = http_event("GET", path, {}, b"")
    reply = here.endpoints[function_of("GET", path)].resolve(event, LambdaContext())
    assert reply["statusCode"] == 302, reply
    return str({name.lower(): value for name, value in reply["headers"].items()}["location"])


def test_a_picture_is_seen_without_a_key_by_the_link_it_is_shown_with_and_by_no_other(here: Harness) -> None:
    grid = made(here, submitted(here, "imagine", prompt="a lighthouse"))
    path = grid["imageUrl"].removeprefix("https://relay.example.net")
    assert path.startswith("/mj/image/")
    assert located(here, path) == here.task(grid["id"]).assets[0].url
    here.wait(30 * 24 * 3600)
    assert located(here, path)
    running = submitted(here, "imagine", prompt="a lighthouse")
    other = path.replace(grid["id"], running)
    for wrong in (f"/mj/image/{grid['id']}", path[:-1], other, f"/mj/image/{here.account_id}.{running}."):
        status, said = here.request("GET", wrong, key=None)
        assert (status, said["description"]) == (400, "task_no_found"), wrong


def test_pictures_that_are_brought_come_back_as_links_that_a_request_may_name(here: Harness) -> None:
    status, said = here.post("/mj/submit/upload-discord-images", {"base64Array": [inline(), inline()]})
    assert (status, said["code"], len(said["result"])) == (200, 1, 2)
    task_id = submitted(here, "imagine", prompt="a", base64Array=said["result"])
    here.pump()
    assert sent(here)[-1][1]["base64Array"] == [inline(), inline()]
    assert here.balance == FULL - IMAGINE
    assert here.task(task_id).state is State.QUEUED
    assert refusal(here, "upload-discord-images") == (4, "base64Array")
    bad = [inline(), "iVBORw0KGgo"]
    assert refusal(here, "upload-discord-images", base64Array=bad) == (4, "base64Array[1]")


def test_a_seed_is_asked_for_apart_once_the_picture_is_made(here: Harness) -> None:
    task_id = submitted(here, "imagine", prompt="a lighthouse")
    assert here.request("GET", f"/mj/task/{task_id}/image-seed")[1]["code"] == 3
    seed = made(here, task_id)["seed"]
    asked = [call.url for call in here.network.sent("midjourney.query") if call.url.endswith("/image-seed")]
    status, said = here.request("GET", f"/mj/task/{task_id}/image-seed")
    assert (status, said["code"], said["result"], len(asked)) == (200, 1, seed, 1)
    assert seed.isdigit()


@pytest.mark.parametrize(("taken", "left"), [(1_000, [3.0]), (9_000, [1.0]), (10_000, [])])
def test_a_seed_is_asked_for_in_what_its_query_left_of_the_time(here: Harness, taken: int, left: list[float]) -> None:
    def asked(call: Call) -> Answer:
        here.now[0] += 0 if call.url.endswith("/image-seed") else taken
        return here.network.ordinary("midjourney.query", call)

    before = len(here.network.sent("midjourney.query"))
    here.network.script["midjourney.query"] = [asked] * 20
    assert made(here, submitted(here, "imagine", prompt="a lighthouse"))["status"] == "SUCCESS"
    here.network.script["midjourney.query"] = []
    calls = here.network.sent("midjourney.query")[before:]
    assert [call.timeout for call in calls if call.url.endswith("/image-seed")] == left


@pytest.mark.parametrize(
    "answer", [NoAnswer("ReadTimeout"), NotSent("x"), Answer(404, b"<html>"), Answer(200, b'{"code": 3}')], ids=repr
)
def test_a_picture_whose_seed_cannot_be_had_is_a_success_without_one(here: Harness, answer: Answer | Exception) -> None:
    def asked(call: Call) -> Answer:
        if not call.url.endswith("/image-seed"):
            return here.network.ordinary("midjourney.query", call)
        if isinstance(answer, Exception):
            raise answer
        return answer

    here.network.script["midjourney.query"] = [asked] * 20
    told = made(here, submitted(here, "imagine", prompt="a lighthouse"))
    assert (told["status"], "seed" in told, len(told["buttons"])) == ("SUCCESS", False, 9)
    assert here.request("GET", f"/mj/task/{told['id']}/image-seed")[1]["code"] == 3


def test_a_client_works_its_way_from_a_prompt_to_an_answered_window_over_http(here: Harness) -> None:
    with served(here) as relay, requests.Session() as client:
        client.headers["mj-api-secret"] = KEY

        def submit(path: str, **body: Any) -> dict[str, Any]:
            return dict(client.post(f"{relay.url}/mj-fast/mj/submit/{path}", json=body, timeout=20).json())

        def poll(task_id: str) -> dict[str, Any]:
            def ask() -> dict[str, Any]:
                return dict(client.get(f"{relay.url}/mj/task/{task_id}/fetch", timeout=20).json())

            relay.until(lambda: ask()["status"] in ("SUCCESS", "FAILURE"))
            return ask()

        grid = poll(submit("imagine", prompt="a lighthouse")["result"])
        up = poll(submit("action", taskId=grid["id"], customId=button(grid, "U4"))["result"])
        window = submit("action", taskId=up["id"], customId=button(up, "Custom Zoom"))
        assert window["code"] == 21
        wide = poll(submit("modal", taskId=window["result"], prompt="a lighthouse --zoom 2")["result"])
        assert [task["action"] for task in (grid, up, wide)] == ["IMAGINE", "UPSCALE", "CUSTOM_ZOOM"]
        assert {task["status"] for task in (grid, up, wide)} == {"SUCCESS"}
    assert {path.partition("/mj/")[0] for path, _ in sent(here)} == {"/mj-fast"}
    assert (here.balance, here.drift) == (FULL - IMAGINE - UPSCALE - MODAL, 0)
