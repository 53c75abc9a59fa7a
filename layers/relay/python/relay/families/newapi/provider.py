"""How we speak to new-api aggregators: each of their APIs by its name."""

from __future__ import annotations

from relay.families.newapi.audio import provider as audio
from relay.families.newapi.generations import provider as generations
from relay.families.newapi.images import provider as images
from relay.families.newapi.inference.provider import INFERENCE
from relay.families.newapi.kling import provider as kling
from relay.families.newapi.midjourney import provider as midjourney
from relay.families.newapi.suno import provider as suno
from relay.families.newapi.video import provider as video
from relay.families.newapi.videos import provider as videos
from relay.families.newapi.words import FAMILY
from relay.families.provider import Provider
from relay.families.reading import as_id, as_object, parse
from relay.nouns.errors import BadInput, Forbidden
from relay.nouns.signing import verify_webhook
from relay.nouns.wire import Inbound


class NewapiProvider(Provider):
    family = FAMILY

    def read_event(self, inbound: Inbound, now: int, webhook_key: str) -> str | None:
        if not verify_webhook(webhook_key, inbound.headers, inbound.body, now):
            raise Forbidden("the event's signature is missing, wrong or stale", "事件签名无效")
        return videos.read_event(inbound.body)

    def read_callback(self, inbound: Inbound, now: int, webhook_key: str | None) -> str | None:
        document = parse(inbound.body)
        if document is None:
            raise BadInput("the body holds no JSON", "请求体不是有效的 JSON")
        said = as_object(document)
        return as_id(said.get("task_id")) or as_id(said.get("id"))


APIS = {
    "images": images.API,
    "images-async": images.TASKS,
    "audio": audio.API,
    "audio-async": audio.TASKS,
    "video": video.API,
    "videos": videos.API,
    "characters": videos.CHARACTER_API,
    "generations": generations.API,
    "kling": kling.API,
    "kling-direct": kling.DIRECT,
    "midjourney": midjourney.API,
    "suno": suno.API,
}
PROVIDER = NewapiProvider(APIS, INFERENCE)
