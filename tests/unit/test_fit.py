"""What is charged is what is sent: each source's own call is written, and read again for what it orders."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.catalog.file import shipped
from relay.families import provider
from relay.families.forms import is_form, read_form
from relay.families.provider import Order
from relay.flow.fit import Fit, as_charged, fit
from relay.nouns.catalog import Model
from relay.nouns.draft import Draft, Kind, MediaRole, Medium, Parent
from relay.nouns.errors import InvalidParameter, Unsupported
from relay.nouns.wire import Inbound
from tests.axes import table

CATALOG = shipped()
SOLD = [
    (dialect, platform, kind, model)
    for dialect, menu in CATALOG.menus.items()
    for platform, offers in menu.items()
    for kind, offer in offers.items()
    for model in offer.models.values()
]
BOTH = frozenset({"kie", "aistudio"})
VIDEO = Draft("aistudio", "kling", Kind.VIDEO, "kling-3.0", prompt="a kite", action="text2video", duration=1)
IMAGE = Draft("aistudio", "grok", Kind.IMAGE, "grok-imagine", prompt="a kite", count=3)
PICTURE = (Medium(MediaRole.IMAGE, "https://files.example/a.png", "image_url"),)
SIZES = ("1:1", "16:9", "9:16", "21:9", "1024x1024", "640x4096", None)


def ordered(way: Fit) -> tuple[int, int]:
    """How many results, and of how many seconds, the upstream is told to make."""
    family = CATALOG.upstreams[way.source.upstream].family
    call = provider(family).apis[way.source.api].first_step(Order(way.draft, way.source)).call
    sent = Inbound(call.method, call.url, call.headers, body=call.body)
    body: Any = read_form(sent).document if is_form(sent) else json.loads(call.body)
    body = body.get("input", body)
    named = re.search(r"-([0-9]+)s$", str(body.get("model")))  # Sora2API's clients say the length with the model
    seconds = body.get("duration") or body.get("seconds") or (named[1] if named else 0)
    return int(body.get("nVariants") or body.get("count") or body.get("n") or 1), int(seconds)


def price_of(model: Model, count: int, seconds: int) -> int:
    return model.price * {"call": 1, "image": count, "second": seconds}[model.per]


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """A request for anything that is sold, of any number, length and shape a dialect lets through, and more."""
    family, platform, kind, model = draw(st.sampled_from(SOLD))
    draft = Draft(family, platform, kind, model.name, prompt="a kite", size=draw(st.sampled_from(SIZES)))
    draft = replace(draft, media=PICTURE * draw(st.integers(0, 6)))
    if kind is Kind.VIDEO:
        return replace(draft, duration=draw(st.none() | st.integers(1, 60)), action="text2video")
    return replace(draft, count=draw(st.integers(1, 10))) if kind is Kind.IMAGE else draft


@settings(max_examples=400)
@given(asked=drafts(), on=st.sampled_from([BOTH, frozenset({"kie"}), frozenset({"aistudio"}), frozenset[str]()]))
def test_the_price_is_that_of_what_is_sent(asked: Draft, on: frozenset[str]) -> None:
    model = CATALOG.models[asked.model]
    try:
        ways = fit(CATALOG, asked, on)
    except (InvalidParameter, Unsupported):
        return  # nothing is charged
    for way in ways:
        count, seconds = ordered(way)
        assert way.source.upstream in on
        assert way.price == price_of(model, count, seconds)
        assert count == asked.count
        assert seconds >= (asked.duration or 0)
    assert ways[0].price == min(way.price for way in ways)
    tried = list(as_charged(CATALOG, ways[0].draft))
    assert ways[0].source in tried
    assert {price_of(model, *ordered(Fit(source, ways[0].draft, 0))) for source in tried} == {ways[0].price}


def test_a_length_is_rounded_up_to_one_that_is_made() -> None:
    (way,) = fit(CATALOG, VIDEO, {"kie"})

    assert (way.draft.duration, way.price) == (3, 3 * 600_000_000)


def test_whoever_makes_it_as_asked_for_less_is_taken_first() -> None:
    ways = fit(CATALOG, VIDEO, BOTH)

    assert [(way.source.upstream, way.draft.duration) for way in ways] == [("aistudio", 1), ("kie", 3)]


def test_of_equal_prices_the_catalogs_priority_decides() -> None:
    ways = fit(CATALOG, replace(VIDEO, duration=5), BOTH)

    assert [way.source.upstream for way in ways] == ["kie", "aistudio"]


def test_a_draft_that_was_rounded_is_not_sent_where_it_would_be_made_shorter_or_longer() -> None:
    assert [source.upstream for source in as_charged(CATALOG, VIDEO)] == ["aistudio"]
    assert {source.upstream for source in as_charged(CATALOG, replace(VIDEO, duration=3))} == BOTH


@table(
    "draft, says",
    [
        (IMAGE, "count must be one of: 1"),
        (replace(VIDEO, duration=16), "duration must be one of: 3-15"),
        (replace(VIDEO, media=PICTURE * 3), "image_url takes at most 2 for this model"),
        (
            replace(IMAGE, count=1, media=(Medium(MediaRole.MASK, "https://files.example/a.png", "mask_url"),)),
            "mask_url is not taken by this model",
        ),
        (
            replace(
                VIDEO, action="extend", media=(Medium(MediaRole.VIDEO, "https://files.example/a.mp4", "video_url"),)
            ),
            "action extend is not offered for this model",
        ),
        (
            Draft("kie", "gpt4o-image", Kind.IMAGE, "gpt4o-image", count=3, fields={"count": "nVariants"}),
            "nVariants must be one of: 1-2, 4",
        ),
    ],
)
def test_what_nobody_carries_is_refused_with_the_clients_field_and_what_would_do(draft: Draft, says: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^{says}$") as caught:
        fit(CATALOG, draft, {"kie"})
    assert caught.value.field == says.split(maxsplit=1)[0]


MADE = Parent("t1", upstream="aistudio", label="kling", upstream_task_id="up-1")


def test_a_video_is_continued_where_it_was_made() -> None:
    (way,) = fit(CATALOG, replace(VIDEO, action="extend", parent=MADE), BOTH)

    assert (way.source.upstream, way.source.label) == ("aistudio", "kling")


@pytest.mark.parametrize("made", [{"upstream": "kie"}, {"api": "another"}, {"label": "hailuo"}])
def test_a_video_is_only_continued_where_it_was_made(made: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter) as caught:
        fit(CATALOG, replace(VIDEO, model="kling-v1", action="extend", parent=replace(MADE, **made)), BOTH)
    assert caught.value.field == "task_id"


@table("sold", SOLD)
def test_where_all_upstreams_are_off_nothing_is_sold(sold: tuple[str, str, Kind, Model]) -> None:
    family, platform, kind, model = sold
    with pytest.raises(Unsupported):
        fit(CATALOG, Draft(family, platform, kind, model.name, prompt="a kite"), frozenset())
