"""Songs and lyrics asked for by new-api's Suno API: from the request to the answer, by whichever family makes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from relay.nouns.wire import Answer
from tests.functional.harness import KEY, Harness, harness, open_account
from tests.functional.refusals import refused
from tests.functional.serving import served
from tests.samples import sample

MUSIC, LYRICS, FETCH = "/suno/submit/music", "/suno/submit/lyrics", "/suno/fetch"
RAIN = {"mv": "chirp-v4", "gpt_description_prompt": "rain on roofs, lofi"}
SUNG = {
    "mv": "chirp-v5",
    "prompt": "[Verse]\nrain on roofs",
    "tags": "lofi",
    "title": "Roofs",
    "negative_tags": "drums",
}


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


def created(here: Harness, path: str = MUSIC, **fields: Any) -> str:
    status, document = here.post(path, fields)
    assert (status, document["code"], document["message"]) == (200, "success", ""), document
    return str(document["data"])


def fetched(here: Harness, task_id: str) -> dict[str, Any]:
    status, document = here.request("GET", f"{FETCH}/{task_id}")
    assert (status, document["code"]) == (200, "success"), document
    task: dict[str, Any] = document["data"]
    return task


def ended(here: Harness, task_id: str, state: str = "succeeded") -> dict[str, Any]:
    here.pump()
    here.network.finish(state)
    here.run(120)
    return fetched(here, task_id)


def sent(here: Harness, upstream: str) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(here.network.sent(f"{upstream}.submit")[-1].body)
    return asked


def test_a_song_is_made_from_a_description(here: Harness) -> None:
    here.switch_on("newapi")
    task_id = created(here, **RAIN, make_instrumental=False)
    assert (fetched(here, task_id)["status"], fetched(here, task_id)["data"]) == ("NOT_START", [])
    done = ended(here, task_id)
    assert sent(here, "newapi") == {**RAIN, "make_instrumental": False}
    assert (done["task_id"], done["action"], done["status"], done["progress"]) == (task_id, "MUSIC", "SUCCESS", "100%")
    assert done["submit_time"] == here.task(task_id).created_at // 1000
    assert done["finish_time"] == (here.task(task_id).completed_at or 0) // 1000
    first, second = done["data"]
    words = RAIN["gpt_description_prompt"]
    assert (first["id"], first["title"], first["status"]) == ("clip-newapi-1-1", words, "complete")
    assert first["audio_url"] == "https://files.example/a.mp3"
    assert first["image_url"] == first["image_large_url"] == "https://files.example/a.png"
    assert (first["text"], first["model_name"], first["metadata"]["duration"]) == (
        f"Written for: {words}",
        "chirp-v4",
        20,
    )
    assert first["metadata"]["gpt_description_prompt"] == words
    assert second["id"] == "clip-newapi-1-2"


SONG = {
    "id": "e9893d04",
    "audioUrl": "https://files.example/a.mp3",
    "imageUrl": "https://files.example/a.jpeg",
    "title": "Roofs",
    "duration": 128.9,
    "prompt": "[Verse]\nrain on roofs",
    "tags": "lofi",
}


def made_by_kie(here: Harness) -> None:
    """KIE's Suno has made the last song."""
    data = {"taskId": next(reversed(here.network.jobs)), "status": "SUCCESS", "response": {"sunoData": [SONG]}}
    here.network.script["kie.query"] = [Answer(200, json.dumps({"code": 200, "data": data}).encode())]


def test_a_song_with_lyrics_is_made_by_kie(here: Harness) -> None:
    here.switch_on("kie")
    task_id = created(here, **SUNG, make_instrumental=True)
    here.pump()
    asked = sent(here, "kie")
    assert (asked["model"], asked["customMode"], asked["instrumental"]) == ("V5", True, True)
    assert (asked["prompt"], asked["style"]) == (SUNG["prompt"], SUNG["tags"])
    assert (asked["title"], asked["negativeTags"]) == (SUNG["title"], SUNG["negative_tags"])
    made_by_kie(here)
    (clip,) = ended(here, task_id)["data"]
    assert (clip["id"], clip["audio_url"], clip["image_url"]) == (SONG["id"], SONG["audioUrl"], SONG["imageUrl"])
    assert (clip["text"], clip["metadata"]["tags"], clip["model_name"]) == (SONG["prompt"], "lofi", "chirp-v5")


