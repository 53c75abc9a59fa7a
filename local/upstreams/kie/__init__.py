"""The simulated KIE: our dialect of it, its limits on queries, and its way with errors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from local.upstreams.files import Files
from local.upstreams.jobs import Job
from local.upstreams.mirror import Mirror
from local.upstreams.settings import Settings
from relay.families.kie.replies import write_reply
from relay.nouns.catalog import Upstream
from relay.nouns.errors import RelayError, TaskNotFound
from relay.nouns.wire import Reply

# Faults that no error of ours says: KIE's number and words.
NUMBERED: Mapping[str, tuple[int, str]] = {
    "maintenance": (455, "Service is currently undergoing maintenance"),
    "queue-full": (550, "Connection denied due to job queue full"),
}
# The only codes KIE also says as an HTTP status; all else is an envelope inside a 200.
HTTP_CODES = (429, 500)


class _Numbered(RelayError):
    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


class Kie(Mirror):
    def __init__(self, upstream: Upstream, settings: Settings, files: Files) -> None:
        super().__init__(upstream, settings, files)
        self._asked: dict[str, deque[float]] = {}

    def write_refusal(self, error: RelayError, trace_id: str, path: str) -> Reply:
        if isinstance(error, TaskNotFound):
            error = _Numbered(422, "recordInfo is null")
        if isinstance(error, _Numbered):
            return write_reply(None, error.number, error.message)
        reply = super().write_refusal(error, trace_id, path)
        return replace(reply, status=reply.status if reply.status in HTTP_CODES else 200)

    def refusal(self, fault: str) -> RelayError:
        return _Numbered(*NUMBERED[fault]) if fault in NUMBERED else super().refusal(fault)

    def query(self, api: str | None, task_id: str, record: Callable[[Job, bool], Reply]) -> Reply:
        """Up to so many queries of a task in a second."""
        limit = self.settings.queries_per_second
        if limit is not None:
            seen, now = self._asked.setdefault(task_id, deque(maxlen=limit)), self.now()
            if len(seen) == limit and now - seen[0] < 1.0:
                self.book.asked[task_id] += 1
                raise self.refusal("rate-limit")
            seen.append(now)
        return super().query(api, task_id, record)


SIMULATOR = Kie
