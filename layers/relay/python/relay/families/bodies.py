"""Reading request bodies: JSON in, a checked pydantic model out, and every mistake named by its field."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from relay.nouns.errors import BadInput, InvalidParameter, MissingField
from relay.nouns.urls import split_url
from relay.nouns.wire import Inbound, Json

MAX_TEXT = 20_000  # characters of a prompt or of lyrics; far above what any upstream takes, far below a row's 400 KB
MAX_URL = 2048
MAX_LINK = 4096  # our own links are signed, which makes them long
MAX_DEPTH = 64  # arrays and objects within each other; json.dumps recurses, and 64 levels stay below its limit

INLINE = "data:application/octet-stream;base64,"  # before bytes whose type is judged by themselves
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# API Gateway decodes a path before it is matched, so that / # ? % in a part of it are lost or taken for the path's own
_PATH_SEGMENT = re.compile(r"[\w.~:@-]+(?: +[\w.~:@-]+)*")

# How pydantic's complaints read in Chinese; what is not listed says "is not valid".
_ZH: Mapping[str, str] = {
    "string_type": "必须是字符串",
    "string_too_short": "不能为空",
    "string_too_long": "过长",
    "int_type": "必须是整数",
    "int_from_float": "必须是整数",
    "bool_type": "必须是布尔值",
    "list_type": "必须是数组",
    "tuple_type": "必须是数组",
    "too_long": "数量过多",
    "literal_error": "取值不受支持",
    "greater_than_equal": "过小",
    "less_than_equal": "过大",
    "not_printable": "必须是可打印字符",
    "not_of_a_path": "只能由字母、数字、中间的空格和 -._~:@ 组成",
    "url_form": "必须是 http 或 https 网址",
    "url_credentials": "不能包含用户名或密码",
}


class Body(BaseModel):
    """Strict about types, indifferent to fields it does not know: existing clients send more than we need."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


def _http_url(value: str) -> str:
    try:
        parts = split_url(value)
    except ValueError as error:
        raise PydanticCustomError("url_form", "must be an http or https URL") from error
    if "@" in parts.netloc:
        raise PydanticCustomError("url_credentials", "must not hold credentials")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise PydanticCustomError("url_form", "must be an http or https URL")
    return value


def _media(value: str) -> str:
    if value.startswith("data:"):
        return value  # its bytes are judged where they are kept
    if len(value) > MAX_URL:
        raise PydanticCustomError("string_too_long", f"should have at most {MAX_URL} characters")
    return _http_url(value)


def _picture(value: str) -> str:
    return INLINE + value if _BASE64.fullmatch(value) else _media(value)


Url = Annotated[str, Field(max_length=MAX_URL), AfterValidator(_http_url)]
Link = Annotated[str, Field(max_length=MAX_LINK), AfterValidator(_http_url)]  # to something of ours
Media = Annotated[str, AfterValidator(_media)]  # a URL, or the bytes themselves as a data URI
Picture = Annotated[str, AfterValidator(_picture)]  # the same, or the bytes as bare base64, which becomes a data URI


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


AS_TEXT = BeforeValidator(_as_text)  # where documents say a text and clients also send a whole number


def refuse_fields(document: Mapping[str, object], instead: Mapping[str, str]) -> None:
    """Raises InvalidParameter for a field that only another API of the family reads, and names the one to send.

    Left out silently, something else would be made than what was asked for.
    """
    for name, other in instead.items():
        if name in document:
            raise InvalidParameter(name, f"is not read here; send {other}", f"请使用 {other}")


def printable(value: str) -> str:
    """For a checked field: text that can be shown in one line."""
    if not value.isprintable() or not value.strip():
        raise PydanticCustomError("not_printable", "must be printable characters")
    return value


def _of_a_path(value: str) -> str:
    if not _PATH_SEGMENT.fullmatch(value) or value in (".", ".."):
        raise PydanticCustomError("not_of_a_path", "must be letters, digits, spaces between them and any of -._~:@")
    return value


Reference = Annotated[str, Field(max_length=255), AfterValidator(printable)]  # the client's own, for one of its tasks
PathReference = Annotated[str, Field(max_length=255), AfterValidator(_of_a_path)]  # one that is asked for in a path

B = TypeVar("B", bound=Body)

_DATA_URI = re.compile(r"data:[\w.+/-]*(?:;[\w=-]+)*;base64,", re.ASCII)


def is_data_uri(value: str) -> bool:
    return _DATA_URI.match(value) is not None


def read_data_uri(field: str, uri: str) -> bytes:
    """The bytes of a data URI. Raises InvalidParameter naming the field."""
    match = _DATA_URI.match(uri)
    if match is None:
        raise InvalidParameter(field, "must be like data:image/png;base64,…", "格式应为 data:image/png;base64,…")
    try:
        return base64.b64decode(uri[match.end() :], validate=True)
    except ValueError as error:
        raise InvalidParameter(field, "is not valid base64", "不是有效的 base64") from error


def read_json(inbound: Inbound) -> dict[str, object]:
    """The JSON object of a request without its fields that are null: they count as absent, as the clients' serialisers
    mean them. Raises BadInput."""
    return {name: value for name, value in read_document(inbound).items() if value is not None}


def read_document(inbound: Inbound) -> dict[str, Json]:
    """The JSON object of a request as it was sent; an absent body is an empty object. Raises BadInput."""
    if not inbound.body:
        return {}
    content_type = inbound.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise InvalidParameter("Content-Type", "must be application/json", "必须是 application/json")
    try:
        document = json.loads(inbound.body.decode("utf-8-sig"), parse_constant=_refuse_constant)
        # what JSON can spell but nobody can write again: half of a surrogate pair, a number as large as 1e999
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadInput("the body is not valid JSON", "请求体不是有效的 JSON") from error
    if not isinstance(document, dict):
        raise BadInput("the body must be a JSON object", "请求体必须是 JSON 对象")
    if deeper(document, MAX_DEPTH):
        raise BadInput(f"the body nests deeper than {MAX_DEPTH} levels", f"请求体嵌套超过 {MAX_DEPTH} 层")
    return document


def read_body(model: type[B], document: Mapping[str, object]) -> B:
    """The document as `model`. Raises MissingField or InvalidParameter for the first field that is wrong."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])[1:] or "body"
        if first["type"] == "missing":
            raise MissingField(field) from error
        problem = first["msg"].removeprefix("Input ").removeprefix("Value error, ")
        raise InvalidParameter(field, problem, _ZH.get(first["type"], "无效")) from error


def deeper(value: object, levels: int) -> bool:
    """Whether there are more levels of arrays and objects within each other."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 1 or deeper(item, levels - 1) for item in items if isinstance(item, (dict, list)))


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