def test_another_familys_music_is_made_by_an_aggregators_suno(here: Harness) -> None:
    here.switch_on("newapi")
    asked = {"prompt": "rain", "lyrics": "[Verse]\nrain on roofs", "style": "lofi"}
    _, document = here.post("/api/suno/music", asked)
    here.pump()
    assert sent(here, "newapi") == {"mv": "chirp-v5", "prompt": asked["lyrics"], "tags": "lofi", "title": "rain"}
    here.network.finish()
    here.run(60)
    _, told = here.post("/api/suno/tasks", document)
    assert [song["title"] for song in told["music"]] == ["rain", "rain"]


def test_lyrics_are_words_and_no_file(here: Harness) -> None:
    here.switch_on("newapi")
    words = "rain on roofs"
    task_id = created(here, "/suno/submit/LYRICS", prompt=words)
    done = ended(here, task_id)
    assert sent(here, "newapi") == {"prompt": words}
    assert (done["action"], done["status"]) == ("LYRICS", "SUCCESS")
    assert done["data"] == {"id": task_id, "title": words, "text": f"Written for: {words}", "status": "complete"}
    assert here.task(task_id).price == here.services.catalog.models["suno_lyrics"].price


def test_a_clip_is_continued_where_it_was_made_at_its_own_price(here: Harness) -> None:
    here.switch_on("kie", "newapi")
    parent = created(here, **RAIN)
    clip = ended(here, parent)["data"][1]["id"]
    going_on = {"task_id": parent, "continue_clip_id": clip, "continue_at": 30.5, "tags": "louder"}
    task_id = created(here, **going_on)
    here.pump()
    upstream_task_id = here.task(parent).upstream_task_id
    assert sent(here, "newapi") == {"mv": "chirp-v4", **going_on, "task_id": upstream_task_id}
    model = here.services.catalog.models["chirp-v4"]
    assert here.task(task_id).price == model.follows["extend"].price != model.price
    assert refused(here, "POST", MUSIC, {**going_on, "continue_clip_id": "clip-of-nobody"}).status == 400
    open_account(here, "stranger", "sk-EXAMPLE-stranger", "9", 3)
    assert "task_id" in refused(here, "POST", MUSIC, going_on, key="sk-EXAMPLE-stranger").message
    assert "task_id" in refused(here, "POST", MUSIC, {**going_on, "task_id": task_id}).message  # not ended


def test_a_clip_is_not_continued_by_an_upstream_that_cannot(here: Harness) -> None:
    here.switch_on("kie")
    parent = created(here, **SUNG)
    here.pump()
    made_by_kie(here)
    clip = ended(here, parent)["data"][0]["id"]
    refusal = refused(here, "POST", MUSIC, {"task_id": parent, "continue_clip_id": clip, "prompt": "la"})
    assert (refusal.status, refusal.code) == (400, "invalid_value")


def test_of_several_ids_only_the_callers_songs_and_lyrics_are_told(here: Harness) -> None:
    here.switch_on("newapi", "aistudio")
    mine, lyrics, film = created(here, **RAIN), created(here, LYRICS, prompt="rain"), here.submit_image()
    open_account(here, "stranger", "sk-EXAMPLE-stranger", "9", 3)
    theirs = here.post(MUSIC, RAIN, key="sk-EXAMPLE-stranger")[1]["data"]
    status, document = here.post(FETCH, {"ids": [theirs, lyrics, "none", film, mine, f"{mine}#request"]})
    assert (status, document["code"]) == (200, "success")
    assert [(task["task_id"], task["action"]) for task in document["data"]] == [(lyrics, "LYRICS"), (mine, "MUSIC")]
    assert here.post(FETCH, {"ids": []}) == (200, {"code": "success", "message": "", "data": []})


def test_a_failure_is_told_in_words_and_paid_back(here: Harness) -> None:
    here.switch_on("newapi")
    before = here.balance
    told = ended(here, created(here, **RAIN), "failed")
    assert (told["status"], told["data"]) == ("FAILURE", [])
    assert told["fail_reason"].startswith("the generation failed")
    assert (here.balance, here.drift) == (before, 0)


