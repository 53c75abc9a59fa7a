"""What becomes of a request before it is charged: as each upstream would be sent it, with its price, or refused.

The translators are pure, so each source is asked by having it write the very call it would be sent. A source may round
a video's length up to one it makes; a number of images is never rounded. The cheapest of the results is the one that is
charged, stored and sent, so dispatch tries only those sources that make it exactly so.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from relay.families import provider
from relay.families.provider import Order
from relay.nouns.catalog import Catalog, Model, Source
from relay.nouns.draft import Draft, Parent
from relay.nouns.errors import InvalidParameter, Unfit, Unsupported
from relay.nouns.wire import Call

_CALLBACK = "https://relay.invalid/callback"  # nothing that is written here is sent


@dataclass(frozen=True, slots=True)
class Fit:
    """A way to have a request made: what that upstream would be sent, and what that costs (nanos)."""

    source: Source
    draft: Draft
    price: int


def fit(catalog: Catalog, draft: Draft, upstreams_on: Container[str]) -> list[Fit]:
    """The ways to have it made, those of the least price first, among them by the catalog's priority.

    Raises InvalidParameter with the client's field and what would do, Unsupported where what could make it is off.
    """
    model = catalog.models[draft.model]
    sources = _sources(model, draft)
    if not sources:
        raise InvalidParameter(draft.client_word("parent"), "cannot be continued by this model", "不能由该模型继续")
    found, refusals = list[Fit](), list[Unfit]()
    for source in sources:
        if source.upstream in upstreams_on:
            try:
                found.append(_fitted(catalog, model, draft, source))
            except Unfit as refusal:
                refusals.append(refusal)
    if not found and not refusals:
        raise Unsupported("this model is not available here at present", "该模型目前不可用")
    if not found:
        raise _refused(draft, refusals)
    return sorted(found, key=lambda each: (each.price, each.source.priority))


def as_charged(catalog: Catalog, draft: Draft) -> Iterator[Source]:
    """The sources that would be sent a draft exactly as it was fitted and charged; none for what is sold no more."""
    model = catalog.models.get(draft.model)
    if model is None:
        return
    for source in _sources(model, draft):
        with suppress(Unfit):
            if _fitted(catalog, model, draft, source).draft == draft:
                yield source


def _sources(model: Model, draft: Draft) -> list[Source]:
    """A follow-up is made by the API, on the platform there, that made its parent; anything else by any source."""
    sources = [source for source in model.sources if draft.parent is None or _made(draft.parent, source, draft)]
    return sorted(sources, key=lambda source: source.priority)


def _made(parent: Parent, source: Source, draft: Draft) -> bool:
    """Whether this is the way the parent was made."""
    label = source.label or draft.platform
    return (parent.upstream, parent.api, parent.label) == (source.upstream, source.api, label)


def _fitted(catalog: Catalog, model: Model, draft: Draft, source: Source) -> Fit:
    """Raises Unfit."""
    fitted = model.fit(draft, source)
    dry_run(catalog, fitted, source)
    return Fit(source, fitted, model.cost(fitted))


def dry_run(catalog: Catalog, draft: Draft, source: Source) -> Call:
    """The call that would be sent. Raises Unfit, LookupError for an API the upstream has not."""
    upstream = catalog.upstreams[source.upstream]
    api = provider(upstream.family).apis[source.api]
    return api.first_step(Order(draft, source, _CALLBACK if upstream.callbacks else None)).call


def _refused(draft: Draft, refusals: Sequence[Unfit]) -> InvalidParameter:
    """The first source's refusal, with what any of them would take of that field."""
    first = refusals[0]
    allowed = {number for each in refusals if each.about == first.about for number in each.allowed}
    if not allowed:
        return InvalidParameter(draft.client_word(first.about), first.problem, first.zh)
    words = spans(sorted(allowed))
    return InvalidParameter(draft.client_word(first.about), f"must be one of: {words}", f"必须是以下之一：{words}")


def spans(numbers: Sequence[int]) -> str:
    """Numbers in order, neighbours drawn together: 1, 3-15."""
    drawn = list[list[int]]()
    for number in numbers:
        if drawn and number == drawn[-1][-1] + 1:
            drawn[-1] = [drawn[-1][0], number]
        else:
            drawn.append([number])
    return ", ".join("-".join(map(str, span)) for span in drawn)
