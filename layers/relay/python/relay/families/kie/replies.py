"""What clients of all of KIE's APIs send and are answered alike: ids, the envelope, errors, and why a task failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Protocol, TypeVar

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from relay.families.asked import TaskQuery
from relay.families.bodies import MAX_TEXT, Body, read_body
from relay.families.dialect import Told
from relay.families.kie.words import FAMILY, LANGUAGE
from relay.families.uses import Record
from relay.nouns.catalog import Catalog, Model, Offer
from relay.nouns.draft import Callback, Draft, Kind
from relay.nouns.errors import Forbidden, InvalidParameter, MissingField, RelayError, TaskNotFound, Unsupported
from relay.nouns.faults import Fault, sentence
from relay.nouns.task import FAULTS, Role, State, Task
from relay.nouns.wire import Inbound, Reply, compact

# Codes that are not the error's HTTP status (KIE docs, status codes; 403 is not among them).
_ERROR_CODES: tuple[tuple[type[RelayError], int], ...] = ((Forbidden, 401), (Unsupported, 505))
# Why a task failed (KIE docs, callbacks of each API); each API has a number of its own for everything else.
_FAULT_CODES: Mapping[str, int] = {"CONTENT_POLICY_VIOLATION": 400, "INVALID_PARAMETER": 400, "INPUT_FETCH_FAILED": 451}
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def ratio_of(value: str) -> str:
    if value != "auto" and not re.fullmatch("[0-9]{1,2}:[0-9]{1,2}", value):
        raise ValueError("must be a ratio like 16:9")
    return value


def not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


Text = Annotated[str, Field(max_length=MAX_TEXT)]
Prompt = Annotated[Text, AfterValidator(not_blank)]
Ratio = Annotated[str, AfterValidator(ratio_of)]
Read = TypeVar("Read", bound=Body)


class CamelBody(Body):
    model_config = ConfigDict(alias_generator=to_camel)


class Request(Protocol):
    """What a request to any of the APIs has."""

    @property
    def prompt(self) -> str: ...

    @property
    def call_back_url(self) -> str | None: ...


def read_request(form: type[Read], document: Mapping[str, object]) -> tuple[Read, dict[str, object]]:
    """A request, and of its fields those we know and have checked: the others have no bound, and a row has one."""
    known = {field.alias for field in form.model_fields.values()}
    return read_body(form, document), {name: value for name, value in document.items() if name in known}


def draft_of(platform: str, kind: Kind, model: str, body: Request, raw: Mapping[str, object]) -> Draft:
    """What is read alike from a request to any of the APIs."""
    return Draft(FAMILY, platform, kind, model, body.prompt, callback=callback_of(body.call_back_url), raw=raw)


def sold_of(offer: Offer, name: str) -> Model:
    """The model that KIE's clients name so. Raises InvalidParameter with the names there are."""
    return Offer("", {own: model for own, model in offer.models.items() if "@" not in own}).model(name or "none")


def level_of(offer: Offer, name: str, level: str, usual: str, field: str) -> Model:
    """The model a request is for: where a field has prices, each value but the usual one is sold as NAME@VALUE."""
    model = sold_of(offer, name) if level == usual else offer.models.get(f"{name}@{level}")
    if model is None:
        sold_of(offer, name)
        levels = (own.partition("@")[2] for own in offer.models if own.startswith(f"{name}@"))
        known = ", ".join([usual, *levels])
        raise InvalidParameter(field, f"must be one of: {known}", f"必须是以下之一：{known}")
    return model


def callback_of(url: str | None) -> Callback | None:
    return Callback(url, "callBackUrl") if url else None


def own_id(text: str) -> str:
    # what cannot be an id of ours is not looked up: the table keeps other rows under `id#...`
    if not _TASK_ID.fullmatch(text):
        raise TaskNotFound
    return text


def read_query(platform: str) -> Callable[[Inbound, Catalog], TaskQuery]:
    """Reads which task of one API is asked for."""

    def read(inbound: Inbound, catalog: Catalog) -> TaskQuery:
        if not inbound.query.get("taskId"):
            raise MissingField("taskId")
        return TaskQuery(own_id(inbound.query["taskId"]), platform)

    return read


def write_reply(data: object, code: int = 200, message: str = "success") -> Reply:
    return Reply.json({"code": code, "msg": message, "data": data})


def write_created(told: Told[Record]) -> Reply:
    return write_reply({"taskId": told.found.task.task_id})


def write_error(error: RelayError, trace_id: str) -> Reply:
    code = next((code for kind, code in _ERROR_CODES if isinstance(error, kind)), error.status)
    # KIE's own clients read only `code`, generic HTTP clients only the status line: say it in both. 505 would
    # mean "HTTP version not supported" to the latter, so there they get the error's own status.
    status = error.status if code == 505 else code
    return replace(write_reply(None, code, error.tell(LANGUAGE)), status=status, headers=error.headers)


def fault_of(task: Task) -> Fault | None:
    """Why a task failed; None where it did not."""
    failed = task.terminal and task.state is not State.SUCCEEDED
    return (task.fault or FAULTS[task.state]) if failed else None


def failure_of(task: Task, other: int) -> tuple[int, str]:
    """KIE's number for why a task failed, or the API's own (`other`) for a failed generation, and a sentence; else 0
    and nothing."""
    fault = fault_of(task)
    return (_FAULT_CODES.get(fault.code, other), sentence(fault.code, LANGUAGE)) if fault else (0, "")


def echo(draft: Draft) -> str:
    """The request as it was sent, as text."""
    return compact(dict(draft.raw)).decode()


def urls_of(task: Task) -> list[str]:
    return [asset.url for asset in task.results]


def cover_of(task: Task) -> str:
    return next((asset.url for asset in task.assets if asset.role is Role.COVER), "")


def flag_of(task: Task) -> int:
    """How a task stands, as the APIs with a `successFlag` say it: a failure is 2 where it was never begun, else 3."""
    if task.state is State.SUCCEEDED:
        return 1
    if not task.terminal:
        return 0
    return 2 if task.upstream_task_id is None else 3


def date_of(instant: int | None) -> str | None:
    """The form of those APIs' dates, in UTC."""
    return datetime.fromtimestamp(instant // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S") if instant else None


def refuse_mark(field: str, text: str) -> None:
    """Raises InvalidParameter where a watermark is asked for."""
    if text:
        raise InvalidParameter(field, "is not offered here", "此处不支持")
