"""The catalog: what the shipped file sells, and how prices and polls are reckoned."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest

from relay.catalog.file import CatalogError, load, shipped
from relay.families import FAMILIES
from relay.families.aistudio.words import PLATFORMS
from relay.nouns.catalog import Catalog, Follow, Model, Poll
from relay.nouns.draft import KINDS, Draft, Kind
from relay.nouns.errors import InvalidParameter, NotFound, Unsupported
from tests.axes import table

CATALOG = shipped()
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
MODELS = CATALOG.models
SMALL = """
currency = "CNY"
usd = "7.20"
utc_offset = 8
[deadlines]
image = 900
[tiers]
[upstreams.u]
family = "aistudio"
base_url = "https://upstream.example"
callbacks = false
poll = { first = 5, interval = 5, growth = "1.5", cap = 30 }
[models.m]
kind = "image"
price = "0.20"
per = "image"
sources = [
  { upstream = "u", model = "m" },
  { upstream = "u", model = "n", priority = 2 },
]
follows.vary = { after = ["image"] }
[menus.d.p.image]
default = "m"
models = ["m"]
aliases = { other = "m" }
"""


def small(text: str) -> Catalog:
    return load({"catalog.toml": text})


def draft(**changes: object) -> Draft:
    return replace(Draft("aistudio", "kling", VIDEO, "m"), **changes)  # type: ignore[arg-type]


def test_the_shipped_platforms_are_those_of_the_reference() -> None:
    assert set(CATALOG.menus["aistudio"]) == set(MATRIX)


def test_the_dialect_knows_every_platform_it_sells() -> None:
    assert set(MATRIX) == PLATFORMS


def test_a_platform_sells_the_kinds_of_the_matrix() -> None:
    assert {name: set(offers) for name, offers in CATALOG.menus["aistudio"].items()} == MATRIX


def test_every_video_platform_has_the_three_actions() -> None:
    films = [name for name, kinds in MATRIX.items() if VIDEO in kinds]
    three = ("text2video", "image2video", "extend")
    assert [name for name in films if CATALOG.offer("aistudio", name, VIDEO).actions != three] == []


def test_every_model_is_made_by_an_upstream_we_know() -> None:
    known = CATALOG.upstreams.keys()
    assert [name for name, one in MODELS.items() if not one.sources] == []
    assert [name for name, one in MODELS.items() if not {source.upstream for source in one.sources} <= known] == []


def test_every_model_costs_something() -> None:
    metered = {name for name, model in MODELS.items() if model.rates}
    paid = [model for name, model in MODELS.items() if name not in metered]
    assert [model.name for model in paid if model.cost(draft(prompt="a")) <= 0] == []
    assert [name for name in metered if not MODELS[name].output and MODELS[name].paid_rates.output] == []


def test_every_model_is_on_a_menu() -> None:
    offers = [offer for menu in CATALOG.menus.values() for kinds in menu.values() for offer in kinds.values()]
    assert {model.name for offer in offers for model in offer.models.values()} == set(MODELS)


def test_every_upstream_is_of_a_family_we_speak() -> None:
    assert {upstream.family for upstream in CATALOG.upstreams.values()} <= set(FAMILIES)


def test_every_kind_that_is_sold_has_a_deadline() -> None:
    assert {model.kind for model in CATALOG.models.values()} <= set(CATALOG.deadlines)


def test_a_kind_that_is_not_sold_needs_no_deadline() -> None:
    assert set(small(SMALL).deadlines) == {IMAGE}


@table("kind", Kind)
def test_a_price_is_for_a_unit_of_its_kind(kind: Kind) -> None:
    sold = SMALL.replace("image = 900", f"{kind} = 900").replace("p.image", f"p.{kind}")
    sold = sold.replace('kind = "image"', f'kind = "{kind}"')
    sold = sold.replace('model = "', 'lengths = [5], model = "') if kind is VIDEO else sold
    for unit in ("call", "image", "second"):
        priced = sold.replace('per = "image"', f'per = "{unit}"')
        if unit in KINDS[kind].units:
            assert small(priced).models["m"].per == unit
        else:
            with pytest.raises(CatalogError, match=f'line 16: .*per is "{unit}"; what makes {kind} is priced per'):
                small(priced)


def test_tiers_grow_with_their_level() -> None:
    limits = [(tier.per_minute, tier.per_day, tier.in_flight) for _, tier in sorted(CATALOG.tiers.items())]
    assert limits == sorted(limits)


@pytest.mark.parametrize(("family", "platform"), [("aistudio", "nope"), ("aistudio", ""), ("kie", "kling")])
def test_a_platform_the_family_does_not_sell_is_not_found(family: str, platform: str) -> None:
    with pytest.raises(NotFound):
        CATALOG.offer(family, platform, IMAGE)


def test_a_kind_the_platform_lacks_is_unsupported() -> None:
    with pytest.raises(Unsupported):
        CATALOG.offer("aistudio", "grok", VIDEO)


def test_an_unlisted_model_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidParameter, match=r"kling-3\.0, .*kling-v1") as caught:
        CATALOG.offer("aistudio", "kling", VIDEO).model("nope")
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
    assert Model("m", VIDEO, 7, per, (), duration=5).cost(draft(**changes)) == cost


def test_an_action_that_follows_may_have_its_own_price() -> None:
    model = small(SMALL.replace('after = ["image"]', 'after = ["image"], price = "0.05"')).models["m"]
    assert (model.cost(draft(action="vary", count=2)), model.unit_price(draft(action="vary"))) == (10**8, 5 * 10**7)
    assert (model.cost(draft(count=2)), model.unit_price(draft())) == (4 * 10**8, 2 * 10**8)


def test_an_action_follows_the_kinds_and_models_the_catalog_names_for_it() -> None:
    kling = CATALOG.models["kling-v1"]
    only = replace(kling, follows={"extend": Follow(frozenset({"kling-v1"}))})
    assert [each.continues("extend", "kling-3.0", VIDEO) for each in (kling, only)] == [True, False]
    assert [each.continues("extend", "kling-v1", VIDEO) for each in (kling, only)] == [True, True]
    assert not kling.continues("extend", "kling-image", IMAGE)
    assert not kling.continues("vary", "kling-v1", VIDEO)


def test_a_menu_sells_a_model_under_the_clients_own_name_for_it() -> None:
    offer = small(SMALL).offer("d", "p", IMAGE)
    assert offer.model("other").name == offer.model(None).name == "m"
    assert CATALOG.offer("aistudio", "suno", MUSIC).model("V5").name == "suno-v5"


def test_the_parts_of_a_catalog_may_stand_in_files_of_any_name() -> None:
    head, models, menus = re.split(r"(?=\[models|\[menus)", SMALL)
    assert load({"a": menus, "b": models, "c": head}) == small(SMALL)
    with pytest.raises(CatalogError, match=r"^b line 3: .*must be an amount above 0"):
        load({"a": menus, "b": models.replace("0.20", "0"), "c": head})
    with pytest.raises(CatalogError, match=r"^d line 1: usd stands in another file as well"):
        load({"a": menus, "b": models, "c": head, "d": 'usd = "7"'})
    with pytest.raises(CatalogError, match=r"^the catalog: menus is missing"):
        load({"b": models, "c": head})


@pytest.mark.parametrize(("price", "nanos"), [("0.20", 200_000_000), ("USD 0.03", 216_000_000)])
def test_dollar_prices_are_converted_without_a_float(price: str, nanos: int) -> None:
    catalog = small(SMALL.replace("0.20", price, 1).replace("7.20", "7.2"))
    assert catalog.models["m"].price == nanos


@table("polls, seconds", [(0, 5.0), (1, 5.0), (2, 7.5), (3, 11.25), (6, 30.0), (10_000, 30.0)])
def test_polls_slow_down_to_a_cap(polls: int, seconds: float) -> None:
    assert Poll(5, 5, Decimal("1.5"), 30).delay(polls) == seconds


@table(
    "right, wrong, line, why",
    [
        ('per = "image"', 'per = "picture"', 16, 'per is "picture"; what makes image is priced per call or image'),
        ('price = "0.20"', 'price = "0,20"', 15, 'it must be an amount above 0 in quotes, like "0.20" or "USD 0.02"'),
        ('price = "0.20"', 'price = "-1"', 15, "must be an amount above 0"),
        ('price = "0.20"', 'price = "0"', 15, "must be an amount above 0"),
        ('price = "0.20"', "price = 0.20", 15, "must be a text in quotes"),
        ('price = "0.20"', 'price = "NaN"', 15, "must be an amount above 0"),
        ('price = "0.20"', 'price = "１"', 15, "must be an amount above 0"),
        ('price = "0.20"', 'price = "USD"', 15, "must be an amount above 0"),
        ('upstream = "u", model = "n"', 'upstream = "uu", model = "n"', 19, "no upstream; there are: u"),
        (
            'upstream = "u", model = "n"',
            'upsteam = "u", model = "n"',
            19,
            "upsteam is not known here; known are: upstream",
        ),
        ("priority = 2", "counts = [0]", 19, 'each must be a whole number like 5, or a range like "3-15"'),
        ("priority = 2", 'counts = ["4-2"]', 19, "each must be a whole number like 5"),
        ("priority = 2", 'sizes = ["wide"]', 19, 'each must be like "16:9" or "1280x720"'),
        ("priority = 2", "results = 2", 16, "every result is paid for"),
        ("priority = 2", "priority = 0", 19, "must be a whole number of at least 1"),
        ('default = "m"', 'default = "mm"', 23, "is not sold here; there are: m"),
        ('default = "m"\n', "", 22, "default is missing"),
        ('per = "image"', 'per = "image"\ncolour = "blue"', 17, "colour is not known here"),
        ("image = 900", "imago = 900", 6, "is no kind of task; there are: image, video, music"),
        ("image = 900", "video = 900", 14, "has no deadline"),
        ("callbacks = false", 'callbacks = "no"', 11, "must be true or false"),
        ('growth = "1.5"', 'growth = "0.5"', 12, "at least 1"),
        ("https://", "http://", 10, "must begin with https://"),
        ('family = "aistudio"\nbase', "base", 8, "family is missing"),
        ('per = "image"', "per =", 16, "not TOML"),
        ('kind = "image"', 'kind = "still"', 14, "is no kind of task"),
        ('after = ["image"]', 'after = ["pictures"]', 21, "must name kinds of task, or models"),
        ('after = ["image"]', 'after = ["image"], price = "-1"', 21, "must be an amount above 0"),
        ('models = ["m"]', 'models = ["m", "n"]', 24, 'holds "n", which is no image model of [models]'),
        ('other = "m"', 'other = "n"', 25, 'holds "n", which is no image model of [models]'),
        ('other = "m"', 'm = "m"', 25, 'holds "m" a second time'),
        ("d.p.image", "d.p.imago", 22, "is no kind of task"),
        ("d.p.image", "d.p.video", 24, 'holds "m", which is no video model of [models]'),
        (
            "callbacks = false",
            'callbacks = false\ncredential = "key"',
            12,
            "there are: bearer, x-api-key, x-goog-api-key, mj-api-secret",
        ),
        ("[tiers]", "[tyres]", 7, "tyres is not known here"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_would_be_right(right: str, wrong: str, line: int, why: str) -> None:
    assert SMALL.count(right) == 1
    with pytest.raises(CatalogError, match=re.escape(why)) as caught:
        small(SMALL.replace(right, wrong))
    assert caught.value.line == line
    assert f"catalog.toml line {line}:" in str(caught.value)


def test_a_video_is_not_sold_without_the_lengths_that_are_made() -> None:
    films = SMALL.replace("image = 900", "video = 900").replace("p.image", "p.video")
    films = films.replace('kind = "image"', 'kind = "video"').replace('per = "image"', 'per = "second"')
    with pytest.raises(CatalogError, match=r"line 18: .*lengths is missing: the seconds this upstream makes"):
        small(films)
    made = small(films.replace('model = "', 'lengths = ["3-5", 10], model = "')).models["m"]
    assert [source.lengths for source in made.sources] == [(3, 4, 5, 10)] * 2


def test_a_file_with_a_line_missing_loads_or_is_refused_as_a_catalog() -> None:
    lines = SMALL.splitlines()
    for number in range(len(lines)):
        with suppress(CatalogError):  # anything else is not for an operator to read
            small("\n".join(lines[:number] + lines[number + 1 :]))


def test_loading_twice_gives_the_same() -> None:
    assert shipped() == CATALOG
