"""Everything that can go wrong, as one tree; dialects turn it into replies in one place.

RelayError
├── BadInput                      400  the caller must change the request; `field` names what
│   ├── MissingField                   MISSING_REQUIRED_FIELD
│   ├── InvalidParameter               INVALID_PARAMETER
│   ├── Unsupported                    API_NOT_IMPLEMENTED
│   └── TooLarge                  413  INVALID_PARAMETER, naming the way for larger files
├── Unauthenticated               401
│   ├── NoKey                          UNAUTHORIZED
│   └── BadKey                         INVALID_TOKEN
├── InsufficientBalance           402  INSUFFICIENT_BALANCE, of a key alone in account_errors
├── Forbidden                     403  FORBIDDEN
│   └── AccountFrozen                  ACCOUNT_FROZEN
├── NotFound                      404  NOT_FOUND
│   ├── TaskNotFound                   TASK_NOT_FOUND
│   └── WrongMethod                    NOT_FOUND, with `Allow`
├── RateLimited                   429  RATE_LIMIT_EXCEEDED, with `Retry-After`
│   ├── TooManyInFlight                TOO_MANY_REQUESTS
│   ├── QuotaExceeded                  QUOTA_EXCEEDED, in line_errors, as is Unavailable (503, UPSTREAM_UNAVAILABLE)
│   └── Contended                      RATE_LIMIT_EXCEEDED: writes conflicted too often, or were throttled
├── Internal                      500  INTERNAL_ERROR
└── UpstreamError                 500  API_ERROR
    ├── Refused                        the upstream refused before it started anything
    │   └── Unfit                      found out before sending: it cannot do all of the request
    ├── UnknownOutcome                 it may have started: never send again, hold the money
    └── Unreadable                     a status query gave no usable answer: ask again later
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from relay.nouns.faults import sentence


class RelayError(Exception):
    """Base of the tree. The message may be shown to the caller: it holds no key, prompt, token or upstream's text.

    `code` and `status` (HTTP) are the relay's own; dialects translate them. `default` is the class's usual message, in
    English and Chinese; a dialect shows the one its clients read. `headers` go into the HTTP answer.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500
    default: ClassVar[tuple[str, str]]

    def __init__(self, message: str = "", zh: str = "", *, field: str | None = None) -> None:
        self.message, self.zh = (message, zh or message) if message else self.default
        self.field = field
        self.headers: Mapping[str, str] = {}
        super().__init__(self.message)

    def tell(self, language: str) -> str:
        """The message in a dialect's `language`."""
        return self.zh if language == "zh" else self.message


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
    default = "send 'Authorization: Bearer sk-...'", "请求头缺少有效的 Authorization: Bearer 密钥"


class BadKey(Unauthenticated):
    code = "INVALID_TOKEN"
    default = "this API key is unknown, expired or revoked", "API 密钥无效、已过期或已吊销"


class InsufficientBalance(RelayError):
    code, status = "INSUFFICIENT_BALANCE", 402
    default = "the balance does not cover this request; top up", "余额不足，请充值"


class Forbidden(RelayError):
    code, status = "FORBIDDEN", 403


class AccountFrozen(Forbidden):
    code = "ACCOUNT_FROZEN"
    default = "this account is frozen; contact the administrator", "账户已冻结，请联系管理员"


class NotFound(RelayError):
    code, status = "NOT_FOUND", 404
    default = "no such path", "路径不存在"


class TaskNotFound(NotFound):
    code = "TASK_NOT_FOUND"
    default = "no such task", "任务不存在"


class WrongMethod(NotFound):
    """A 404, since the families' error tables have no 405, with the methods that exist in `Allow`."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        methods = ", ".join(allowed)
        super().__init__(f"use {methods} on this path", f"该路径请使用 {methods}")
        self.headers = {"allow": methods}


class RateLimited(RelayError):
    code, status = "RATE_LIMIT_EXCEEDED", 429

    def __init__(self, message: str, zh: str, retry_after: int) -> None:  # whole seconds until the caller may try again
        super().__init__(message, zh)
        self.headers = {"retry-after": str(retry_after)}


class TooManyInFlight(RateLimited):
    code = "TOO_MANY_REQUESTS"


class Contended(RateLimited):
    def __init__(self) -> None:
        super().__init__("too many requests at the same instant; try again", "同一时刻请求过多，请稍后重试", 1)


class Internal(RelayError):
    default = "something went wrong on our side; quote the trace id", "服务器内部错误，请提供 trace_id"


class UpstreamError(RelayError):
    """Its message is for the log only; callers are told our own sentence for the code (`faults.sentence`)."""

    code = "API_ERROR"

    def tell(self, language: str) -> str:
        return sentence(self.code, language)


class Refused(UpstreamError):
    """Certain: nothing was started, so another upstream can be tried, or the charge returned.
    `elsewhere`: another upstream may accept it. `key`: our key is not accepted, so this upstream is left alone for a
    while. `wait`: seconds until it may accept it. `task_code`: of the task's fault. `words`: for the log, `facts`: for
    the client.
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
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.elsewhere, self.key, self.wait = elsewhere, key, wait
        self.task_code, self.upstream_code, self.words, self.facts = task_code, upstream_code, words, facts or {}


class Unfit(Refused):
    """Found out before anything is sent: an upstream cannot carry this request whole; another one may.

    `about` names what, in our words (count, image, action, …); `problem` says why, `allowed` the values it would take.
    """

    def __init__(self, about: str, problem: str, zh: str, allowed: tuple[int, ...] = ()) -> None:
        super().__init__(f"{about} {problem}", elsewhere=True, task_code="INVALID_PARAMETER")
        self.about, self.problem, self.zh, self.allowed = about, problem, zh, allowed


class UnknownOutcome(UpstreamError):
    """The request was sent and no readable answer came back: the job may exist and be billed."""


class Unreadable(UpstreamError):
    """A status query had no usable answer (HTML, empty, 5xx, job unknown yet): the task is not changed."""
