"""What a request to the chat route asks for, in terms of the path for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from relay.families.reading import as_object, as_objects
from relay.families.sora2api import films, read
from relay.families.sora2api.chat import CREATE_CHARACTER
from relay.families.sora2api.words import MODELS
from relay.nouns.catalog import Catalog
from relay.nouns.draft import Draft, Kind
from relay.nouns.wire import Inbound, Json

Read = Callable[[Inbound, Catalog], Draft]


def request_of(asked: Mapping[str, Json]) -> tuple[Read, dict[str, Json]]:
    """The reader of that path, and the body for it. Only the last message counts."""
    messages = as_objects(asked.get("messages"))
    content = messages[-1].get("content") if messages else None
    parts = as_objects(content) if isinstance(content, list) else []
    text = content if isinstance(content, str) else next((each["text"] for each in parts if "text" in each), "")
    film = next((as_object(each["video_url"]).get("url") for each in parts if "video_url" in each), None)
    image = next((as_object(each["image_url"]).get("url") for each in parts if "image_url" in each), None)
    if asked.get("model") == CREATE_CHARACTER:
        return read.read_character, {"video": film}
    said = {
        "prompt": text,
        "model": asked.get("model"),
        "image": image,
        "remix_target_id": asked.get("remix_target_id"),
    }
    return _reader(said), {name: value for name, value in said.items() if value is not None}


def _reader(said: Mapping[str, Json]) -> Read:
    named = MODELS.get(str(said["model"]))
    if named and named.kind is Kind.IMAGE:
        return read.read_transformed_image if said["image"] else read.read_image
    if said["remix_target_id"]:
        return films.read_remix
    return films.read_transformed_video if said["image"] else films.read_video
