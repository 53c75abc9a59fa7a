"""Accepts a task in one transaction: account row (charge, limits), task, request, ledger entry, idempotency row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from relay.effects.store import references
from relay.effects.store.account_row import DAY_SECONDS, Seen, Windows, account_update
from relay.effects.store.booking import Booking
from relay.effects.store.codec import Expression, pack, unpack, write_draft
from relay.effects.store.key_counts import KeyChange, count_key, key_not_revoked
from relay.effects.store.limits import Limits, count_creation, count_line, refusal
from relay.effects.store.months import month_of
from relay.effects.store.table import LostRace, Tables, put_if_absent
from relay.effects.store.tasks import Tasks
from relay.nouns.draft import KINDS, Draft
from relay.nouns.errors import AccountFrozen, BadKey, Contended, InvalidParameter, TooLarge
from relay.nouns.money import reserve
from relay.nouns.task import State, Task

TRIES = 9  # of a creation on a busy account; with their pauses 2.6 s at most
MOST_SAID = 380_000  # bytes of a request; a row holds 400 KB with its keys
IDEMPOTENCY_SECONDS = DAY_SECONDS  # how long an Idempotency-Key is remembered


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's `Idempotency-Key` and a digest of the request it came with."""

    key: str
    fingerprint: str


@dataclass(slots=True)
class Submissions:
    tables: Tables
    tasks: Tasks
    booking: Booking

    def earlier(self, account_id: str, idempotency: Idempotency, now: int) -> str | None:
        """The id of the task made before under this Idempotency-Key; None where the key is unused or expired.

        Raises InvalidParameter where the key was used with another request. `now` is Unix ms.
        """
        key = {"lookup": pack(_lookup(account_id, idempotency))}
        found = self.tables.get(TableName=self.tables.directory, Key=key, ConsistentRead=True)
        # DynamoDB's TTL removes a row hours or days after it expired
        return _replay(found, idempotency) if found and unpack(found)["ttl"] > now // 1000 else None

    def create(self, task: Task, draft: Draft, limits: Limits, idempotency: Idempotency | None) -> str:
        """Accept `task`. Returns its id, or on a replay the id of the earlier task under the same Idempotency-Key.

        Raises AccountFrozen, InsufficientBalance, RateLimited, TooManyInFlight, TooLarge for a request that no row
        holds, and InvalidParameter for a reference that another task has; then nothing was written.
        """
        rows = self._rows(task, draft)
        try:
            return self._accept(task, rows, limits, idempotency)
        except LostRace as lost:
            if draft.client_ref and draft.client_ref.once and lost.refused(len(rows)):
                raise references.taken(draft.client_ref) from lost
            raise
        except Contended:
            if self.tasks.get(task.account_id, task.task_id) is None:
                raise
            return task.task_id  # one of the tries was applied and its answer was lost

    def reserve(self, task: Task, limits: Limits) -> None:
        """Reserve a metered task's price and tokens; its request is not kept.

        Raises AccountFrozen, InsufficientBalance, QuotaExceeded, Contended; then nothing was written.
        """
        self._accept(task, (put_if_absent(self.tables.tasks, self.tasks.row(task), "task_id"),), limits, None)

    def answer(self, before: Task, after: Task, draft: Draft, limits: Limits, idempotency: Idempotency | None) -> bool:
        """Charge for `after`, whose client completed its request, and put that in the place of the former one; False
        where `before` is not the truth any more. Raises what `create` raises; then nothing was written."""
        rows = ({"Update": self.tasks.change(before, after)}, {"Put": self._request(after, draft)})
        try:
            self._accept(after, rows, limits, idempotency)
        except LostRace:
            return False
        return True

    def _accept(
        self, task: Task, rows: tuple[dict[str, Any], ...], limits: Limits, idempotency: Idempotency | None
    ) -> str:
        """Write `rows`, the task first, with the charge. Raises LostRace where another task than a new one changed."""
        patience = self.tables.patience(TRIES)
        seen = self.booking.look(task.account_id)
        if seen is None:
            raise AccountFrozen
        claim = self._claim(task, idempotency)
        while True:
            after, windows, steps = self._steps(task, rows, limits, seen)
            try:
                self.tables.transact(*steps, *claim, patience=patience)
            except LostRace as lost:
                if idempotency and lost.refused(len(steps)):
                    return _replay(lost.row(len(steps)), idempotency)
                if lost.refused(1) and task.version == 0:
                    return task.task_id  # an earlier try was applied and its answer was lost
                if "ConditionCheck" in steps[-1] and lost.refused(len(steps) - 1):
                    raise BadKey from lost
                if lost.refused(1) or not lost.refused(0):
                    raise
                why = refusal(unpack(lost.row(0)), task, limits, windows, self.booking.utc_offset)
                if why:
                    raise why from lost
                seen = self.booking.learn(task.account_id, lost.row(0))
                patience.again(lost)
            else:
                self.booking.seen[task.account_id] = after
                return task.task_id

    def _steps(
        self, task: Task, rows: tuple[dict[str, Any], ...], limits: Limits, seen: Seen
    ) -> tuple[Seen, Windows, list[dict[str, Any]]]:
        """What accepting `task` writes, conditioned on the account row being as `seen`: that row first, then the task.

        Clocks differ between containers: where the row's minute or day is later than ours, its own is used.
        """
        e, now = Expression(), Windows.at(task.charged_at, self.booking.utc_offset)
        free = task.state is State.ASKING
        posting = None if free else self.booking.post(e, seen, reserve(task), now.day)
        windows = Windows(max(now.minute, seen.windows.minute), posting.day if posting else seen.windows.day)
        if posting and KINDS[task.kind].metered:
            conditions, put, add = count_line(e, task, limits.tier, seen, posting)
        else:
            conditions, put, add = count_creation(e, task, limits.tier, seen, posting=posting, windows=windows)
        after = replace(posting.after if posting else seen, windows=windows)
        if task.key_id:
            key = self._count_key(e, task, limits, seen, free=free)
            conditions, put, add = conditions + key.conditions, put | key.put, add | key.add
            after = replace(after, keys={**seen.keys, task.key_id: key.after})
        account = account_update(self.tables.accounts, task.account_id, e, conditions, put=put, add=add)
        lines = (posting.line, *posting.new_blocks) if posting else ()
        month = max(seen.month, month_of(windows.day)) if task.tokens else seen.month
        # what counts nothing of a key may have forgotten it: containers remember a revoked one for a minute more
        first = task.key_id and key.first
        checks = (key_not_revoked(self.tables.accounts, task.account_id, task.key_id),) if first else ()
        return replace(after, month=month), windows, [account, *rows, *lines, *checks]

    def _count_key(self, e: Expression, task: Task, limits: Limits, seen: Seen, *, free: bool) -> KeyChange:
        known = seen.key(task.key_id)
        minute = max(Windows.at(task.charged_at, self.booking.utc_offset).minute, known.minute)
        price = None if free else task.price
        return count_key(e, task.key_id, known, price=price, minute=minute, per_minute=limits.per_minute)

    def _rows(self, task: Task, draft: Draft) -> tuple[dict[str, Any], ...]:
        return (
            put_if_absent(self.tables.tasks, self.tasks.row(task), "task_id"),
            put_if_absent(self.tables.tasks, self._request(task, draft)["Item"], "task_id"),
            *references.steps(self.tables.tasks, task, draft.client_ref),
        )

    def _request(self, task: Task, draft: Draft) -> dict[str, Any]:
        said = write_draft(draft)
        if len(said.encode()) > MOST_SAID:
            raise TooLarge("the request says more than can be kept", "请求内容过大")
        request = {"account_id": task.account_id, "task_id": f"{task.task_id}#request", "draft": said}
        return {"TableName": self.tables.tasks, "Item": {name: pack(value) for name, value in request.items()}}

    def _claim(self, task: Task, idempotency: Idempotency | None) -> tuple[dict[str, Any], ...]:
        if idempotency is None:
            return ()
        now = task.charged_at // 1000
        row = {
            "lookup": _lookup(task.account_id, idempotency),
            "task_id": task.task_id,
            "fingerprint": idempotency.fingerprint,
            "ttl": now + IDEMPOTENCY_SECONDS,
        }
        claim = put_if_absent(self.tables.directory, {name: pack(value) for name, value in row.items()}, "lookup")
        expired = Expression()
        claim["Put"]["ConditionExpression"] += f" OR {expired.name('ttl')} <= {expired.value(now)}"
        return ({"Put": claim["Put"] | expired.arguments},)


def _lookup(account_id: str, idempotency: Idempotency) -> str:
    return f"idem#{account_id}#{idempotency.key}"


def _replay(row: dict[str, Any], idempotency: Idempotency) -> str:
    earlier = unpack(row)
    if earlier["fingerprint"] != idempotency.fingerprint:
        raise InvalidParameter("Idempotency-Key", "was used with a different request", "已用于不同的请求")
    task_id: str = earlier["task_id"]
    return task_id
