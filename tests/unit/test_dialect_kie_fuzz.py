"""Whatever a client sends, the KIE dialect answers with a refusal of the tree, never with a crash."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.catalog.file import shipped
from relay.families.kie.dialect import DIALECT
from relay.families.uses import CREATE, DOWNLOAD, RECORD
from relay.nouns.errors import BadInput, NotFound
from relay.nouns.wire import Inbound
from tests.speaking import Speaker

CATALOG = shipped()
CLIENT = Speaker(DIALECT, paths=tuple(route.path for route in DIALECT.routes if "gpt4o" in route.path))
FIELDS = (
    *("prompt", "filesUrl", "fileUrl", "size", "nVariants", "maskUrl", "callBackUrl"),
    *("isEnhance", "uploadCn", "enableFallback", "fallbackModel", "taskId", "url", "imageUrl"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text().map("https://{}".format),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
REQUESTS = st.dictionaries(st.sampled_from(FIELDS), JSON).map(lambda fields: {"prompt": "a", "size": "1:1"} | fields)
BODIES = st.binary() | (JSON | REQUESTS).map(lambda document: json.dumps(document).encode())


@settings(deadline=None)
@given(BODIES)
def test_create_of_anything_is_read_or_refused(body: bytes) -> None:
    with suppress(BadInput, NotFound):
        draft = CLIENT.read(CREATE, Inbound("POST", "/", body=body))
        assert set(draft.raw) <= set(FIELDS)


@settings(deadline=None)
@given(BODIES)
def test_download_of_anything_is_read_or_refused(body: bytes) -> None:
    with suppress(BadInput, NotFound):
        assert CLIENT.read(DOWNLOAD, Inbound("POST", "/", body=body)).url.startswith("http")


@settings(deadline=None)
@given(st.dictionaries(st.just("taskId") | st.text(), st.text()))
def test_query_for_anything_is_read_or_refused(query: dict[str, str]) -> None:
    with suppress(BadInput, NotFound):
        assert CLIENT.read(RECORD, Inbound("GET", "/", query=query)).task_id.isascii()
