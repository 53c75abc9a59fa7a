"""Which upstreams not to ask for now: they refused our key, could not be reached, or have no intake slot free."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from relay.effects.outbound import NotSent
from relay.flow.quoting import quote_for_request
from relay.flow.services import Services
from relay.nouns.draft import Draft
from relay.nouns.errors import Refused
from relay.nouns.task import Task

KEY_REST_MS = 300_000  # an upstream that refused our key is not asked for so long
FAULT_REST_MS = 10_000  # the same where it could not be reached

logger = Logger(child=True)


class OurFault(Refused):
    """An error on our side before anything was sent: the upstream is not marked as failing; the log has the error."""


def busy_for(services: Services, upstream: str) -> float:
    """Seconds until the upstream can be asked. 0.0 also means that an intake slot was taken for this request."""
    return rest_left(services, upstream) or _take_slot(services, upstream)


def rest_left(services: Services, upstream: str) -> float:
    """Seconds for which this container does not ask the upstream."""
    return max(0, services.resting.get(upstream, 0) - services.clock()) / 1000


def refuses_key(services: Services, upstream: str) -> bool:
    """Whether it is not asked because it refused our key: an operator must act, so tasks do not wait for it."""
    return rest_left(services, upstream) > FAULT_REST_MS / 1000


def rest(services: Services, upstream: str, *, key: bool) -> None:
    """Do not ask the upstream for a while: it refused our `key`, or could not be reached."""
    services.resting[upstream] = services.clock() + (KEY_REST_MS if key else FAULT_REST_MS)


def _take_slot(services: Services, upstream: str) -> float:
    intake = services.catalog.upstreams[upstream].intake
    return services.store.directory.take_slot(upstream, intake, services.clock()) if intake else 0.0


def note_refusal(services: Services, task: Task, draft: Draft, upstream: str, refusal: Refused) -> None:
    """Count and log a refusal; where it concerns all requests (key, connection), do not ask again for a while."""
    if isinstance(refusal, OurFault):
        return
    unreachable = isinstance(refusal.__cause__, NotSent)
    if refusal.key or unreachable:
        rest(services, upstream, key=refusal.key)
    services.count("UpstreamKeyRefused" if refusal.key else "UpstreamRefused", upstream=upstream)
    code = quote_for_request(draft, refusal.upstream_code or type(refusal.__cause__ or refusal).__name__)
    words = quote_for_request(draft, refusal.words or refusal.message)
    logger.warning("upstream refused", **task.log_keys, upstream=upstream, code=code, words=words)
