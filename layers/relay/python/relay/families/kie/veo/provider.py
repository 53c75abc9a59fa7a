"""KIE's Veo API as we call it."""

from __future__ import annotations

from relay.families.kie.records import Wire, as_urls, pick
from relay.families.kie.veo import words
from relay.families.kie.veo.words import FRAMES, MOST_FRAMES, MOST_REFERENCES, REFERENCES, TEXT
from relay.families.kie.words import FLAGS
from relay.families.kie.write import IMAGES, check_extension, chosen_options, filled, images_of
from relay.families.provider import Carries
from relay.families.reading import Record, as_object
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Parent
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest
from relay.nouns.task import Asset

_EXTENDING = {model: word for word, model in words.EXTENDING.items()}


def _write(draft: Draft, source: Source) -> dict[str, object]:
    check_extension(draft)
    model, _, resolution = source.model.partition("@")
    if draft.parent:
        return _extension(draft, draft.parent, model)
    if "seed" in draft.options:
        raise Unfit("seed", "is not taken by this model", "该模型不支持")
    images, way = _images(draft)
    ratio = nearest(source.sizes, draft.ratio, draft.size)
    said = filled(imageUrls=images, aspect_ratio=ratio, duration=draft.duration, resolution=resolution)
    body = {"prompt": draft.prompt, "model": model or words.USUAL_MODEL, "generationType": way}
    return {**body, **said, **chosen_options(draft, words.OPTIONS)}


def _images(draft: Draft) -> tuple[list[str], str]:
    """The pictures, and what is made of them: two are the first and the last frame, more are what is to appear."""
    frames, references = draft.urls(*IMAGES), draft.urls(MediaRole.REFERENCE)
    if frames and references:
        raise Unfit("reference", "cannot go with a first frame", "不能与首帧同时使用")
    images = images_of(draft, MOST_REFERENCES, (*IMAGES, MediaRole.REFERENCE))
    if references or len(frames) > MOST_FRAMES:
        return images, REFERENCES
    return frames, FRAMES if frames else TEXT


def _extension(draft: Draft, parent: Parent, model: str) -> dict[str, object]:
    body: dict[str, object] = {"taskId": parent.upstream_task_id, "prompt": draft.prompt}
    if "seed" in draft.options:
        body["seeds"] = draft.options["seed"]
    return body | {"model": _EXTENDING.get(model, "fast")}


def _read_assets(record: Record) -> tuple[Asset, ...]:
    # older answers have the list beside the flag, and as a JSON string
    response = as_object(pick(record, "response"))
    return as_urls(pick(response, "resultUrls") or pick(record, "resultUrls"))


WIRE = Wire(
    create=words.CREATE_PATH,
    extend=words.EXTEND_PATH,
    query=words.QUERY_PATH,
    word_fields=("successFlag",),
    words=FLAGS,
    carries={
        Kind.VIDEO: Carries(
            ("text2video", "image2video", "extend"),
            (*IMAGES, MediaRole.REFERENCE),
            ("seed", *words.OPTIONS),
            parent=True,
        )
    },
    write=_write,
    read_assets=_read_assets,
)