LONG = "x" * 20_001
CLIP = {"continue_clip_id": "c1", "continue_at": 3}


BAD: list[tuple[str, dict[str, Any], str, str]] = [
    (LYRICS, {}, "missing_required_parameter", "prompt"),
    (LYRICS, {"prompt": " "}, "invalid_value", "prompt"),
    (LYRICS, {"prompt": LONG}, "invalid_value", "prompt"),
    (MUSIC, {"mv": "chirp-v4", "tags": "lofi"}, "missing_required_parameter", "prompt"),
    (MUSIC, {"mv": "chirp-v9", "prompt": "la"}, "invalid_value", "mv"),
    (MUSIC, {**SUNG, "gpt_description_prompt": "rain"}, "invalid_value", "gpt_description_prompt"),
    (MUSIC, {**RAIN, **CLIP}, "missing_required_parameter", "task_id"),
    (MUSIC, {**RAIN, "task_id": "t1"}, "missing_required_parameter", "continue_clip_id"),
    (MUSIC, {**RAIN, **CLIP, "task_id": "nobodys"}, "invalid_value", "task_id"),
    (MUSIC, {**RAIN, **CLIP, "task_id": "t1", "continue_at": -1}, "invalid_value", "continue_at"),
    (MUSIC, {**RAIN, "make_instrumental": "yes"}, "invalid_value", "make_instrumental"),
    (MUSIC, {"prompt": LONG}, "invalid_value", "prompt"),
    (MUSIC, {**SUNG, "tags": "x" * 1001}, "invalid_value", "tags"),
    (MUSIC, {**SUNG, "title": "x" * 201}, "invalid_value", "title"),
    (MUSIC, {**RAIN, "lyrics": "la"}, "invalid_value", "lyrics"),
    (MUSIC, {**RAIN, "persona_id": "p1"}, "invalid_value", "persona_id"),
    ("/suno/submit/film", RAIN, "invalid_value", "action"),
    (FETCH, {"ids": [7]}, "invalid_value", "ids"),
    (FETCH, {"ids": ["t"] * 101}, "invalid_value", "ids"),
    (FETCH, {}, "missing_required_parameter", "ids"),
]


def test_a_refusal_names_the_clients_field_and_changes_nothing(here: Harness) -> None:
    told = [(refused(here, "POST", path, body), body, code, field) for path, body, code, field in BAD]
    assert [(body, refusal) for refusal, body, code, _ in told if (refusal.status, refusal.code) != (400, code)] == []
    assert [(body, refusal) for refusal, body, _, field in told if not refusal.message.startswith(field)] == []


def test_errors_are_new_apis_documents(here: Harness) -> None:
    missing = {"code": "task_not_exist", "message": "no such task", "data": None}
    assert here.request("GET", f"{FETCH}/none") == (404, missing)
    open_account(here, "empty", "sk-EXAMPLE-empty", "0", 3)
    status, document = here.post(MUSIC, RAIN, key="sk-EXAMPLE-empty")
    assert (status, document["code"], document["data"]) == (403, "quota_not_enough", None)
    assert here.post(MUSIC, RAIN, key=None)[0] == 401


def test_a_client_asks_over_http_until_its_song_is_there() -> None:
    with harness(archive=True) as here, served(here) as relay, requests.Session() as client:
        here.switch_on("newapi")
        here.network.script["file"] = [Answer(200, sample("mp3"))] * 2  # and a picture for each
        client.headers["authorization"] = f"Bearer {KEY}"
        task_id = client.post(relay.url + MUSIC, json=RAIN, timeout=20).json()["data"]
        relay.until(lambda: str(here.task(task_id).state) == "succeeded")
        task = client.get(f"{relay.url}{FETCH}/{task_id}", timeout=20).json()["data"]
        assert (task["status"], len(task["data"])) == ("SUCCESS", 2)
        assert requests.get(task["data"][0]["audio_url"], timeout=20).content == sample("mp3")
        assert requests.get(task["data"][0]["image_url"], timeout=20).headers["content-type"] == "image/png"
