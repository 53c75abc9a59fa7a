"""KIE's Runway Aleph API as we call it."""

from __future__ import annotations

from dataclasses import replace

from relay.families.kie.aleph import words
from relay.families.kie.records import Wire, as_urls, pick
from relay.families.provider import Carries
from relay.families.reading import Record, as_object
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest
from relay.nouns.task import Asset, Role


def _write(draft: Draft, source: Source) -> dict[str, object]:
    videos, references = draft.urls(MediaRole.VIDEO), draft.urls(MediaRole.REFERENCE)
    if len(videos) != 1:
        raise Unfit("video", "has to be one film, which is made over", "必须是一个视频")
    if len(references) > 1:
        raise Unfit("reference", "takes at most 1 for this model", "该模型最多 1 个")
    wanted = {"referenceImage": references[0] if references else None}
    wanted["aspectRatio"] = nearest(source.sizes, draft.ratio, draft.size)
    said = {name: value for name, value in wanted.items() if value}
    chosen = {word: draft.options[name] for name, word in words.OPTIONS.items() if name in draft.options}
    return {"prompt": draft.prompt, "videoUrl": videos[0], **said, **chosen}


def _read_assets(record: Record) -> tuple[Asset, ...]:
    made = as_object(pick(record, "response"))
    video, cover = as_urls(pick(made, "resultVideoUrl")), as_urls(pick(made, "resultImageUrl"))
    return video + tuple(replace(each, role=Role.COVER) for each in cover) if video else ()


WIRE = Wire(
    create=words.CREATE_PATH,
    query=words.QUERY_PATH,
    word_fields=("successFlag",),
    words={str(flag): state for flag, state in words.STATES.items()},
    carries={Kind.VIDEO: Carries(("edit",), (MediaRole.VIDEO, MediaRole.REFERENCE), tuple(words.OPTIONS))},
    write=_write,
    read_assets=_read_assets,
    fails_running=True,
)
