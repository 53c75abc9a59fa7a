"""What all of the family's servers take of a request, and what they call the model that makes it."""

from __future__ import annotations

from relay.families.provider import Carries, Order
from relay.families.sora2api.words import LANDSCAPE, MODELS, NAMES, PORTRAIT, TIERS
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.errors import Unfit
from relay.nouns.shapes import nearest

_SQUARE = MODELS["gpt-image"].shape
_PIXELS = tuple(named.shape for named in MODELS.values() if named.kind is Kind.IMAGE)
# What pictures and films are made of, whichever way they are asked for.
CARRIES = {
    Kind.IMAGE: Carries(media=(MediaRole.IMAGE,)),
    Kind.VIDEO: Carries(
        ("text2video", "image2video", "remix", "storyboard"),
        (MediaRole.IMAGE, MediaRole.FIRST_FRAME),
        ("style", "remix_target"),
    ),
}


def write_model(order: Order) -> str:
    """The model's name with the shape and the length in it; the source says which tier. Raises Unfit."""
    draft, model = order.draft, order.source.model
    if draft.kind is Kind.IMAGE:
        shape = nearest(_PIXELS, draft.size, draft.ratio) or _SQUARE
        return NAMES.get((model, shape, 0), model)
    ratio = nearest((LANDSCAPE, PORTRAIT), draft.ratio, draft.size) or LANDSCAPE
    lengths = TIERS[model].seconds if model in TIERS else ()
    seconds = next((each for each in lengths if each >= (draft.duration or 0)), None)
    if seconds is None:
        raise Unfit("duration", "is longer than any film made", "超过可生成的最长时长", lengths)
    return NAMES[model, ratio, seconds]


def film_of(draft: Draft) -> str:
    """The film that shows a character. Raises Unfit."""
    films = draft.urls(MediaRole.VIDEO)
    if len(films) != 1:
        raise Unfit(MediaRole.VIDEO, "must be one film", "必须是一个视频")
    return films[0]


def check_picture(draft: Draft) -> None:
    """Raises Unfit."""
    if len(draft.media) > 1:
        raise Unfit(draft.media[1].role, "takes at most 1 for this model", "该模型最多 1 个")


def check_film(draft: Draft) -> None:
    """Raises Unfit for what no one film can be."""
    check_picture(draft)
    if draft.media and draft.action in ("text2video", "remix"):
        raise Unfit(draft.media[0].role, f"is not for {draft.action}", f"不用于 {draft.action}")
    if draft.action == "image2video" and not draft.media:
        raise Unfit("image", "is needed by this action", "该操作需要图片")
    if (draft.action == "remix") != ("remix_target" in draft.options):
        raise Unfit("remix_target", "goes with a remix, and a remix with it", "与 remix 必须同时提供")
