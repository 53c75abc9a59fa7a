"""KIE's Runway Aleph API as we call it."""

from __future__ import annotations

from relay.families.kie.aleph import words
from relay.families.kie.records import Wire, read_video
from relay.families.kie.write import chosen_options, filled
from relay.families.provider import Carries
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest


def _write(draft: Draft, source: Source) -> dict[str, object]:
    videos, references = draft.urls(MediaRole.VIDEO), draft.urls(MediaRole.REFERENCE)
    if len(videos) != 1:
        raise Unfit("video", "has to be one film, which is made over", "必须是一个视频")
    if len(references) > 1:
        raise Unfit("reference", "takes at most 1 for this model", "该模型最多 1 个")
    said = filled(
        referenceImage=draft.url(MediaRole.REFERENCE), aspectRatio=nearest(source.sizes, draft.ratio, draft.size)
    )
    return {"prompt": draft.prompt, "videoUrl": videos[0], **said, **chosen_options(draft, words.OPTIONS)}


WIRE = Wire(
    create=words.CREATE_PATH,
    query=words.QUERY_PATH,
    word_fields=("successFlag",),
    words=words.STATES,
    carries={Kind.VIDEO: Carries(("edit",), (MediaRole.VIDEO, MediaRole.REFERENCE), tuple(words.OPTIONS))},
    write=_write,
    read_assets=read_video("response", "resultVideoUrl", "resultImageUrl"),
    fails_running=True,
)
