"""Everything that can go wrong, as one tree; dialects turn it into replies in one place.

RelayError
├── BadInput                      400  the caller can mend it; `field` names what
│   ├── MissingField                   MISSING_REQUIRED_FIELD
│   ├── InvalidParameter               INVALID_PARAMETER
│   ├── Unsupported                    API_NOT_IMPLEMENTED
│   └── TooLarge                  413  INVALID_PARAMETER, with the way on
├── Unauthenticated               401
│   ├── NoKey                          UNAUTHORIZED
│   └── BadKey                         INVALID_TOKEN
├── InsufficientBalance           402  INSUFFICIENT_BALANCE
├── Forbidden                     403  FORBIDDEN
│   └── AccountFrozen                  ACCOUNT_FROZEN
├── NotFound                      404  NOT_FOUND
│   ├── TaskNotFound                   TASK_NOT_FOUND
│   └── WrongMethod                    NOT_FOUND, with `Allow`
├── RateLimited                   429  RATE_LIMIT_EXCEEDED, with `Retry-After`
│   ├── TooManyInFlight                TOO_MANY_REQUESTS
│   └── Contended                      RATE_LIMIT_EXCEEDED: writes to the same rows kept each other out
├── Internal                      500  INTERNAL_ERROR
└── UpstreamError                 500  API_ERROR
    ├── Refused                        the upstream said no before it started anything
    │   └── Unfit                      it would have to: it cannot carry the request whole
    ├── UnknownOutcome                 it may have started: never send again, hold the money
    └── Unreadable                     a query told us nothing: ask again later

Each has its message in English and in Chinese; a dialect shows the one its clients read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from relay.nouns.faults import sentence


class RelayError(Exception):
    """Base of the tree. Its message is safe to show to the caller: no key, prompt or token, and nothing an upstream
    said."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, zh: str = "", *, field: str | None = None) -> None:
        self.message, self.zh = message, zh or message
        self.field = field
        super().__init__(message)

    def said(self, language: str) -> str:
        """The message in a dialect's `language`."""
        return self.zh if language == "zh" else self.message

    @property
    def headers(self) -> Mapping[str, str]:
        return {}


class BadInput(RelayError):
    code, status = "INVALID_PARAMETER", 400


class MissingField(BadInput):
    code = "MISSING_REQUIRED_FIELD"

    def __init__(self, field: str, why: str = "", why_zh: str = "") -> None:
        super().__init__(f"{field} is required{why}", f"缺少必填字段 {field} {why_zh}".strip(), field=field)


class InvalidParameter(BadInput):
    def __init__(self, field: str, problem: str, zh: str) -> None:
        super().__init__(f"{field} {problem}", f"{field} {zh}", field=field)


class Unsupported(BadInput):
    code = "API_NOT_IMPLEMENTED"


class TooLarge(BadInput):
    status = 413


class Unauthenticated(RelayError):
    code, status = "UNAUTHORIZED", 401


class NoKey(Unauthenticated):
    def __init__(self) -> None:
        super().__init__("send 'Authorization: Bearer sk-...'", "请求头缺少有效的 Authorization: Bearer 密钥")


class BadKey(Unauthenticated):
    code = "INVALID_TOKEN"

    def __init__(self) -> None:
        super().__init__("this API key is unknown, expired or revoked", "API 密钥无效、已过期或已吊销")


class InsufficientBalance(RelayError):
    code, status = "INSUFFICIENT_BALANCE", 402

    def __init__(self) -> None:
        super().__init__("the balance does not cover this request; top up", "余额不足，请充值")


class Forbidden(RelayError):
    code, status = "FORBIDDEN", 403


class AccountFrozen(Forbidden):
    code = "ACCOUNT_FROZEN"

    def __init__(self) -> None:
        super().__init__("this account is frozen; contact the administrator", "账户已冻结，请联系管理员")


class NotFound(RelayError):
    code, status = "NOT_FOUND", 404

    def __init__(self, what: str = "no such path", zh: str = "路径不存在") -> None:
        super().__init__(what, zh)


class TaskNotFound(NotFound):
    code = "TASK_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("no such task", "任务不存在")


class WrongMethod(NotFound):
    """Stays a 404, which is all the families' tables know, but says which methods would do."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(f"use {self.allowed} on this path", f"该路径请使用 {self.allowed}")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"allow": self.allowed}


class RateLimited(RelayError):
    """`retry_after` is whole seconds until the window opens again."""

    code, status, retryable = "RATE_LIMIT_EXCEEDED", 429, True

    def __init__(self, message: str, zh: str, retry_after: int) -> None:
        super().__init__(message, zh)
        self.retry_after = retry_after

    @property
    def headers(self) -> Mapping[str, str]:
        return {"retry-after": str(self.retry_after)}


class TooManyInFlight(RateLimited):
    code = "TOO_MANY_REQUESTS"


class Contended(RateLimited):
    """Requests for the same rows kept each other out, or DynamoDB throttles: nothing was written."""

    def __init__(self) -> None:
        super().__init__("too many requests at the same instant; try again", "同一时刻请求过多，请稍后重试", 1)


class Internal(RelayError):
    def __init__(self) -> None:
        super().__init__("something went wrong on our side; quote the trace id", "服务器内部错误，请提供 trace_id")


class UpstreamError(RelayError):
    """Its message is for the log; whoever is told of it hears our own sentence for the code."""

    code = "API_ERROR"

    def said(self, language: str) -> str:
        return sentence(self.code, language)


class Refused(UpstreamError):
    """A certain refusal: nothing was started, so the money can go back or another upstream can be tried.

    `elsewhere`: another upstream may accept the same request. `key`: our key at that upstream is at fault,
    so leave it alone for a while. `wait`: seconds after which the same upstream may accept it, or None.
    `task_code`: what the task's error says when this refusal ends it. `words`: the upstream's own, for the log alone.
    """

    def __init__(
        self,
        message: str,
        *,
        elsewhere: bool,
        key: bool = False,
        wait: float | None = None,
        task_code: str = "API_ERROR",
        upstream_code: str = "",
        words: str = "",
    ) -> None:
        super().__init__(message)
        self.elsewhere, self.key, self.wait = elsewhere, key, wait
        self.task_code, self.upstream_code, self.words = task_code, upstream_code, words


class Unfit(Refused):
    """An upstream cannot carry this request whole, found out before anything is sent; another one may.

    `about` is what it is about, in our words (count, duration, image, mask, action, …); `allowed` are the values it
    would take, where they can be listed, else `problem` says it.
    """

    def __init__(self, about: str, problem: str, zh: str, allowed: tuple[int, ...] = ()) -> None:
        super().__init__(f"{about} {problem}", elsewhere=True, task_code="INVALID_PARAMETER")
        self.about, self.problem, self.zh, self.allowed = about, problem, zh, allowed


class UnknownOutcome(UpstreamError):
    """The request left us and no readable answer came back: the job may exist and be billed."""


class Unreadable(UpstreamError):
    """A status query gave nothing to act on (HTML, empty, 5xx, not known yet): the task stays as it is."""
