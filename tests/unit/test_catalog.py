"""The catalog: what the shipped file sells, and how prices and polls are reckoned."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from importlib.resources import files

import pytest

from relay.catalog import Catalog, Model, Poll, load
from relay.dialects.relay.words import PLATFORMS
from relay.errors import InvalidParameter, NotFound, Unsupported
from relay.providers import FAMILIES
from relay.task import Draft, Kind

TEXT = (files("relay") / "catalog.toml").read_text("utf-8")
CATALOG = load(TEXT)
IMAGE, VIDEO, MUSIC = Kind.IMAGE, Kind.VIDEO, Kind.MUSIC

# Platform API reference, platforms and capability matrix.
MATRIX = {
    "grok": {IMAGE},
    "dreamina": {IMAGE, VIDEO},
    "kling": {IMAGE, VIDEO},
    "lovart": {IMAGE},
    "krea": {IMAGE, VIDEO},
    "sora": {VIDEO},
    "hailuo": {VIDEO},
    "higgsfield": {VIDEO},
    "heygen": {VIDEO},
    "suno": {MUSIC},
}
MODELS = [
    pytest.param(model, id=f"{platform.name}-{kind}-{model.name}")
    for platform in CATALOG.platforms.values()
    for kind, offer in platform.offers.items()
    for model in offer.models.values()
]
SMALL = """
currency = "CNY"
usd = "7.20"
utc_offset = 8
[deadlines]
image = 900
[tiers]
[upstreams]
[platforms.p]
family = "relay"
[platforms.p.image]
default = "m"
[platforms.p.image.models.m]
price = "0.20"
per = "image"
routes = []
"""


def draft(**changes: object) -> Draft:
    return replace(Draft("relay", "kling", VIDEO, "m"), **changes)  # type: ignore[arg-type]


def test_the_shipped_platforms_are_those_of_the_reference() -> None:
    assert {name for name, platform in CATALOG.platforms.items() if platform.family == "relay"} == set(MATRIX)


def test_the_dialect_knows_every_platform_it_sells() -> None:
    assert set(MATRIX) == PLATFORMS


@pytest.mark.parametrize("platform", MATRIX)
def test_a_platform_sells_the_kinds_of_the_matrix(platform: str) -> None:
    assert set(CATALOG.platforms[platform].offers) == MATRIX[platform]


@pytest.mark.parametrize("platform", [name for name, kinds in MATRIX.items() if VIDEO in kinds])
def test_every_video_platform_has_the_three_actions(platform: str) -> None:
    assert CATALOG.offer("relay", platform, VIDEO).actions == ("text2video", "image2video", "extend")


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_made_by_an_upstream_we_know(model: Model) -> None:
    assert model.routes
    assert {route.upstream for route in model.routes} <= set(CATALOG.upstreams)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_costs_something(model: Model) -> None:
    assert model.cost(draft()) > 0


@pytest.mark.parametrize("name", CATALOG.platforms)
def test_every_default_is_sold(name: str) -> None:
    for kind, offer in CATALOG.platforms[name].offers.items():
        assert CATALOG.model(name, kind, None).name == offer.default


def test_every_upstream_is_of_a_family_we_speak() -> None:
    assert {upstream.family for upstream in CATALOG.upstreams.values()} <= set(FAMILIES)


def test_every_kind_has_a_deadline() -> None:
    assert set(CATALOG.deadlines) == set(Kind)


def test_tiers_grow_with_their_level() -> None:
    limits = [(tier.per_minute, tier.per_day, tier.in_flight) for _, tier in sorted(CATALOG.tiers.items())]
    assert limits == sorted(limits)


@pytest.mark.parametrize(("family", "platform"), [("relay", "nope"), ("relay", ""), ("kie", "kling")])
def test_a_platform_the_family_does_not_sell_is_not_found(family: str, platform: str) -> None:
    with pytest.raises(NotFound):
        CATALOG.offer(family, platform, IMAGE)


def test_a_kind_the_platform_lacks_is_unsupported() -> None:
    with pytest.raises(Unsupported):
        CATALOG.offer("relay", "grok", VIDEO)


def test_an_unlisted_model_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidParameter, match=r"kling-3\.0, kling-v1") as caught:
        CATALOG.model("kling", VIDEO, "nope")
    assert caught.value.field == "model"


@pytest.mark.parametrize(
    ("per", "changes", "cost"),
    [
        ("call", {"count": 4, "duration": 9}, 7),
        ("image", {"count": 4}, 28),
        ("second", {"duration": 9}, 63),
        ("second", {}, 35),
    ],
)
def test_a_price_is_counted_in_its_own_unit(per: str, changes: dict[str, object], cost: int) -> None:
    assert Model("m", 7, per, (), duration=5).cost(draft(**changes)) == cost


@pytest.mark.parametrize(("price", "nanos"), [("0.20", 200_000_000), ("USD 0.03", 216_000_000)])
def test_dollar_prices_are_converted_without_a_float(price: str, nanos: int) -> None:
    catalog = load(SMALL.replace("0.20", price, 1).replace("7.20", "7.2"))
    assert catalog.model("p", IMAGE, None).price == nanos


@pytest.mark.parametrize(("polls", "seconds"), [(0, 5.0), (1, 5.0), (2, 7.5), (3, 11.25), (6, 30.0), (10_000, 30.0)])
def test_polls_slow_down_to_a_cap(polls: int, seconds: float) -> None:
    assert Poll(5, 5, Decimal("1.5"), 30).delay(polls) == seconds


def test_a_word_nobody_knows_stops_the_load() -> None:
    with pytest.raises(TypeError, match="colour"):
        load(SMALL.replace('per = "image"\n', 'per = "image"\ncolour = "blue"\n'))


def test_a_missing_word_stops_the_load() -> None:
    with pytest.raises(KeyError, match="default"):
        load(SMALL.replace('default = "m"\n', ""))


def test_loading_twice_gives_the_same() -> None:
    again: Catalog = load(TEXT)
    assert again == CATALOG
