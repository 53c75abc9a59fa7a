"""What goes wrong with open lines alone; branches of the tree in `errors`."""

from __future__ import annotations

from relay.nouns.errors import RateLimited, RelayError


class QuotaExceeded(RateLimited):
    """The month's tokens do not cover what a request may use."""

    code = "QUOTA_EXCEEDED"

    def __init__(self, asked: int, left: int, retry_after: int) -> None:
        told = f"this request may use {asked} tokens, and {left} of this month's are left; bound its output, or wait"
        super().__init__(told, f"本请求最多使用 {asked} 个 token，本月剩余 {left} 个", retry_after)


class Unavailable(RelayError):
    """No upstream took the request; nothing was charged."""

    code, status = "UPSTREAM_UNAVAILABLE", 503
    default = "no upstream takes this request at the moment; nothing was charged", "上游暂时不可用，未扣费"

    def __init__(self) -> None:
        super().__init__()
        self.headers = {"retry-after": "5"}


class Broken(RelayError):
    """The upstream's answer broke off after it had begun; what came of it is charged."""

    code, status = "UPSTREAM_UNAVAILABLE", 502
    default = "the upstream's answer broke off; what had come of it is charged", "上游响应中断，已到达部分已计费"
