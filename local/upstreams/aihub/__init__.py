"""The simulated AI Hub: its chat, its stream, its models, and who may use them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from local.upstreams import made
from local.upstreams.aihub import chat
from local.upstreams.callbacks import Event
from local.upstreams.files import Files
from local.upstreams.inference.serving import read, serve
from local.upstreams.inference.shape import Shape
from local.upstreams.jobs import Job
from local.upstreams.paths import Path
from local.upstreams.settings import Settings
from local.upstreams.simulator import Simulator
from relay.nouns.catalog import Upstream
from relay.nouns.errors import (
    Forbidden,
    InsufficientBalance,
    InvalidParameter,
    NoKey,
    RelayError,
    TooManyInFlight,
)
from relay.nouns.wire import Inbound, Reply


class Aihub(Simulator):
    """With `paid` False the account has no plan that includes premium models."""

    def __init__(self, upstream: Upstream, settings: Settings, files: Files) -> None:
        super().__init__(upstream, settings, files)
        self.paid = True
        chats = (
            Path("POST", shape.path, partial(self._chat, shape), verb="submit") for shape in (chat.SHAPE, chat.STREAM)
        )
        self._paths = (*chats, Path("GET", f"{chat.HOME}/models", self._models))

    def paths(self) -> Sequence[Path]:
        return self._paths

    def read_key(self, inbound: Inbound) -> str:
        """From the first place that holds anything: one that is wrong there is not made good elsewhere."""
        bearer = inbound.headers.get("authorization", "")
        key = bearer.removeprefix("Bearer ") or inbound.headers.get("x-api-key") or inbound.query.get("api_key", "")
        if not key:
            raise NoKey
        return key

    def write_refusal(self, error: RelayError, trace_id: str, path: str) -> Reply:
        status, code = error.status, ""
        if isinstance(error, NoKey):
            code = "missing_api_key"
        elif isinstance(error, InsufficientBalance):
            status, code = 429, "quota_exceeded"
        elif isinstance(error, TooManyInFlight):
            code = "concurrency_limit_exceeded"
        elif error.field == "model":
            code = "model_not_found"
        return Reply.json(chat.error(status, error.message, code), status, error.headers)

    def refusal(self, fault: str) -> RelayError:
        return made.refusal(fault)

    def events(self, job: Job) -> Sequence[Event]:
        return ()

    def _models(self, inbound: Inbound) -> Reply:
        self.authorise(inbound)
        return Reply.json(chat.models(paid=self.paid))

    def _chat(self, shape: Shape, inbound: Inbound) -> Reply:
        self.authorise(inbound)
        model = read(shape, inbound)["model"]
        if model not in chat.MODELS:
            raise InvalidParameter("model", "is unknown", "不存在")
        if chat.MODELS[model].tier == "premium" and not self.paid:
            raise Forbidden("this model needs a paid plan", "该模型需要付费套餐")
        return serve(self, shape, inbound)


SIMULATOR = Aihub
