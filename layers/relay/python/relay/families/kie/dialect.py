"""Owns KIE AI's 4o image API as clients speak it to us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from relay.families.bodies import MAX_TEXT, Body, Link, Media, Url, read_body, read_json
from relay.families.dialect import CREATE, DOWNLOAD, RECORD, Dialect, Download, Record, Route, TaskQuery, Told
from relay.families.kie.words import FIELDS, OPTIONS
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Callback, Draft, Kind, MediaRole, Medium, media_of
from relay.nouns.errors import Forbidden, InvalidParameter, MissingField, RelayError, TaskNotFound, Unsupported
from relay.nouns.faults import Fault, sentence
from relay.nouns.signing import sign_kie
from relay.nouns.task import FAULTS, State, Task
from relay.nouns.wire import Inbound, Reply, compact

FAMILY = "kie"
LANGUAGE: Literal["en"] = "en"
PLATFORM = "gpt4o-image"
MAX_FILES = 5

# Codes that are not the error's HTTP status (KIE docs, status codes; 403 is not among them).
_ERROR_CODES: tuple[tuple[type[RelayError], int], ...] = ((Forbidden, 401), (Unsupported, 505))
# Why a task failed (KIE docs, 4o Image Generation Callbacks); everything else is 500.
_FAULT_CODES: Mapping[str, int] = {"CONTENT_POLICY_VIOLATION": 400, "INVALID_PARAMETER": 400, "INPUT_FETCH_FAILED": 451}
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def _variants(number: int) -> int:
    if number not in (1, 2, 4):
        raise ValueError("must be 1, 2 or 4")
    return number


class _Create(Body):
    model_config = ConfigDict(alias_generator=to_camel)

    size: Literal["1:1", "3:2", "2:3"]
    prompt: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    files_url: list[Media] | None = None
    file_url: Media | None = None
    n_variants: Annotated[int, AfterValidator(_variants)] = 1
    mask_url: Media | None = None
    call_back_url: Url | None = None
    is_enhance: bool | None = None
    upload_cn: bool | None = None
    enable_fallback: bool | None = None
    fallback_model: Literal["GPT_IMAGE_1", "FLUX_MAX"] | None = None

    @property
    def files(self) -> tuple[Medium, ...]:
        """The inputs, with the deprecated single form among them."""
        images = media_of(MediaRole.IMAGE, "filesUrl", self.files_url)
        return tuple(dict.fromkeys(images + media_of(MediaRole.IMAGE, "fileUrl", self.file_url)))


_FIELDS = frozenset(field.alias for field in _Create.model_fields.values())


class _Download(Body):
    model_config = ConfigDict(alias_generator=to_camel)

    task_id: str | None = None
    url: Link | None = None
    image_url: Link | None = None


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    document = read_json(inbound)
    body = read_body(_Create, document)
    if not body.prompt.strip() and not body.files:
        raise MissingField("prompt", " when filesUrl is empty", "（filesUrl 为空时）")
    if len(body.files) > MAX_FILES:
        raise InvalidParameter("filesUrl", f"takes at most {MAX_FILES} URLs", f"最多 {MAX_FILES} 个")
    return Draft(
        dialect=FAMILY,
        platform=PLATFORM,
        kind=Kind.IMAGE,
        model=catalog.offer(FAMILY, PLATFORM, Kind.IMAGE).model(None).name,
        prompt=body.prompt,
        count=body.n_variants,
        size=body.size,
        media=body.files + media_of(MediaRole.MASK, "maskUrl", body.mask_url),
        callback=Callback(body.call_back_url, "callBackUrl") if body.call_back_url else None,
        options={name: document[word] for name, word in OPTIONS.items() if word in document},
        # only the fields we know and have checked: the others have no bound, and a row has one
        raw={name: value for name, value in document.items() if name in _FIELDS},
        fields=FIELDS,
    )


def read_query(inbound: Inbound, catalog: Catalog) -> TaskQuery:
    if not inbound.query.get("taskId"):
        raise MissingField("taskId")
    return TaskQuery(_own_id(inbound.query["taskId"]), PLATFORM)


def read_download(inbound: Inbound, catalog: Catalog) -> Download:
    """Which link to make direct. Takes the URL as `url` or, as older clients say, `imageUrl`."""
    document = {"imageUrl": "", **{name: value for name, value in read_json(inbound).items() if value != ""}}
    if "url" in document:
        document.pop("imageUrl")
    body = read_body(_Download, document)
    return Download(_own_id(body.task_id) if body.task_id else None, body.url or body.image_url or "")


def write_created(told: Told[Task]) -> Reply:
    return _reply({"taskId": told.found.task_id})


def write_record(told: Told[Record]) -> Reply:
    task, draft, _ = told.found
    (status, flag), fault = _words(task), _fault(task)
    record = {
        "taskId": task.task_id,
        "status": status,
        "successFlag": flag,
        "progress": f"{int(task.progress) / 100:.2f}",  # cut, not rounded: 1.00 means done
        "createTime": task.created_at,
        "completeTime": task.completed_at,
        "paramJson": compact(dict(draft.raw)).decode(),
        "response": {"resultUrls": _urls(task)} if task.state is State.SUCCEEDED else None,
        "errorCode": _FAULT_CODES.get(fault.code, 500) if fault else None,
        "errorMessage": sentence(fault.code, LANGUAGE) if fault else None,
    }
    return _reply(record)


def write_download(told: Told[str]) -> Reply:
    return _reply(told.found)


class KieDialect(Dialect):
    family = FAMILY
    language = LANGUAGE
    routes = (
        Route("POST", "/api/v1/gpt4o-image/generate", CREATE, read_create, write_created),
        Route("GET", "/api/v1/gpt4o-image/record-info", RECORD, read_query, write_record),
        Route("POST", "/api/v1/gpt4o-image/download-url", DOWNLOAD, read_download, write_download),
    )

    def write_error(self, error: RelayError, trace_id: str) -> Reply:
        code = next((code for kind, code in _ERROR_CODES if isinstance(error, kind)), error.status)
        # KIE's own clients read only `code`, generic HTTP clients only the status line: say it in both. 505 would
        # mean "HTTP version not supported" to the latter, so there they get the error's own status.
        status = error.status if code == 505 else code
        return replace(_reply(None, code, error.tell(LANGUAGE)), status=status, headers=error.headers)

    def write_callback(self, told: Told[Record]) -> bytes:
        # `result_urls` is snake case here and camel case in record-info: the family's own habit
        task, fault = told.found.task, _fault(told.found.task)
        if fault is None:
            return _reply({"taskId": task.task_id, "info": {"result_urls": _urls(task)}}).body
        code = 408 if task.state is State.TIMEOUT else _FAULT_CODES.get(fault.code, 500)
        return _reply({"taskId": task.task_id, "info": None}, code, sentence(fault.code, LANGUAGE)).body

    def sign_callback(self, task: Task, secret: str, now: int) -> Mapping[str, str]:
        return {"x-webhook-timestamp": str(now), "x-webhook-signature": sign_kie(secret, task.task_id, now)}


def _reply(data: object, code: int = 200, message: str = "success") -> Reply:
    return Reply.json({"code": code, "msg": message, "data": data})


def _own_id(text: str) -> str:
    # what cannot be an id of ours is not looked up: the table keeps other rows under `id#...`
    if not _TASK_ID.fullmatch(text):
        raise TaskNotFound
    return text


def _words(task: Task) -> tuple[str, int]:
    if task.state is State.SUCCEEDED:
        return "SUCCESS", 1
    if not task.terminal:
        return "GENERATING", 0
    return ("CREATE_TASK_FAILED" if task.upstream_task_id is None else "GENERATE_FAILED"), 2


def _fault(task: Task) -> Fault | None:
    failed = task.terminal and task.state is not State.SUCCEEDED
    return (task.fault or FAULTS[task.state]) if failed else None


def _urls(task: Task) -> list[str]:
    return [asset.url for asset in task.results]


DIALECT = KieDialect()
