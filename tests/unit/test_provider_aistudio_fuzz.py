"""No answer and no callback of any shape gets past the documented errors."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from relay.families.aistudio.provider import PROVIDER
from relay.nouns.errors import BadInput, Refused, UnknownOutcome, Unreadable
from relay.nouns.task import State
from relay.nouns.wire import Answer, Inbound
from tests.unit.asking import submitted

API = PROVIDER.apis[""]


def test_a_title_that_looks_like_a_key_is_hidden() -> None:
    song = {"url": "https://files.example/a.mp3", "title": "a song for sk-000000"}
    answer = Answer(200, json.dumps({"task_id": "T1", "status": "succeeded", "music": [song]}).encode())
    assert [asset.title for asset in API.read_query(answer).assets] == ["a song for sk-***"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(list(State)),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["task_id", "status", "error", "code", "message", "success", "images", "video", "music", "url",
                         "duration", "title"]),
        inner,
    ),
)  # fmt: skip
BODIES = st.binary(max_size=64) | JUNK.map(lambda document: json.dumps(document).encode())
ANSWERS = st.builds(Answer, st.integers(100, 599), BODIES, st.dictionaries(st.just("retry-after"), st.text(max_size=9)))


@given(ANSWERS)
def test_any_submit_answer_is_read_refused_or_unknown(answer: Answer) -> None:
    with suppress(Refused, UnknownOutcome):
        assert submitted(API, answer).upstream_task_id


@given(ANSWERS | BODIES.map(lambda body: Answer(200, body)))
def test_any_query_answer_is_read_or_unreadable(answer: Answer) -> None:
    with suppress(Unreadable):
        assert API.read_query(answer).state in State


@given(BODIES)
def test_any_callback_is_read_or_bad_input(body: bytes) -> None:
    with suppress(BadInput):
        PROVIDER.read_callback(Inbound("POST", "/", body=body), 0, None)
