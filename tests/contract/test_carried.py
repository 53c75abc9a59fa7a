"""Nothing that is asked for is dropped silently: an API carries it, or it is refused, or it is a mere hint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from ops.families import EXAMPLES
from relay.catalog.file import shipped
from relay.families import FAMILIES, provider
from relay.families.provider import Api, Carries, MediaForm, Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium, Parent
from relay.nouns.errors import Unfit
from relay.nouns.options import OPTIONS
from tests.contract.parts import has

APIS = [
    (family, name, kind)
    for family in FAMILIES
    if has(family, "provider")
    for name, api in provider(family).apis.items()
    for kind in api.carries
]
SOURCES = [source for model in shipped().models.values() for source in model.sources]
PARENT = Parent("t1", "1", upstream_task_id="up-1", upstream_ref="ref-1")
each_api = pytest.mark.parametrize(("family", "name", "kind"), APIS)


def plain(family: str, name: str, kind: Kind) -> Iterator[Order]:
    """Requests of each sort the API knows, with each number of inputs it may need, without any option."""
    api = provider(family).apis[name]
    upstreams = shipped().upstreams
    sold = [each for each in SOURCES if each.api == name and upstreams[each.upstream].family == family]
    carries = api.carries[kind]
    media = [Medium(role, f"https://files.example/{role}") for role in carries.media]
    inputs = [(), *((each,) for each in media), tuple(media)]
    parents = [None, PARENT] if carries.parent else [None]
    for source, action, given, parent in product(
        sold or [Source(family, "a-model", name)], carries.actions or [""], inputs, parents
    ):
        draft = Draft(family, "platform", kind, "a-model", "a cat", action, 1, media=given, parent=parent, duration=5)
        yield Order(draft, source)


def written(api: Api, order: Order) -> object:
    """The call that would be sent, or None where the request is refused."""
    try:
        call = api.first_step(order).call
    except Unfit:
        return None
    return call.method, call.url, call.body


def is_read(api: Api, orders: list[Order], **asked: object) -> bool:
    """Whether some request is sent otherwise, or is refused, because of what is asked for beside."""
    more = ((order, replace(order, draft=replace(order.draft, **asked))) for order in orders)  # type: ignore[arg-type]
    return any((without := written(api, order)) and written(api, with_it) != without for order, with_it in more)


@each_api
def test_what_an_api_says_it_carries_it_reads(family: str, name: str, kind: Kind) -> None:
    api, orders = provider(family).apis[name], list(plain(family, name, kind))
    carries = api.carries[kind]
    assert any(written(api, order) for order in orders)

    unread = [option for option in carries.options if not is_read(api, orders, options={option: EXAMPLES[option]})]
    given = "data:a/b;base64,YQ==" if api.media_form is MediaForm.DATA else "https://a.example/"
    unread += [role for role in carries.media if not is_read(api, orders, media=(Medium(role, given),))]
    unread += ["parent"] if carries.parent and not is_read(api, orders, parent=PARENT) else []

    assert unread == []


@each_api
def test_what_an_api_does_not_carry_it_refuses(family: str, name: str, kind: Kind) -> None:
    api, carries = provider(family).apis[name], provider(family).apis[name].carries[kind]
    bare = Order(Draft(family, "platform", kind, "a-model"), Source(family, "a-model", name))
    asked: dict[str, dict[str, object]] = {
        **{role: {"media": (Medium(role, "https://a.example/"),)} for role in MediaRole if role not in carries.media},
        **{each: {"options": {each: EXAMPLES[each]}} for each in OPTIONS if each not in carries.options},
        **({} if carries.parent else {"parent": {"parent": PARENT}}),
        "action": {"action": "something else"},
    }

    for about, fields in asked.items():
        if about in OPTIONS and OPTIONS[about].hint:
            continue
        with pytest.raises(Unfit) as caught:
            api.first_step(replace(bare, draft=replace(bare.draft, **fields)))  # type: ignore[arg-type]
        assert caught.value.about == about


@each_api
def test_what_an_api_carries_has_a_name_in_the_vocabulary(family: str, name: str, kind: Kind) -> None:
    assert set(provider(family).apis[name].carries[kind].options) <= set(OPTIONS)


def test_a_kind_an_api_does_not_make_is_refused() -> None:
    api = provider("kie").apis["suno"]
    with pytest.raises(Unfit, match=r"^model "):
        api.first_step(Order(Draft("kie", "suno", Kind.VIDEO, "V5"), Source("kie", "V5", "suno")))


def test_a_hint_and_what_asks_for_nothing_may_be_left_out() -> None:
    nothing = {name: option.usual for name, option in OPTIONS.items() if option.usual is not None}
    hints = {name: EXAMPLES[name] for name, option in OPTIONS.items() if option.hint}

    Carries().check(Draft("d", "p", Kind.IMAGE, "m", options={**nothing, **hints}))


def test_no_option_has_the_name_of_an_input() -> None:
    assert not set(OPTIONS) & {*MediaRole, "parent", "action", "count", "duration"}
