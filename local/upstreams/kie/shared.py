"""Owns what KIE's APIs share: the envelope's refusals, field checks, times, and the shape of an API."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from local.upstreams.callbacks import Event
from local.upstreams.jobs import Job, Order
from local.upstreams.reading import is_web_address, is_whole
from relay.nouns.errors import RelayError
from relay.nouns.wire import Reply

Body = dict[str, Any]
Choice = TypeVar("Choice", str, int)

POLICY_TEXT = "Your content was flagged by the provider as violating content policies"
FAILURE_TEXT = "Generation failed, please try again later"
INPUT_TEXT = "Failed to fetch the image. Kindly verify any access limits set by you or your service provider"


@dataclass(frozen=True)
class Api:
    """One KIE API: its two paths and how its bodies are read and written."""

    name: str
    create: str
    query: str
    prompt: Callable[[Body], str]
    read: Callable[[Body], Order]
    record: Callable[[Job, float, bool], Body]
    events: Callable[[Job], list[Event]]


class Refused(RelayError):
    """A request KIE answers with one of its own numbers."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


def bad(message: str) -> Refused:
    """A value that is not allowed."""
    return Refused(400, message)


def invalid(message: str) -> Refused:
    """A field that is missing or of the wrong type."""
    return Refused(422, message)


def text(body: Body, field: str, required: bool = False, longest: int = 20_000) -> str:
    value = body.get(field)
    if value is None or value == "":
        if required:
            raise invalid(f"{field} cannot be empty")
        return ""
    if not isinstance(value, str):
        raise invalid(f"{field} must be a string")
    if len(value) > longest:
        raise bad(f"{field} must not exceed {longest} characters")
    return value


def one_of(body: Body, field: str, allowed: Collection[Choice], default: Choice | None = None) -> Choice:
    """The field's value or `default`; without a default the field is required."""
    value = body.get(field)
    if value is None and default is not None:
        return default
    if value is None:
        raise invalid(f"{field} cannot be empty")
    for choice in allowed:
        # 1 == True == 1.0 in Python; the wire tells them apart.
        if value == choice and type(value) is type(choice):
            return choice
    raise bad(f"{field} must be one of {', '.join(map(str, allowed))}")


def whole(body: Body, field: str, default: int) -> int:
    value = body.get(field, default)
    if not is_whole(value):
        raise invalid(f"{field} must be an integer")
    return int(value)


def flag(body: Body, field: str, required: bool = False) -> bool:
    value = body.get(field)
    if value is None and not required:
        return False
    if not isinstance(value, bool):
        raise invalid(f"{field} must be a boolean")
    return value


def addresses(body: Body, field: str, most: int) -> list[str]:
    value = body.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(is_web_address(item) for item in value):
        raise invalid(f"{field} must be a list of http(s) URLs")
    if len(value) > most:
        raise bad(f"{field} accepts at most {most} URLs")
    return list(value)


def callback(body: Body, required: bool = False) -> str | None:
    value = body.get("callBackUrl")
    if value in (None, ""):
        if required:
            raise invalid("callBackUrl cannot be empty")
        return None
    if not is_web_address(value):
        raise invalid("callBackUrl must be an http(s) URL")
    return str(value)


def millis(moment: float) -> int:
    return int(moment * 1000)


def date_text(moment: float) -> str:
    """The date form Veo's pages show."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def envelope(code: int, message: str, data: object) -> Reply:
    return Reply.json({"code": code, "msg": message, "data": data})


def failure(job: Job, generation: int) -> tuple[int, str]:
    """Code and text of a failed job; `generation` is the API's own code for a failed generation."""
    if job.failure == "refuse":
        return 400, POLICY_TEXT
    if job.failure == "bad-input":
        return 451, INPUT_TEXT
    return generation, FAILURE_TEXT
