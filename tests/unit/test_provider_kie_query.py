"""What KIE's records mean: each status word of each API, each result in each spelling, each way to tell progress."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from relay.families.kie.provider import PROVIDER, WIRES
from relay.nouns.task import Asset, Observation, Role, State
from relay.nouns.wire import Answer
from tests.axes import each_once, table

FIXTURES = Path(__file__).parents[1] / "fixtures" / "kie"
APIS = PROVIDER.apis
WORD_FIELD = {"gpt4o-image": "status", "market": "state", "veo": "successFlag", "suno": "status"}
WORD_FIELD |= {"runway": "state", "aleph": "successFlag", "flux-kontext": "successFlag"}
PICTURE, OTHER = Asset("https://files.example/a.png"), Asset("https://files.example/b.png")
WORDS: list[tuple[str, dict[str, Any], State]] = [
    ("gpt4o-image", {"status": "GENERATING"}, State.PROCESSING),
    ("gpt4o-image", {"status": "SUCCESS"}, State.SUCCEEDED),
    ("gpt4o-image", {"status": "CREATE_TASK_FAILED"}, State.FAILED),
    ("gpt4o-image", {"status": "GENERATE_FAILED"}, State.FAILED),
    ("gpt4o-image", {"successFlag": 0}, State.PROCESSING),
    ("gpt4o-image", {"successFlag": 1}, State.SUCCEEDED),
    ("gpt4o-image", {"success_flag": 2}, State.FAILED),
    ("gpt4o-image", {"successFlag": "3"}, State.FAILED),
    ("gpt4o-image", {"status": "GENERATING", "successFlag": 2}, State.PROCESSING),
    ("market", {"state": "waiting"}, State.QUEUED),
    ("market", {"state": "queuing"}, State.QUEUED),
    ("market", {"state": "generating"}, State.PROCESSING),
    ("market", {"state": "success"}, State.SUCCEEDED),
    ("market", {"state": "fail"}, State.FAILED),
    ("veo", {"successFlag": 0}, State.PROCESSING),
    ("veo", {"successFlag": 1}, State.SUCCEEDED),
    ("veo", {"successFlag": 2}, State.FAILED),
    ("veo", {"successFlag": 3}, State.FAILED),
    *(("runway", {"state": word}, State.QUEUED) for word in ("wait", "queueing")),
    ("runway", {"state": "generating"}, State.PROCESSING),
    ("runway", {"state": "success", "failCode": 400}, State.SUCCEEDED),
    ("runway", {"state": "fail"}, State.FAILED),
    ("aleph", {"successFlag": 0, "errorCode": 0, "errorMessage": ""}, State.PROCESSING),
    ("aleph", {"successFlag": 0, "errorCode": 400}, State.FAILED),
    ("aleph", {"successFlag": 0, "errorMessage": "no luck"}, State.FAILED),
    ("aleph", {"successFlag": 1}, State.SUCCEEDED),
    *(("flux-kontext", {"successFlag": flag}, State.FAILED) for flag in (2, 3)),
    ("flux-kontext", {"successFlag": 0}, State.PROCESSING),
    ("flux-kontext", {"successFlag": 1}, State.SUCCEEDED),
    ("suno", {"status": "PENDING"}, State.QUEUED),
    ("suno", {"status": "TEXT_SUCCESS"}, State.PROCESSING),
    ("suno", {"status": "FIRST_SUCCESS"}, State.PROCESSING),
    ("suno", {"status": "SUCCESS"}, State.SUCCEEDED),
    ("suno", {"status": "CREATE_TASK_FAILED"}, State.FAILED),
    ("suno", {"status": "GENERATE_AUDIO_FAILED"}, State.FAILED),
    ("suno", {"status": "SENSITIVE_WORD_ERROR"}, State.FAILED),
    ("suno", {"status": "CALLBACK_EXCEPTION"}, State.FAILED),
]


def read(api: str, **record: object) -> Observation:
    return APIS[api].read_query(Answer(200, json.dumps({"code": 200, "data": record}).encode()))


@table("api, record, state", WORDS)
def test_each_word_has_its_state(api: str, record: dict[str, Any], state: State) -> None:
    assert read(api, **record).state is state


def test_the_words_here_are_all_the_words_there_are() -> None:
    tested = {(api, str(word).upper()) for api, record, _ in WORDS for word in list(record.values())[:1]}
    assert tested == {(api, word) for api, wire in WIRES.items() for word in wire.words}


@each_once(
    ("api", APIS),
    ("word", ["REVIEWING", "7", 7, True]),
)
def test_an_unknown_word_is_still_running(api: str, word: object) -> None:
    seen = read(api, **{WORD_FIELD[api]: word})
    assert (seen.state, seen.unknown_word) == (State.PROCESSING, str(word))


@pytest.mark.parametrize(
    ("api", "assets"),
    [
        ("gpt4o-image", (PICTURE,)),
        ("market", (PICTURE, OTHER)),
        ("veo", (Asset("https://files.example/a.mp4"),)),
        (
            "suno",
            (
                Asset("https://files.example/a.mp3", 180.5, "Rain", ref="1"),
                Asset("https://files.example/a.jpeg", role=Role.COVER, ref="1"),
                Asset("https://files.example/b.mp3", 178.0, "Rain", ref="2"),
            ),
        ),
    ],
)
def test_the_sample_of_a_success_gives_its_results(api: str, assets: tuple[Asset, ...]) -> None:
    name = "gpt4o" if api == "gpt4o-image" else api
    seen = APIS[api].read_query(Answer(200, (FIXTURES / f"{name}-record-success.json").read_bytes()))
    sung = {"clips": [{"ref": "1", "text": "[Verse]\nrain on roofs", "tags": "lofi"}]} if api == "suno" else {}
    assert seen == Observation(State.SUCCEEDED, "task_demo", 100.0, assets, facts=sung)


URLS = [PICTURE.url, OTHER.url]


@table(
    "api, record",
    [
        ("gpt4o-image", {"status": "SUCCESS", "response": {"resultUrls": URLS}}),
        ("gpt4o-image", {"status": "SUCCESS", "response": {"result_urls": URLS}}),
        ("gpt4o-image", {"status": "SUCCESS", "response": json.dumps({"resultUrls": URLS})}),
        ("gpt4o-image", {"status": "SUCCESS", "response": {"resultUrls": [None, 1, "", "a.png", *URLS, {}]}}),
        ("market", {"state": "success", "resultJson": json.dumps({"resultUrls": URLS})}),
        ("market", {"state": "success", "result_json": json.dumps({"result_urls": URLS})}),
        ("market", {"state": "success", "resultJson": {"resultUrls": URLS}}),
        ("market", {"state": "success", "resultJson": json.dumps({"resultObject": {"a": URLS[0], "b": URLS[1:]}})}),
        ("veo", {"successFlag": 1, "response": {"resultUrls": URLS}}),
        ("veo", {"successFlag": 1, "response": {"resultUrls": json.dumps(URLS)}}),
        ("veo", {"successFlag": 1, "resultUrls": json.dumps(URLS)}),
        ("suno", {"status": "SUCCESS", "response": {"sunoData": [{"audioUrl": url} for url in URLS]}}),
        ("suno", {"status": "SUCCESS", "response": {"suno_data": [{"audio_url": url} for url in URLS]}}),
        ("suno", {"status": "CALLBACK_EXCEPTION", "response": {"sunoData": [{"audioUrl": url} for url in URLS]}}),
    ],
)
def test_results_are_found_in_every_spelling(api: str, record: dict[str, Any]) -> None:
    seen = read(api, **record)
    assert (seen.state, seen.assets) == (State.SUCCEEDED, (PICTURE, OTHER))


@each_once(
    ("response", [None, "", [], 1, "{", {"resultUrls": None}, {"resultUrls": {}}, {"resultUrls": 1}]),
    ("api", APIS),
)
def test_a_success_without_results_has_none(api: str, response: object) -> None:
    word = {"market": "success", "veo": 1}.get(api, "SUCCESS")
    assert read(api, **{WORD_FIELD[api]: word, "response": response, "resultJson": response}).assets == ()


@each_once(
    ("title", [None, 1, "", "\x00"]),
    ("seconds", [None, 0, -1, "x", True, [], 10**400]),
)
def test_an_odd_title_or_duration_costs_no_result(title: object, seconds: object) -> None:
    track = {"audioUrl": PICTURE.url, "title": title, "duration": seconds}
    assert read("suno", status="SUCCESS", response={"sunoData": [track]}).assets == (PICTURE,)


def test_results_are_not_endless() -> None:
    assert len(read("gpt4o-image", status="SUCCESS", response={"resultUrls": URLS * 100}).assets) == 32


@table(
    "progress, percent",
    [
        *(("0.00", 0.0), ("0.07", 7.0), ("0.29", 29.0), ("0.45", 45.0), ("1.00", 100.0), (0.45, 45.0), (1.0, 100.0)),
        *((45, 45.0), ("45", 45.0), (1, 1.0), (-5, 0.0), (500, 100.0)),
        *(("x", 0.0), (None, 0.0), ([], 0.0), (True, 0.0), ("nan", 0.0), ("", 0.0)),
    ],
)
def test_progress_is_percent(progress: object, percent: float) -> None:
    assert read("gpt4o-image", status="GENERATING", progress=progress).progress == percent


@pytest.mark.parametrize(("word", "percent"), [("PENDING", 0.0), ("TEXT_SUCCESS", 30.0), ("FIRST_SUCCESS", 60.0)])
def test_suno_tells_progress_by_its_words(word: str, percent: float) -> None:
    assert read("suno", status=word).progress == percent
