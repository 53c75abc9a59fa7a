"""No answer and no callback of any shape gets past the documented errors."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.families.kie.provider import PROVIDER, WIRES
from relay.nouns.errors import BadInput, Forbidden, Refused, UnknownOutcome, Unreadable
from relay.nouns.task import TERMINAL, State
from relay.nouns.wire import Answer, Inbound
from tests.unit.asking import submitted

APIS = PROVIDER.apis


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("https://files.example/a"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
WORDS = st.sampled_from(sorted({word for wire in WIRES.values() for word in wire.words}))
NAMES = (
    *("taskId", "task_id", "status", "state", "successFlag", "progress", "response", "resultJson", "resultUrls"),
    *("errorCode", "errorMessage", "failCode", "failMsg", "sunoData", "audioUrl", "duration", "title", "resultObject"),
)
RECORDS = st.dictionaries(st.sampled_from(NAMES), JSON | WORDS | JSON.map(json.dumps))
NESTED = st.builds(
    lambda record, name, inner: {**record, name: inner}, RECORDS, st.sampled_from(NAMES), RECORDS | st.lists(RECORDS)
)
CODES = st.sampled_from([200, "200", 400, 404, 408, 422, 451, 500, 501, 599]) | JSON
ENVELOPES = st.fixed_dictionaries({"code": CODES}, optional={"msg": JSON, "message": JSON, "data": JSON | NESTED})
BODIES = st.binary() | (JSON | ENVELOPES | NESTED).map(lambda document: json.dumps(document).encode())
STATUSES = st.sampled_from([200, 201, 302, 400, 401, 404, 429, 500, 502])
APIS_NAMED = st.sampled_from(sorted(APIS))


@settings(deadline=None)
@given(BODIES, STATUSES, APIS_NAMED)
def test_any_answer_to_a_submission_is_a_job_or_a_documented_error(body: bytes, status: int, api: str) -> None:
    with suppress(Refused, UnknownOutcome):
        assert submitted(APIS[api], Answer(status, body)).upstream_task_id


@settings(deadline=None)
@given(BODIES, STATUSES, APIS_NAMED)
def test_any_answer_to_a_query_is_storable_or_unreadable(body: bytes, status: int, api: str) -> None:
    with suppress(Unreadable):
        seen = APIS[api].read_query(Answer(status, body))
        assert (seen.fault is not None) == (seen.state in TERMINAL - {State.SUCCEEDED})
        assert 0 <= seen.progress <= 100
        repr(seen).encode()  # what cannot be encoded cannot be stored or told


@settings(deadline=None)
@given(BODIES, st.dictionaries(st.sampled_from(["x-webhook-timestamp", "x-webhook-signature"]), st.text()))
def test_any_callback_is_read_or_refused(body: bytes, headers: dict[str, str]) -> None:
    with suppress(BadInput, Forbidden):
        PROVIDER.read_callback(Inbound("POST", "/", headers, body=body), 1767225600, "demo-hmac-key")
