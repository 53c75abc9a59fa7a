"""KIE's Runway API as we call it."""

from __future__ import annotations

from dataclasses import replace

from relay.families.kie.records import IMAGES, Wire, as_urls, at_most, pick
from relay.families.kie.runway import words
from relay.families.provider import Carries
from relay.families.reading import Record, as_object
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest
from relay.nouns.task import Asset, Role


def _write(draft: Draft, source: Source) -> dict[str, object]:
    quality = source.model.partition("@")[2] or words.USUAL_QUALITY
    images = draft.urls(*IMAGES)
    body: dict[str, object] = {"prompt": draft.prompt, "quality": quality}
    if draft.parent:
        if images:
            raise Unfit(draft.media[0].role, "is not taken where a video is extended", "延长视频时不支持")
        return body | {"taskId": draft.parent.upstream_task_id}
    if draft.action == "extend":
        raise Unfit("action", "must be a video that was made here", "必须是在此生成的视频")
    if len(images) > 1:
        raise at_most(1)
    ratio = nearest(source.sizes, draft.ratio, draft.size)
    wanted = {"duration": draft.duration, "aspectRatio": ratio, "imageUrl": images[0] if images else None}
    return body | {name: value for name, value in wanted.items() if value}


def _read_assets(record: Record) -> tuple[Asset, ...]:
    made = as_object(pick(record, "videoInfo"))
    video, cover = as_urls(pick(made, "videoUrl")), as_urls(pick(made, "imageUrl"))
    return video + tuple(replace(each, role=Role.COVER) for each in cover) if video else ()


WIRE = Wire(
    create=words.CREATE_PATH,
    extend=words.EXTEND_PATH,
    query=words.QUERY_PATH,
    word_fields=("state",),
    words={word.upper(): state for word, state in words.STATES.items()},
    carries={Kind.VIDEO: Carries(("text2video", "image2video", "extend"), IMAGES, parent=True)},
    write=_write,
    read_assets=_read_assets,
)
