"""How we speak to upstreams: the bases a family's provider fills in.

All of it is pure: a translator writes calls with a path, and `flow.services` adds address and key when one is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import ClassVar, NamedTuple, NoReturn

from relay.families.inference import InferenceApi
from relay.nouns.catalog import Source
from relay.nouns.credential import BEARER, Credential
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.errors import Forbidden, Unfit, UnknownOutcome, Unreadable
from relay.nouns.options import OPTIONS
from relay.nouns.task import Observation
from relay.nouns.wire import MAX_ANSWER, Answer, Call, Inbound, Json

SEND_SECONDS = 20.0  # for a submission, all its steps together; what takes longer is sent by the hold worker


class Mode(Enum):
    JOB = "job"  # the answer names a job, and its outcome is asked for later
    ANSWER = "answer"  # the answer is the outcome
    STREAM = "stream"  # the answer is written while it is made, and its end is the outcome


class MediaForm(Enum):
    URL = "url"  # inputs are sent as addresses that the upstream fetches
    DATA = "data"  # inputs are sent as bytes: `data:` URIs, or what is in them
    HOSTED = "hosted"  # as addresses; pictures that we keep are uploaded to the upstream's image host before


@dataclass(frozen=True, slots=True)
class Order:
    """A request as one upstream is asked to make it: by which of its models, and where it may call back."""

    draft: Draft
    source: Source
    callback_url: str | None = None

    @property
    def label(self) -> str:
        """What the upstream calls the platform, where its paths name one."""
        return self.source.label or self.draft.platform


@dataclass(frozen=True, slots=True)
class Job:
    """What a query needs to know; `label` is the one of the order, `action` the one of its draft."""

    upstream_task_id: str
    label: str = ""
    action: str = ""


class Step(NamedTuple):
    """One call of a submission, and what reads its answer: the job, or the next step.

    A step that is `repeatable` makes nothing (an upload): until the first that is not, every failure is certain.
    `image_host`: it is sent there and not where the API is. `unmade`: the steps before have made nothing yet, so this
    one may still be refused for certain.
    """

    call: Call
    read: Callable[[Answer], Observation | Step]
    image_host: bool = False
    unmade: bool = False


class ImageHost(NamedTuple):
    """The upload of a picture (a `data:` URI), and its address in the answer: raises Refused or UnknownOutcome."""

    write: Callable[[str], Call]
    read: Callable[[Answer], str]


class More(NamedTuple):
    """A question about what a status query did not tell, or None; what it answers joins the facts."""

    write: Callable[[Job, Observation], Call | None]
    read: Callable[[Answer], Mapping[str, Json]]


def no_query(_: object) -> NoReturn:
    raise Unreadable("this upstream cannot be asked")


def no_stream(_: object) -> NoReturn:
    raise UnknownOutcome("nothing reads this upstream's streams")


@dataclass(frozen=True, slots=True)
class Carries:
    """What an API carries of a request for one kind, beside its prompt, number, shape and length; `parent`: it can
    follow up on a task it made before."""

    actions: Collection[str] = ()
    media: Collection[MediaRole] = ()
    options: Collection[str] = ()
    parent: bool = False

    def check(self, draft: Draft) -> None:
        """Raises Unfit for the first thing that would be dropped, unless it is an option that is a mere hint."""
        if draft.action and draft.action not in self.actions:
            raise Unfit("action", f"{draft.action} is not offered for this model", f"该模型不支持 {draft.action}")
        left: list[str] = ["parent"] if draft.parent and not self.parent else []
        left += [medium.role for medium in draft.media if medium.role not in self.media]
        for name, value in draft.options.items():
            if name not in self.options and not OPTIONS[name].hint and value != OPTIONS[name].usual:
                left.append(name)
        if left:
            raise Unfit(left[0], "is not taken by this model", "该模型不支持")


@dataclass(frozen=True, slots=True)
class Api:
    """One API of an upstream.

    `carries` lists the kinds it makes and what it carries of a request for each: all else is refused before
    `write_submit`, which raises Unfit for what it cannot carry whole even so. `read_submit` raises Refused for a
    certain no, UnknownOutcome for the unreadable; `read_query` raises Unreadable where the answer tells nothing. An
    API whose mode is ANSWER or STREAM has no query. `seconds` bound a submission, `largest_answer` the bytes read of
    any answer. `write_cancel` asks to stop a job: its answer is not read, the next query tells. `more` is asked beside
    the query. `image_host`: how pictures are uploaded, where the catalog names an image host for the upstream.
    `events`: the upstream tells of its jobs by webhooks that name the job alone, so the job has to lead to its task.

    `read_stream` reads an answer of status 200 in mode STREAM, piece by piece as it comes; any other status is for
    `read_submit`. It yields how far it is, and last the outcome, a terminal state: a stream that ends without one is an
    unknown outcome. It may raise Refused only before it has yielded anything.
    """

    write_submit: Callable[[Order], Call]
    read_submit: Callable[[Answer, Order], Observation | Step]
    write_query: Callable[[Job], Call] = no_query
    read_query: Callable[[Answer], Observation] = no_query
    read_stream: Callable[[Iterator[bytes]], Iterator[Observation]] = no_stream
    mode: Mode = Mode.JOB
    seconds: float = SEND_SECONDS
    largest_answer: int = MAX_ANSWER
    events: bool = False
    write_cancel: Callable[[Job], Call] | None = None
    media_form: MediaForm = MediaForm.URL
    image_host: ImageHost | None = None
    more: More | None = None
    _: KW_ONLY
    carries: Mapping[Kind, Carries]

    @property
    def held(self) -> bool:
        """Whether the hold worker sends it: the connection stays open for longer than the dispatch worker has."""
        return self.seconds > SEND_SECONDS

    def first_step(self, order: Order) -> Step:
        """Raises Unfit for what the API does not carry."""
        if order.draft.kind not in self.carries:
            raise Unfit("model", "is of a kind this API does not make", "该 API 不支持此类型")
        self.carries[order.draft.kind].check(order.draft)
        return self._upload(order) or Step(self.write_submit(order), lambda answer: self.read_submit(answer, order))

    def _upload(self, order: Order) -> Step | None:
        """The upload of the first input that is still bytes, where those go to an image host."""
        media = order.draft.media
        number = next((number for number, each in enumerate(media) if each.url.startswith("data:")), None)
        if self.image_host is None or number is None:
            return None
        host = self.image_host

        def read(answer: Answer) -> Step:
            uploaded = replace(media[number], url=host.read(answer))
            left = replace(order.draft, media=(*media[:number], uploaded, *media[number + 1 :]))
            return self.first_step(replace(order, draft=left))

        return Step(replace(host.write(media[number].url), repeatable=True), read, image_host=True)


class Provider:
    """One upstream family. A source names one of its `apis` ("" where there is one) or of `inference`."""

    family: ClassVar[str]
    credential: ClassVar[Credential] = BEARER  # how our key travels where the catalog does not say it
    signs_callbacks: ClassVar[bool] = False  # its upstreams can, with a key they share with us

    def __init__(self, apis: Mapping[str, Api], inference: Mapping[str, InferenceApi] = MappingProxyType({})) -> None:
        self.apis, self.inference = apis, inference

    def read_callback(self, inbound: Inbound, now: int, webhook_key: str | None) -> str | None:
        """The upstream's task id a callback speaks of, or None where it does not say. `now` is Unix seconds. What else
        it holds is not read. Raises BadInput for a body that cannot be read, Forbidden where `webhook_key` is given
        and the signature is bad."""
        return None

    def read_event(self, inbound: Inbound, now: int, webhook_key: str) -> str | None:
        """The same of a webhook to the address all of an upstream's jobs share, which holds no secret: so it has to be
        signed with `webhook_key`. None where it is about no job."""
        raise Forbidden("this upstream sends no events", "该上游不发送事件")
