"""How we speak to KIE AI: its APIs under one envelope, each described by its own table."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from relay.families.kie.aleph import provider as aleph
from relay.families.kie.answers import bare_refusal, find_id, knows, read_envelope, refusal
from relay.families.kie.flux import provider as flux
from relay.families.kie.gpt4o import provider as gpt4o
from relay.families.kie.market import provider as market
from relay.families.kie.records import Wire, read_record
from relay.families.kie.runway import provider as runway
from relay.families.kie.suno import provider as suno
from relay.families.kie.veo import provider as veo
from relay.families.provider import Api, Job, Order, Provider
from relay.families.reading import parse
from relay.nouns.errors import BadInput, Forbidden, UnknownOutcome, Unreadable
from relay.nouns.faults import Fault
from relay.nouns.signing import verify_id
from relay.nouns.task import TERMINAL, Observation, State
from relay.nouns.wire import Answer, Call, Inbound

WIRES = {
    "gpt4o-image": gpt4o.WIRE,
    "market": market.WIRE,
    "veo": veo.WIRE,
    "suno": suno.WIRE,
    "runway": runway.WIRE,
    "aleph": aleph.WIRE,
    "flux-kontext": flux.WIRE,
}


def _write_submit(wire: Wire, order: Order) -> Call:
    body = wire.write(order.draft, order.source)
    if order.callback_url:
        body["callBackUrl"] = order.callback_url
    return Call.json("POST", wire.extend if order.draft.parent else wire.create, body)


def _read_submit(answer: Answer, _: Order) -> Observation:
    # the envelope's code decides, not the HTTP status: KIE says 200 to almost everything
    envelope = read_envelope(answer.body)
    if envelope is None:
        if 400 <= answer.status < 500:
            raise bare_refusal(answer.status)
        raise UnknownOutcome(f"the upstream answered HTTP {answer.status} and nothing readable")
    if envelope.code == 200:
        if task_id := find_id({"data": envelope.data}):
            return Observation(State.QUEUED, task_id)
        raise UnknownOutcome("the upstream accepted the job and gave it no id")
    if envelope.code >= 500 and not envelope.message and not knows(envelope.code):
        raise UnknownOutcome(f"the upstream answered code {envelope.code} and said nothing")
    raise refusal(envelope.code, envelope.message)


def _write_query(wire: Wire, job: Job) -> Call:
    return Call("GET", f"{wire.query}?taskId={quote(job.upstream_task_id, safe='')}")


def _read_query(wire: Wire, answer: Answer) -> Observation:
    envelope = read_envelope(answer.body)
    # 5xx and 429 speak of the query, not of the job, whatever their body says
    if envelope is None or answer.status == 429 or answer.status >= 500:
        raise Unreadable(f"the upstream answered HTTP {answer.status}")
    if envelope.code == 408:  # KIE gave up after ten silent minutes; the job will not come back
        fault = Fault("TASK_TIMEOUT", envelope.message, "408")
        return Observation(State.TIMEOUT, find_id({"data": envelope.data}), fault=fault)
    seen = read_record(wire, envelope.data) if isinstance(envelope.data, dict) else None
    if seen is None or (envelope.code != 200 and (seen.state not in TERMINAL or seen.fault is None)):
        raise Unreadable(f"the upstream answered code {envelope.code}")  # its words may repeat the prompt
    return seen


class KieProvider(Provider):
    family = "kie"
    signs_callbacks = True

    def read_callback(self, inbound: Inbound, now: int, webhook_key: str | None) -> str | None:
        task_id = find_id(parse(inbound.body))
        if task_id is None:
            raise BadInput("the callback names no task", "回调缺少任务编号")
        if webhook_key is not None and not (webhook_key and _signed(inbound, webhook_key, task_id, now)):
            raise Forbidden("the callback's signature is missing, wrong or stale", "回调签名无效")
        return task_id


def _signed(inbound: Inbound, key: str, task_id: str, now: int) -> bool:
    timestamp = inbound.headers.get("x-webhook-timestamp", "")
    signature = inbound.headers.get("x-webhook-signature", "")
    return signature.isascii() and verify_id(key, task_id, timestamp, signature, now)


def _api(wire: Wire) -> Api:
    query = partial(_write_query, wire), partial(_read_query, wire)
    return Api(partial(_write_submit, wire), _read_submit, *query, carries=wire.carries)


PROVIDER = KieProvider({name: _api(wire) for name, wire in WIRES.items()})
