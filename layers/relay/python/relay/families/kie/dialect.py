"""How KIE's clients speak to us: the routes of its APIs, joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from relay.families.dialect import Dialect, Told
from relay.families.kie import account, files, replies
from relay.families.kie.aleph import dialect as aleph
from relay.families.kie.flux import dialect as flux
from relay.families.kie.gpt4o import dialect as gpt4o
from relay.families.kie.market import dialect as market
from relay.families.kie.runway import dialect as runway
from relay.families.kie.suno import dialect as suno
from relay.families.kie.veo import dialect as veo
from relay.families.kie.words import FAMILY, LANGUAGE
from relay.families.uses import Record
from relay.nouns.errors import RelayError
from relay.nouns.signing import sign_id
from relay.nouns.task import Task
from relay.nouns.wire import Reply

# How each API tells of a task's end, by its platform word.
CALLBACKS: Mapping[str, Callable[[Told[Record]], bytes]] = {
    **gpt4o.CALLBACKS,
    **market.CALLBACKS,
    **veo.CALLBACKS,
    **suno.CALLBACKS,
    **runway.CALLBACKS,
    **aleph.CALLBACKS,
    **flux.CALLBACKS,
}


class KieDialect(Dialect):
    family = FAMILY
    language = LANGUAGE
    routes = (
        *account.ROUTES,
        *files.ROUTES,
        *gpt4o.ROUTES,
        *market.ROUTES,
        *veo.ROUTES,
        *suno.ROUTES,
        *runway.ROUTES,
        *aleph.ROUTES,
        *flux.ROUTES,
    )

    def write_error(self, error: RelayError, trace_id: str) -> Reply:
        return replies.write_error(error, trace_id)

    def write_callback(self, told: Told[Record]) -> bytes:
        return CALLBACKS[told.found.task.platform](told)

    def sign_callback(self, task: Task, secret: str, now: int) -> Mapping[str, str]:
        return {"x-webhook-timestamp": str(now), "x-webhook-signature": sign_id(secret, task.task_id, now)}


DIALECT = KieDialect()
