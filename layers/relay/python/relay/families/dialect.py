"""How families speak to us: the routes that ask for a use case, and the base every dialect fills in."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Generic, Literal, NamedTuple

from relay.families.inference import EventWriter
from relay.families.progress import ProgressWriter
from relay.families.uses import Asked, Found, Record, Use
from relay.nouns.catalog import Catalog
from relay.nouns.errors import BadKey, NoKey, NotFound, RelayError, Unsupported
from relay.nouns.inference import Inference
from relay.nouns.session_errors import NoSession
from relay.nouns.task import Task
from relay.nouns.wire import Inbound, Reply

NOTHING_SOLD = Catalog("USD", Decimal(1), 0, {}, {}, {}, {}, {})  # where it does not matter what is


@dataclass(frozen=True, slots=True)
class Told(Generic[Found]):
    """What there is to tell, and whatever else a dialect may need to write an answer or a notice of it.

    `refer` makes the reference by which anybody may OPEN a task; empty where there are none. `catalog` is what is sold.
    """

    found: Found
    now: int  # Unix ms
    base_url: str = ""  # where this API is reached
    trace_id: str = ""
    refer: Callable[[Task], str] = lambda task: ""
    catalog: Catalog = NOTHING_SOLD


class Auth(Enum):
    """Who may call a route: a client with an API key, an account's owner who logged in, or anybody."""

    KEY = "key"
    SESSION = "session"
    OPEN = "open"


class Session(NamedTuple):
    """What a request says of the account's owner who sends it: a token, and what his number is where it says that."""

    token: str
    user: str = ""


@cache
def path_pattern(path: str) -> re.Pattern[str]:
    """What matches a route's path, with a group for each parameter in it."""
    parts = re.split(r"(\{\w+\})", path)
    return re.compile("".join(f"(?P<{each[1:-1]}>[^/]+)" if each[:1] == "{" else re.escape(each) for each in parts))


WriteError = Callable[[RelayError, str], Reply]  # of an error and the trace id


@dataclass(frozen=True, slots=True)
class Route(Generic[Asked, Found]):
    """A path clients call, what they ask there, and both translations. A family offers what it has a route for.

    `when` settles a path that several routes share: the first whose `when` agrees takes the request. `error` writes
    what goes wrong there, where a family's APIs do not say it alike; else the dialect's `write_error` does. `ended`
    answers a creation whose client waited until the task had ended; without it no client can wait there. `wait` is for
    how many seconds a client waits that does not say so, where its API's answer is the result. With `inline` the task
    that is told has its results' bytes in it, where they are kept here and are no more than that together. `padded`:
    its answer is a JSON document, before which spaces may show that a line is still open. `progress` writes the stream
    of a creation that is watched while it is made, at the stream endpoint alone.
    """

    method: str
    path: str
    use: Use[Asked, Found]
    read: Callable[[Inbound, Catalog], Asked]
    write: Callable[[Told[Found]], Reply]
    auth: Auth = Auth.KEY
    when: Callable[[Inbound], bool] | None = None
    error: WriteError | None = None
    ended: Callable[[Told[Found]], Reply] | None = None
    wait: int = 0
    inline: int = 0
    padded: bool = True
    events: Callable[[Inference], EventWriter] | None = None  # writes the stream of a model call that wants one
    progress: Callable[[], ProgressWriter] | None = None

    def lies_at(self, path: str) -> bool:
        """Whether a request's path is this route's."""
        return path_pattern(self.path).fullmatch(path) is not None


AnyRoute = Route[Any, Any]


def no_body(inbound: Inbound, catalog: Catalog) -> None:
    """The request says all there is to say by its path and its key."""


class Dialect(ABC):
    """A pure translator between one family's wire and our nouns. What reads raises only from the error tree."""

    family: ClassVar[str]
    language: ClassVar[Literal["en", "zh"]] = "en"  # what its clients read
    routes: ClassVar[tuple[AnyRoute, ...]]
    # where a request may hold its key: a header or "?" and a field of the query, and what stands before the key there;
    # the first that fits counts
    key_places: ClassVar[tuple[tuple[str, str], ...]] = (("authorization", "Bearer +"),)
    access_tokens: ClassVar[bool] = False  # a session may be an access token, which is stored as keys are
    only_first_key: ClassVar[bool] = False  # a place that holds anything else than a key ends the search
    # platforms whose requests can name no callback address: their clients are told at the account's own
    hooked: ClassVar[Collection[str]] = ()
    key_prefix: ClassVar[str] = ""  # what clients may leave out of the beginning of a key
    unserved: ClassVar[tuple[str, ...]] = ()  # paths of the family's, and all below them, that nothing here serves

    def read_key(self, inbound: Inbound) -> str:
        """The API key of a request. Raises NoKey where there is none, or none of the right form; BadKey where what is
        there must be the key and cannot be one."""
        for place, before in self.key_places:
            said = inbound.query.get(place[1:], "") if place.startswith("?") else inbound.headers.get(place, "")
            found = re.fullmatch(f"{before}([!-~]{{8,200}}) *", said, re.IGNORECASE)
            if found:
                return found[1] if found[1].startswith(self.key_prefix) else self.key_prefix + found[1]
            if said and self.only_first_key:
                raise BadKey
        raise NoKey

    def read_session(self, inbound: Inbound) -> Session:
        """Who sends a request to a route of `Auth.SESSION`. Raises NoSession."""
        found = re.fullmatch(r"Bearer +([!-~]{8,4000}) *", inbound.headers.get("authorization", ""), re.IGNORECASE)
        if not found:
            raise NoSession
        return Session(found[1])

    def error_at(self, path: str) -> WriteError:
        """What writes an error of a request to this path: its route does, where one lies there, of several the one for
        requests that no `when` takes."""
        there = sorted((each for each in self.routes if each.lies_at(path)), key=lambda each: each.when is not None)
        return next((each.error for each in there), None) or self.write_error

    def unknown(self, path: str) -> RelayError:
        """What a request is told to a path without a route."""
        if any(f"{path}/".startswith(f"{home}/") for home in self.unserved):
            return Unsupported("this is not served here", "不提供该接口")
        return NotFound()

    @abstractmethod
    def write_error(self, error: RelayError, trace_id: str) -> Reply: ...

    def write_callback(self, told: Told[Record]) -> bytes:
        """The body told to the client's URL when the task has ended, and before of its moves where `Callback.moves`.
        A family whose clients make no tasks has none."""
        raise LookupError(f"clients of {self.family} make no tasks")

    def sign_callback(self, task: Task, secret: str, now: int) -> Mapping[str, str]:
        """The family's own signature headers, beside the Standard Webhooks ones. `now` is Unix seconds."""
        return {}
