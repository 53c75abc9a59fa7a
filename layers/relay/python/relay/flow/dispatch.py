"""The dispatch desk: hand a pending task to an upstream, at most once."""

from __future__ import annotations

import random
from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.catalog import Route
from relay.errors import Refused, UnknownOutcome
from relay.faults import Fault
from relay.flow.clock import wake
from relay.flow.house import House
from relay.flow.inputs import for_upstream
from relay.flow.observe import bind_job, observe
from relay.outbound import EgressRefused, NoAnswer, NotSent
from relay.providers import Provider
from relay.signing import callback_token
from relay.task import GRACE, Draft, Observation, State, Task

SEND_SECONDS = 20.0  # an upstream's time to answer a submission
LEASE = 90_000  # ms a claim may be on the wire: more than this function's own timeout
ROUNDS = 3  # times all upstreams may refuse a task before it fails, 2 s apart and doubling
ROUND_PAUSE = 2.0
KEY_REST = 300_000  # ms to leave an upstream alone that does not take our key
NOT_ITS_JOB = Fault("API_ERROR", "the upstream answered with the job of another task; the charge was returned")
FAULT_REST = 10_000  # ms to leave one alone that could not be reached

logger = Logger(child=True)


def dispatch(house: House, account_id: str, task_id: str) -> None:
    """Submit a task to the first upstream on its route that takes it.

    A certain refusal goes to the next; an unknown outcome goes nowhere: the job may exist and be billed.
    A message for a task that is already on its way, or gone, does nothing.
    """
    found = house.store.tasks.with_request(account_id, task_id)
    if found is None:
        logger.error("dispatch of an unknown task", task_id=task_id)
        return
    task, draft = found
    if task.state not in (State.PENDING, State.SUBMITTING) or task.sending or house.clock() >= task.expires_at:
        return
    sent: Draft | None = None
    last: Refused | None = None
    wait: float | None = None
    for route in _routes(house, task, draft):
        translator = house.provider(route.upstream)
        if translator is None or _refuses_key(house, route.upstream):
            continue
        busy = _rest_left(house, route.upstream) or _seat(house, route.upstream)
        if busy:
            wait = _sooner(wait, busy)
            continue
        try:
            sent = sent or for_upstream(house, draft)  # before the claim: who dies in a download has sent nothing
            claimed = _claim(house, task, route)
            if claimed is None:
                return  # somebody else dispatches it
            task = claimed
            _send(house, task, sent, route, translator)
        except Refused as refusal:
            last = refusal
            _rest(house, route.upstream, refusal)
            if not refusal.elsewhere:
                break
            wait = _sooner(wait, refusal.wait)
        else:
            return
    _handed_back(house, task, last, wait)


def _routes(house: House, task: Task, draft: Draft) -> list[Route]:
    """The ways to make it, in the order to try: by priority, and among equals by a draw weighted by `weight`."""
    routes = house.catalog.model(task.platform, task.kind, task.model).routes
    usable = [route for route in routes if draft.pin in (None, route.upstream)]
    return sorted(usable, key=lambda route: (route.priority, random.random() ** (1 / route.weight) * -1))  # noqa: S311


def _rest_left(house: House, upstream: str) -> float:
    """Seconds an upstream is still to be left alone."""
    return max(0, house.resting.get(upstream, 0) - house.clock()) / 1000


def _refuses_key(house: House, upstream: str) -> bool:
    """Whether it rests because of our key: that is not soon mended, so waiting for it is no use to anybody."""
    return _rest_left(house, upstream) > FAULT_REST / 1000


def _sooner(wait: float | None, other: float | None) -> float | None:
    return min((each for each in (wait, other) if each is not None), default=None)


def _seat(house: House, upstream: str) -> float:
    intake = house.catalog.upstreams[upstream].intake
    return house.store.directory.take_seat(upstream, intake, house.clock()) if intake else 0.0


def _claim(house: House, task: Task, route: Route) -> Task | None:
    """The task marked as on the wire to this upstream, or None where another worker has it."""
    after = replace(
        task,
        state=State.SUBMITTING,
        sending=True,
        upstream=route.upstream,
        api=route.api,
        due_at=min(house.clock() + LEASE, task.expires_at),
        version=task.version + 1,
    )
    return after if house.store.tasks.save(task, after) else None


def _send(house: House, task: Task, draft: Draft, route: Route, translator: Provider) -> None:
    """Submit and commit what came of it. Raises Refused, and only then is the upstream free of this task."""
    upstream = house.catalog.upstreams[route.upstream]
    call = translator.write_submit(draft, route, _callback_url(house, task) if upstream.callbacks else None)
    try:
        answer = house.http.send(replace(call, timeout=SEND_SECONDS))
        seen = translator.read_submit(answer, route.api)
    except (NotSent, EgressRefused) as error:
        raise Refused(f"{route.upstream} cannot be reached", elsewhere=True) from error
    except (NoAnswer, UnknownOutcome) as error:
        _hold(house, task, error)
        return
    due_at = house.clock() + int(upstream.poll.delay(0) * 1000)
    after = observe(house, task, seen, "submit", due_at)
    # after the commit: a crash in between leaves a job without its row, not a submission without its answer
    if upstream.callbacks and not after.terminal and not bind_job(house, after, seen):
        after = observe(house, after, Observation(State.FAILED, fault=NOT_ITS_JOB), "submit")
    if not after.terminal:
        wake(house, [after])


def _callback_url(house: House, task: Task) -> str:
    secret = house.secrets.need("callback-secret").encode()
    token = callback_token(secret, task.upstream or "", task.account_id, task.task_id)
    return f"{house.public_url}/callbacks/{task.upstream}/{task.account_id}.{task.task_id}/{token}"


def _hold(house: House, task: Task, error: Exception) -> None:
    """Keep the money and wait: a callback may still adopt the job; otherwise the deadline ends the task."""
    house.count("UnknownOutcome")
    logger.warning("unknown outcome", task_id=task.task_id, upstream=task.upstream, reason=str(error)[:200])
    house.store.tasks.save(task, replace(task, due_at=task.expires_at, version=task.version + 1))


def _rest(house: House, upstream: str, refusal: Refused) -> None:
    unreachable = isinstance(refusal.__cause__, NotSent)
    if refusal.key or unreachable:
        house.resting[upstream] = house.clock() + (KEY_REST if refusal.key else FAULT_REST)
    house.count("UpstreamKeyRefused" if refusal.key else "UpstreamRefused")
    # not its words: they may repeat the prompt
    why = refusal.upstream_code or type(refusal.__cause__ or refusal).__name__
    logger.warning("upstream refused", upstream=upstream, code=why)


def _handed_back(house: House, task: Task, last: Refused | None, wait: float | None) -> None:
    """No upstream took it: come back later, or fail it and return the money.

    Where one said when to come back, or had no seat free, waiting may last until the deadline; otherwise
    it is tried for a few rounds.
    """
    final, tries = last is not None and not last.elsewhere, task.tries
    if not final and wait is None and tries + 1 < ROUNDS:
        wait, tries = ROUND_PAUSE * 2**tries, tries + 1
    if final or wait is None:
        code = last.task_code if last else "API_ERROR"
        fault = Fault(code, last.words if last else "", last.upstream_code if last else "")
        observe(house, task, Observation(State.FAILED, fault=fault), "submit")
        return
    due_at = min(house.clock() + int(wait * 1000) + GRACE, task.expires_at)
    after = replace(task, sending=False, tries=tries, due_at=due_at, version=task.version + 1)
    if house.store.tasks.save(task, after):
        house.queues.dispatch(task.account_id, task.task_id, wait)
