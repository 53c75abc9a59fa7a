"""The archive worker: copy a task's results to our own bucket, and only then let them be announced."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from io import RawIOBase

from aws_lambda_powertools import Logger

from relay.effects.outbound import EgressRefused, Incoming, NoAnswer, NotSent
from relay.flow.clock import wake
from relay.flow.observe import observe
from relay.flow.quoting import quote
from relay.flow.result_files import NotStored, check_type, mark_stored, result_key
from relay.flow.services import FETCH, Services
from relay.nouns.faults import Fault
from relay.nouns.media import MediaType, sniff
from relay.nouns.task import BY_ARCHIVE, Asset, Observation, Role, State, Task
from relay.nouns.wire import Call

SECONDS = 540.0  # for all results of a task, inside the function's ten minutes
LEASE = 900_000  # ms an attempt may take before the clock tries again
PAUSES = (10, 60)  # seconds after the 1st and 2nd failure; the 3rd ends the task
HEAD = 4096  # bytes looked at before the first is stored
NOT_COPIED = "the result could not be copied"

logger = Logger(child=True)


def archive(services: Services, account_id: str, task_id: str, attempt: int) -> None:
    """Make one attempt, if it is the one whose turn it is. A repeated message finds a later number and does nothing.

    The claim counts, whatever happens after it: an attempt whose function was killed is one of the three as well.
    """
    task = services.store.tasks.get(account_id, task_id)
    if task is None or task.state is not State.STORING or task.copies != attempt:
        return
    if task.copies > len(PAUSES):
        _again_or_fail(services, task, NOT_COPIED)
        return
    claimed = replace(task, copies=attempt + 1, due_at=services.clock() + LEASE, version=task.version + 1)
    if not services.store.tasks.save(task, claimed):
        return
    try:
        until = services.clock() + int(SECONDS * 1000)
        copies = [
            _copy_asset(services, claimed, number, asset, until) for number, asset in enumerate(claimed.assets, 1)
        ]
    except NotStored as error:
        reason = quote(str(error))
        logger.warning("result not stored", **claimed.log_keys, attempt=attempt + 1, reason=reason)
        _again_or_fail(services, claimed, str(error))
        return
    except Exception:
        logger.exception("copying a result failed", **claimed.log_keys, attempt=attempt + 1)
        _again_or_fail(services, claimed, NOT_COPIED)
        return
    observe(services, claimed, Observation(State.SUCCEEDED, assets=tuple(filter(None, copies))), BY_ARCHIVE)


def _copy_asset(services: Services, task: Task, number: int, asset: Asset, until: int) -> Asset | None:
    """The asset as stored; None for something beside the results that cannot be copied. Raises NotStored."""
    if asset.key:
        return asset
    try:
        return _download(services, task, number, asset, until)
    except NotStored as error:
        if asset.role is Role.MAIN:
            raise
        logger.warning("left out what came with a result", **task.log_keys, role=asset.role, reason=quote(str(error)))
        return None


def _download(services: Services, task: Task, number: int, asset: Asset, until: int) -> Asset:
    seconds = max(1.0, (until - services.clock()) / 1000)  # what the results before it have left
    try:
        with _opened(services, task, asset, seconds) as incoming:
            if incoming.status != 200:
                raise NotStored(f"the result's link answers {incoming.status}")
            source = ResultStream(incoming.chunks, incoming.headers.get("content-length", ""), services.largest_result)
            found = check_type(task, asset, source.type())
            key = result_key(task, number, found)
            services.bucket.copy_in(key, source, found.content_type)  # type: ignore[arg-type]  # read() is all it needs
    except (NotSent, NoAnswer, EgressRefused) as error:
        raise NotStored(f"the result's link could not be read: {error}") from error
    return mark_stored(asset, key, found, source.size, source.digest.hexdigest())


def _opened(services: Services, task: Task, asset: Asset, seconds: float) -> AbstractContextManager[Incoming]:
    if asset.private:
        return services.fetch(task.upstream or "", asset.url, seconds)
    return services.http.open(Call("GET", asset.url, FETCH, timeout=seconds))


class ResultStream(RawIOBase):
    """An arriving answer as a file to read once, that counts and hashes what passes and stops at its bounds."""

    def __init__(self, chunks: Iterator[bytes], content_length: str, limit: int) -> None:
        self._chunks, self._limit, self._ahead = chunks, limit, b""
        self._promised = int(content_length) if re.fullmatch("[0-9]{1,18}", content_length) else None
        self.size, self.digest = 0, hashlib.sha256()
        self._check(self._promised or 0)

    def type(self) -> MediaType | None:
        """What the first bytes are; they are kept for the reading."""
        head = self._take(HEAD)
        self._ahead = head + self._ahead
        return sniff(head)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Raises NotStored when more comes than may, or less than was promised."""
        taken = self._take(size if size >= 0 else self._limit + 1)
        self.digest.update(taken)
        return taken

    def _take(self, size: int) -> bytes:
        # joined once: growing and shrinking a buffer by each piece costs more than hashing them
        pieces, held = [self._ahead], len(self._ahead)
        while held < size and (piece := self._piece()):
            pieces.append(piece)
            held += len(piece)
        whole = b"".join(pieces)
        self._ahead = whole[size:]
        return whole[:size]

    def _piece(self) -> bytes:
        """What comes next; empty at the end."""
        piece = next(self._chunks, b"")
        self.size += len(piece)
        self._check(self.size)
        if not piece and self._promised is not None and self.size != self._promised:
            raise NotStored(f"the result ended after {self.size} of {self._promised} bytes")
        return piece

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise NotStored(f"the result is larger than {self._limit >> 20} MB")


def _again_or_fail(services: Services, task: Task, reason: str) -> None:
    if task.copies > len(PAUSES):
        fault = Fault("GENERATION_FAILED", reason, "RESULT_UNAVAILABLE")
        observe(services, task, Observation(State.FAILED, fault=fault), BY_ARCHIVE)
        return
    pause = PAUSES[task.copies - 1]
    later = replace(task, due_at=services.clock() + pause * 1000, version=task.version + 1)
    if services.store.tasks.save(task, later):
        wake(services, [later])
