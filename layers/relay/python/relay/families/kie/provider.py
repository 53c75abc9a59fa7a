"""Owns how we speak to KIE AI: four APIs under one envelope, each described by its own table."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from relay.families.kie import gpt4o, market, suno, veo
from relay.families.kie.answers import bare_refusal, find_id, knows, parse, read_envelope, refusal
from relay.families.kie.records import Api, read_record
from relay.families.provider import Provider
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft
from relay.nouns.errors import BadInput, Forbidden, Unfit, UnknownOutcome, Unreadable
from relay.nouns.faults import Fault
from relay.nouns.signing import verify_kie
from relay.nouns.task import TERMINAL, Observation, State
from relay.nouns.wire import Answer, Call, Inbound

APIS: Mapping[str, Api] = {"gpt4o-image": gpt4o.API, "market": market.API, "veo": veo.API, "suno": suno.API}


class KieProvider(Provider):
    family = "kie"

    def write_submit(self, draft: Draft, source: Source, callback_url: str | None) -> Call:
        """Raises Unfit for what this API cannot carry whole: half of it would be billed in full."""
        if draft.parent or draft.video_url or draft.action == "extend":
            raise Unfit("action", "extend is not offered for this model", "该模型不支持 extend")
        api = APIS[source.api]
        body = api.write(draft, source)
        if callback_url:
            body["callBackUrl"] = callback_url
        return Call.json("POST", self._url(api.create), body, self._headers())

    def read_submit(self, answer: Answer, api: str) -> Observation:
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

    def write_query(self, upstream_task_id: str, api: str, platform: str) -> Call:
        url = f"{self._url(APIS[api].query)}?taskId={quote(upstream_task_id, safe='')}"
        return Call("GET", url, self._headers(), repeatable=True)

    def read_query(self, answer: Answer, api: str) -> Observation:
        envelope = read_envelope(answer.body)
        # 5xx and 429 speak of the query, not of the job, whatever their body says
        if envelope is None or answer.status == 429 or answer.status >= 500:
            raise Unreadable(f"the upstream answered HTTP {answer.status}")
        if envelope.code == 408:  # KIE gave up after ten silent minutes; the job will not come back
            fault = Fault("TASK_TIMEOUT", envelope.message, "408")
            return Observation(State.TIMEOUT, find_id({"data": envelope.data}), fault=fault)
        seen = read_record(APIS[api], envelope.data) if isinstance(envelope.data, dict) else None
        if seen is None or (envelope.code != 200 and (seen.state not in TERMINAL or seen.fault is None)):
            raise Unreadable(f"the upstream answered code {envelope.code}")  # its words may repeat the prompt
        return seen

    def read_callback(self, inbound: Inbound, now: int) -> str | None:
        document = parse(inbound.body)
        task_id = find_id(document)
        if task_id is None:
            raise BadInput("the callback names no task", "回调缺少任务编号")
        key = self.account.webhook_key
        if key is not None and not (key and _signed(inbound, key, task_id, now)):
            raise Forbidden("the callback's signature is missing, wrong or stale", "回调签名无效")
        return task_id

    def _url(self, path: str) -> str:
        return self.account.base_url.rstrip("/") + path

    def _headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self.account.key}"}


def _signed(inbound: Inbound, key: str, task_id: str, now: int) -> bool:
    timestamp = inbound.headers.get("x-webhook-timestamp", "")
    signature = inbound.headers.get("x-webhook-signature", "")
    return signature.isascii() and verify_kie(key, task_id, timestamp, signature, now)


PROVIDER = KieProvider
