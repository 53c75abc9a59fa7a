"""KIE's 4o image API as clients speak it to us."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AfterValidator

from relay.families.asked import Download
from relay.families.bodies import Link, Media, Url, read_body, read_json
from relay.families.dialect import AnyRoute, Route, Told
from relay.families.kie.gpt4o.words import CREATE_PATH, DOWNLOAD_PATH, FIELDS, MAX_FILES, OPTIONS, PLATFORM, QUERY_PATH
from relay.families.kie.replies import (
    CamelBody,
    Text,
    draft_of,
    echo,
    failure_of,
    own_id,
    read_query,
    read_request,
    urls_of,
    write_created,
    write_reply,
)
from relay.families.kie.words import FAMILY
from relay.families.uses import CREATE_RECORD, DOWNLOAD, RECORD, Record
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind, MediaRole, Medium, media_of
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.task import State, Task
from relay.nouns.wire import Inbound, Reply

FAILED = 500  # the number of a failed generation


def _variants(number: int) -> int:
    if number not in (1, 2, 4):
        raise ValueError("must be 1, 2 or 4")
    return number


class _Create(CamelBody):
    size: Literal["1:1", "3:2", "2:3"]
    prompt: Text = ""
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


class _Download(CamelBody):
    task_id: str | None = None
    url: Link | None = None
    image_url: Link | None = None


def read_create(inbound: Inbound, catalog: Catalog) -> Draft:
    body, raw = read_request(_Create, read_json(inbound))
    if not body.prompt.strip() and not body.files:
        raise MissingField("prompt", " when filesUrl is empty", "（filesUrl 为空时）")
    if len(body.files) > MAX_FILES:
        raise InvalidParameter("filesUrl", f"takes at most {MAX_FILES} URLs", f"最多 {MAX_FILES} 个")
    return replace(
        draft_of(PLATFORM, Kind.IMAGE, catalog.offer(FAMILY, PLATFORM, Kind.IMAGE).model(None).name, body, raw),
        count=body.n_variants,
        size=body.size,
        media=body.files + media_of(MediaRole.MASK, "maskUrl", body.mask_url),
        options={name: raw[word] for name, word in OPTIONS.items() if word in raw},
        fields=FIELDS,
    )


def read_download(inbound: Inbound, catalog: Catalog) -> Download:
    """Which link to make direct. Takes the URL as `url` or, as older clients say, `imageUrl`."""
    document = {"imageUrl": "", **{name: value for name, value in read_json(inbound).items() if value != ""}}
    if "url" in document:
        document.pop("imageUrl")
    body = read_body(_Download, document)
    return Download(own_id(body.task_id) if body.task_id else None, body.url or body.image_url or "")


def write_record(told: Told[Record]) -> Reply:
    task, draft, _ = told.found
    status, flag = _words(task)
    code, message = failure_of(task, FAILED)
    record = {
        "taskId": task.task_id,
        "status": status,
        "successFlag": flag,
        "progress": f"{int(task.progress) / 100:.2f}",  # cut, not rounded: 1.00 means done
        "createTime": task.created_at,
        "completeTime": task.completed_at,
        "paramJson": echo(draft),
        "response": {"resultUrls": urls_of(task)} if task.state is State.SUCCEEDED else None,
        "errorCode": code or None,
        "errorMessage": message or None,
    }
    return write_reply(record)


def write_download(told: Told[str]) -> Reply:
    return write_reply(told.found)


def write_callback(told: Told[Record]) -> bytes:
    # `result_urls` is snake case here and camel case in record-info: the family's own habit
    task = told.found.task
    code, message = failure_of(task, FAILED)
    if not code:
        return write_reply({"taskId": task.task_id, "info": {"result_urls": urls_of(task)}}).body
    return write_reply(
        {"taskId": task.task_id, "info": None}, 408 if task.state is State.TIMEOUT else code, message
    ).body


def _words(task: Task) -> tuple[str, int]:
    if task.state is State.SUCCEEDED:
        return "SUCCESS", 1
    if not task.terminal:
        return "GENERATING", 0
    return ("CREATE_TASK_FAILED" if task.upstream_task_id is None else "GENERATE_FAILED"), 2


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", CREATE_PATH, CREATE_RECORD, read_create, write_created, ended=write_record),
    Route("GET", QUERY_PATH, RECORD, read_query(PLATFORM), write_record),
    Route("POST", DOWNLOAD_PATH, DOWNLOAD, read_download, write_download),
)
CALLBACKS = {PLATFORM: write_callback}
