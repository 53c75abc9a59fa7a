"""KIE's Runway API as we call it."""

from __future__ import annotations

from relay.families.kie.records import Wire, read_video
from relay.families.kie.runway import words
from relay.families.kie.write import IMAGES, check_extension, filled, image_of
from relay.families.provider import Carries
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.shapes import nearest


def _write(draft: Draft, source: Source) -> dict[str, object]:
    check_extension(draft)
    quality = source.model.partition("@")[2] or words.USUAL_QUALITY
    body = {"prompt": draft.prompt, "quality": quality}
    if draft.parent:
        return {**body, "taskId": draft.parent.upstream_task_id}
    ratio = nearest(source.sizes, draft.ratio, draft.size)
    return body | filled(duration=draft.duration, aspectRatio=ratio, imageUrl=image_of(draft))


WIRE = Wire(
    create=words.CREATE_PATH,
    extend=words.EXTEND_PATH,
    query=words.QUERY_PATH,
    word_fields=("state",),
    words={word.upper(): state for word, state in words.STATES.items()},
    carries={Kind.VIDEO: Carries(("text2video", "image2video", "extend"), IMAGES, parent=True)},
    write=_write,
    read_assets=read_video("videoInfo", "videoUrl", "imageUrl"),
)
