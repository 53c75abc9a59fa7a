"""The aistudio family's endpoints: who is let in where, what may be asked, and that nothing breaks us."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.catalog.file import shipped
from relay.families import dialect
from relay.families.aistudio.dialect import DIALECT
from relay.families.asked import TaskQuery
from relay.families.uses import CONSUMPTION, CREATE, PRESIGN, QUERY, UPLOAD
from relay.nouns.account import Statement
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import BadInput, MissingField, NoKey, NotFound, RelayError, Unsupported
from relay.nouns.wire import Inbound
from tests.axes import table
from tests.speaking import Speaker

CATALOG = shipped()
CLIENT = Speaker(DIALECT)
KINDS = {"images": Kind.IMAGE, "videos": Kind.VIDEO, "music": Kind.MUSIC}
SOLD = [(name, kind) for name, offers in CATALOG.menus["aistudio"].items() for kind in offers]
LACKING = [(p, kind) for p in dict(SOLD) for kind in KINDS.values() if (p, kind) not in SOLD]
URL = "https://img.example/a.png"
MINIMAL: dict[str, dict[str, object]] = {
    "images": {"prompt": "a fox"},
    "videos": {"prompt": "a fox", "action": "text2video"},
    "music": {"prompt": "a fox"},
}


def post(path: str, document: object = None, body: bytes | None = None) -> Inbound:
    """A request as the gateway hands it over; `{platform}` is the second segment."""
    sent = body if body is not None else json.dumps(document).encode() if document is not None else b""
    return Inbound("POST", path, {"content-type": "application/json"}, {"platform": path.split("/")[2]}, body=sent)


def create(path: str, **fields: object) -> Draft:
    segment = path.rpartition("/")[2]
    return CLIENT.read(CREATE, post(path, {**MINIMAL[segment], **fields}))


def segment_of(kind: Kind) -> str:
    return next(segment for segment, each in KINDS.items() if each is kind)


# --- Which endpoints there are


def test_the_registry_finds_this_dialect() -> None:
    assert dialect("aistudio") is DIALECT


def test_every_route_of_the_reference_is_there_and_some_of_ours() -> None:
    assert {(route.method, route.path, route.use.name) for route in DIALECT.routes} == {
        ("POST", "/api/{platform}/images", "create"),
        ("POST", "/api/{platform}/videos", "create"),
        ("POST", "/api/{platform}/music", "create"),
        ("POST", "/api/{platform}/tasks", "query"),
        ("POST", "/api/{platform}/tasks/cancel", "cancel"),  # ours: the platform has no way to take a task back,
        ("POST", "/api/{platform}/tasks/delete", "hide"),  # or out of view,
        ("POST", "/api/tasks/list", "list"),  # or to ask for several
        ("POST", "/api/tasks/list", "many"),
        ("POST", "/api/account/balance", "balance"),
        ("POST", "/api/account/consumption", "consumption"),
        ("POST", "/api/upload/file", "upload"),
        ("POST", "/api/upload/presign", "presign"),
        ("POST", "/api/upload", "upload"),
    }


def test_the_key_is_the_bearer_token() -> None:
    assert DIALECT.read_key(Inbound("POST", "/", {"authorization": "Bearer sk-EXAMPLE"})) == "sk-EXAMPLE"


def test_a_request_without_a_key_is_refused() -> None:
    with pytest.raises(NoKey):
        DIALECT.read_key(Inbound("POST", "/"))


# --- Platforms and kinds


@table("platform, kind", SOLD)
def test_a_minimal_request_is_filled_from_the_catalog(platform: str, kind: Kind) -> None:
    draft = create(f"/api/{platform}/{segment_of(kind)}")
    model = CATALOG.offer("aistudio", platform, kind).model(None)
    filled = {"action": "text2video", "duration": 5, "ratio": "16:9"} if kind is Kind.VIDEO else {}
    assert draft == replace(Draft("aistudio", platform, kind, model.name, prompt="a fox"), **filled)  # type: ignore[arg-type]


@table("platform, kind", LACKING)
def test_a_kind_the_platform_lacks_is_not_implemented(platform: str, kind: Kind) -> None:
    with pytest.raises(Unsupported):
        create(f"/api/{platform}/{segment_of(kind)}")


@pytest.mark.parametrize("path", ["/api/nope/images", "/api/gpt4o-image/images", "/api/kling/pictures", "/api//images"])
def test_an_unknown_platform_or_kind_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        CLIENT.read(CREATE, post(path, MINIMAL["images"]))


@pytest.mark.parametrize(("path", "error"), [("/api/nope/images", NotFound), ("/api/grok/videos", Unsupported)])
def test_the_path_is_judged_before_the_body(path: str, error: type[RelayError]) -> None:
    with pytest.raises(error):
        CLIENT.read(CREATE, post(path, body=b"<html>"))


# --- Queries and statements


def test_a_query_says_which_task_and_where() -> None:
    assert CLIENT.read(QUERY, post("/api/kling/tasks", {"task_id": "T1"})) == TaskQuery("T1", "kling")


@pytest.mark.parametrize("document", [None, {}, {"task_id": None}])
def test_a_query_without_a_task_id_is_a_missing_field(document: object) -> None:
    with pytest.raises(MissingField) as caught:
        CLIENT.read(QUERY, post("/api/kling/tasks", document))
    assert caught.value.field == "task_id"


@pytest.mark.parametrize("task_id", ["", 5, ["T1"], "T" * 201])
def test_a_query_with_a_bad_task_id_names_it(task_id: object) -> None:
    with pytest.raises(BadInput) as caught:
        CLIENT.read(QUERY, post("/api/kling/tasks", {"task_id": task_id}))
    assert (caught.value.code, caught.value.field) == ("INVALID_PARAMETER", "task_id")


@pytest.mark.parametrize("platform", ["nope", "gpt4o-image", ""])
def test_a_query_of_an_unknown_platform_is_not_found(platform: str) -> None:
    with pytest.raises(NotFound):
        CLIENT.read(QUERY, post(f"/api/{platform}/tasks", {"task_id": "T1"}))


FEB = date(2026, 2, 1)


@table(
    "document, statement",
    [
        (None, Statement(None, None, None, 1, 20)),
        ({"start_date": None, "platform": None}, Statement()),
        ({"start_date": "2026-02-01"}, Statement(start_date=FEB)),
        ({"end_date": "2026-02-01"}, Statement(end_date=FEB)),
        ({"start_date": "2026-02-01", "end_date": "2026-02-01"}, Statement(FEB, FEB)),
        ({"platform": "kling"}, Statement(platform="kling")),
        ({"page": 3, "page_size": 100}, Statement(page=3, page_size=100)),
    ],
)
def test_a_statement_is_read(document: object, statement: Statement) -> None:
    assert CLIENT.read(CONSUMPTION, post("/api/account/consumption", document)) == statement


@table(
    "document, named",
    [
        *[
            ({"start_date": value}, "start_date")
            for value in ("", "2026-2-1", "20260201", "2026-02-30", "0001-01-01", "9999-12-31", "２026-02-01", 5)
        ],
        ({"end_date": "yesterday"}, "end_date"),
        ({"start_date": "2026-02-02", "end_date": "2026-02-01"}, "end_date"),
        *[({"platform": value}, "platform") for value in ("nope", "", 5)],
        *[({"page": value}, "page") for value in (0, -1, "1", 1.0, True, 10**9)],
        *[({"page_size": value}, "page_size") for value in (0, 101, "20")],
    ],
)  # fmt: skip
def test_a_bad_statement_is_named(document: object, named: str) -> None:
    with pytest.raises(BadInput) as caught:
        CLIENT.read(CONSUMPTION, post("/api/account/consumption", document))
    assert (caught.value.code, caught.value.field) == ("INVALID_PARAMETER", named)


# --- Nothing breaks us

NAMES = [
    "filename",
    "content_type",
    "prompt",
    "model",
    "size",
    "count",
    "callback_url",
    "action",
    "duration",
    "aspect_ratio",
    "image_url",
    "task_id",
    "video_url",
    "lyrics",
    "style",
    "start_date",
    "end_date",
    "platform",
    "page",
    "page_size",
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["a fox", "text2video", "image2video", "extend", "1:1", "64x64", URL, "2026-02-01", "kling"])
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8) | VALUES
PATHS = st.sampled_from(
    [f"/api/{platform}/{segment}" for platform in ("grok", "kling", "suno", "nope", "") for segment in (*KINDS, "x")],
)


@given(PATHS, DOCUMENTS.map(lambda document: json.dumps(document).encode()) | st.binary(max_size=64))
def test_any_body_to_any_endpoint_is_read_or_refused_from_the_tree(path: str, body: bytes) -> None:
    inbound = post(path, body=body)
    with suppress(RelayError):
        CLIENT.read(CREATE, inbound)
    with suppress(RelayError):
        CLIENT.read(QUERY, inbound)
    with suppress(RelayError):
        CLIENT.read(CONSUMPTION, inbound)
    with suppress(RelayError):
        CLIENT.read(PRESIGN, inbound)
    with suppress(RelayError):
        CLIENT.read(UPLOAD, inbound)
