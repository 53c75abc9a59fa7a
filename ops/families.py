"""The tables in docs/families.md: who makes what is sold, what becomes of a request there, and the options.

`python -m ops.families` writes them. Each source is asked by having it write the call it would be sent: what changes
the call is carried, what raises Unfit is refused before the charge, and the rest is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from relay.catalog.file import shipped
from relay.families import provider
from relay.flow.fit import dry_run, spans
from relay.nouns.catalog import Catalog, Model, Source
from relay.nouns.draft import Draft, Kind, MediaRole, Medium, Parent
from relay.nouns.errors import Unfit
from relay.nouns.options import OPTIONS, Option

PAGE = Path(__file__).resolve().parents[1] / "docs/families.md"
HEAD = ("asked for as", "model", "made by", "numbers", "seconds", "shapes", "carries", "refuses", "leaves out")

LOST = ("platform", "kind", "another family's upstream", "models", "seconds", "shapes", "refuses", "leaves out")

PICTURE, FILM = "https://client.example/a.png", "https://client.example/a.mp4"
ONE = (Medium(MediaRole.IMAGE, PICTURE),)
_FACES = (Medium(MediaRole.SOURCE, PICTURE), Medium(MediaRole.TARGET, PICTURE))
_PARENT = Parent("task", "1", upstream_task_id="job", upstream_ref="1")
# What a request may hold beside a prompt, a number, a length and a shape.
EXTRAS: Mapping[Kind, Mapping[str, Mapping[str, object]]] = {
    Kind.IMAGE: {
        "a picture": {"media": ONE},
        "5 pictures": {"media": ONE * 5},
        "a mask": {"media": (*ONE, Medium(MediaRole.MASK, PICTURE))},
    },
    Kind.VIDEO: {
        "a picture": {"action": "image2video", "media": ONE},
        "`extend`": {"action": "extend", "media": (Medium(MediaRole.VIDEO, FILM),)},
    },
}
ROLES = {MediaRole.IMAGE: ("a picture", "5 pictures"), MediaRole.MASK: ("a mask",)}
# Options that are about certain inputs.
WITH: Mapping[str, Mapping[str, object]] = {
    "dynamic_masks": {"action": "image2video", "media": (*ONE, Medium(MediaRole.MASK, PICTURE))},
    "remix_target": {"action": "remix"},
}
_BY_TYPE = {"text": "la", "word": "a", "number": 0.5, "whole": 7, "flag": True, "object": {"type": "simple"}}
# A value of each option, other than the usual one.
EXAMPLES: Mapping[str, object] = {
    **{name: _BY_TYPE[option.type] for name, option in OPTIONS.items()},
    "dynamic_masks": [{"trajectories": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}],
}


def table(catalog: Catalog) -> str:
    return _table(HEAD, _rows(catalog))


def platforms(catalog: Catalog) -> str:
    """What each platform's clients lose at upstreams of other families."""
    rows = dict[tuple[str, ...], list[str]]()
    for dialect, platform, model in _sold(catalog):
        said = _said(dialect, platform, model.kind)
        for name in dict.fromkeys(source.upstream for source in sorted(model.sources, key=lambda each: each.priority)):
            if catalog.upstreams[name].family != dialect:
                lost = _lost(catalog, said, model, [each for each in model.sources if each.upstream == name])
                rows.setdefault((f"{dialect} {platform}", model.kind, name, *lost), []).append(f"`{model.name}`")
    return _table(LOST, ((*key[:3], ", ".join(models), *key[3:]) for key, models in rows.items()))


def options() -> str:
    rows = ((f"`{name}`", each.type, each.meaning, _dropped(each)) for name, each in OPTIONS.items())
    return _table(("option", "type", "meaning", "where an API does not carry it"), rows)


def written(page: str, catalog: Catalog) -> str:
    """The page with the tables of a catalog and of the options in their places."""
    for name, text in (("table", table(catalog)), ("platforms", platforms(catalog)), ("options", options())):
        before, after = (f"<!-- {name}:{edge} -->\n" for edge in ("begin", "end"))
        page = page.partition(before)[0] + before + text + after + page.partition(after)[2]
    return page


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ("---",) * len(head), *rows])


def _dropped(option: Option) -> str:
    usual = "" if option.usual is None else f" unless `{json.dumps(option.usual).strip(chr(34))}`"
    return "left out: a hint" if option.hint else f"refused{usual}"


def _rows(catalog: Catalog) -> Iterator[tuple[str, ...]]:
    for model in (each for each in catalog.models.values() if not each.rates):  # calls of those pass as they are
        names = "<br>".join(_names(catalog, model))
        for source in model.sources:
            yield (
                names,
                model.name,
                _made_by(source),
                *_limits(model, source),
                *map(", ".join, _judged(catalog, model, source).values()),
            )


def _names(catalog: Catalog, model: Model) -> Iterator[str]:
    """Every name on a menu: the dialect, its platform word, and the client's word for the model."""
    for dialect, menu in catalog.menus.items():
        for platform, offers in menu.items():
            if offer := offers.get(model.kind):
                for name in (said for said, sold in offer.models.items() if sold is model):
                    yield f"{dialect} {platform}{' (default)' if name == offer.default else f' `{name}`'}"


def _made_by(source: Source) -> str:
    words = (source.upstream, source.api, source.label, f"`{source.model}`" if source.model else "")
    return " ".join(filter(None, words))


def _limits(model: Model, source: Source) -> tuple[str, str, str]:
    counts = spans(source.counts) if model.kind is Kind.IMAGE else f"{source.results} each"
    seconds = f"next of {spans(source.lengths)}" if source.lengths else ""
    shapes = f"nearest of {', '.join(source.sizes)}" if source.sizes else "as asked"
    return counts, seconds, shapes if model.kind in (Kind.IMAGE, Kind.VIDEO) else ""


def _sold(catalog: Catalog) -> Iterator[tuple[str, str, Model]]:
    """Each model by the dialects and platforms that sell it, once under whatever names."""
    for dialect, menu in catalog.menus.items():
        for platform, offers in menu.items():
            sold = {model.name: model for offer in offers.values() for model in offer.models.values()}
            yield from ((dialect, platform, model) for model in sold.values() if not model.rates)


def _said(dialect: str, platform: str, kind: Kind) -> set[str]:
    """What its clients may ask for: what their family's API of the platform's name carries, or else all of its APIs."""
    apis = provider(dialect).apis
    own = [
        api.carries[kind] for api in ([apis[platform]] if platform in apis else apis.values()) if kind in api.carries
    ]
    said = {f"`{name}`" for each in own for name in each.options}
    said |= {word for each in own for role in each.media for word in ROLES.get(role, ())}
    return said | {"`extend`" for each in own if "extend" in each.actions}


def _lost(catalog: Catalog, said: set[str], model: Model, sources: list[Source]) -> tuple[str, ...]:
    """The lengths and shapes that an upstream's sources of a model fit to, and what none of them carries."""
    found = [_judged(catalog, model, source) for source in sources]
    lost = {way: [name for each in found for name in each[way] if name in said] for way in HEAD[-3:]}
    kept = {"refuses": lost["carries"] + lost["leaves out"], "leaves out": lost["carries"]}
    gone = (", ".join(dict.fromkeys(each for each in lost[way] if each not in kept[way])) for way in kept)
    limits = zip(*(_limits(model, source)[1:] for source in sources), strict=True)
    return (*("; ".join(dict.fromkeys(each)) for each in limits), *gone)


def _judged(catalog: Catalog, model: Model, source: Source) -> dict[str, list[str]]:
    """What a request may hold beside, by what becomes of it there."""
    plain = model.fit(Draft("", "", model.kind, model.name, "a prompt", count=source.counts[0]), source)
    plain, sent = _accepted(catalog, plain, model, source)
    found = dict[str, list[str]]({name: [] for name in HEAD[-3:]})
    known = (name for name in OPTIONS if name in _carried(catalog, model.kind))
    options = {f"`{name}`": {"options": {name: EXAMPLES[name]}, **WITH.get(name, {})} for name in known}
    for name, fields in {**EXTRAS.get(model.kind, {}), **options}.items():
        try:
            same = dry_run(catalog, replace(plain, **fields), source).body == sent  # type: ignore[arg-type]
            held = fields.get("media") == plain.media  # what it needs in any case
            found["leaves out" if same and not held else "carries"].append(name)
        except Unfit:
            found["refuses"].append(name)
    return found


def _accepted(catalog: Catalog, plain: Draft, model: Model, source: Source) -> tuple[Draft, bytes]:
    """The least of a request that this source takes, and what is sent: some models only go on from a task."""
    on = (replace(plain, action=action, parent=_PARENT) for action in model.follows)
    api = provider(catalog.upstreams[source.upstream].family).apis[source.api].carries[model.kind]
    inputs = (
        replace(plain, action=action, media=(Medium(role, FILM),))
        for role in api.media
        for action in ("", *api.actions)
    )
    for draft in (plain, *(replace(plain, media=ONE), replace(plain, media=_FACES)), *on, *inputs):
        with suppress(Unfit):
            return draft, dry_run(catalog, draft, source).body
    raise LookupError(f"{source} takes no request for {model.name}")


def _carried(catalog: Catalog, kind: Kind) -> set[str]:
    """The options that any API carries which makes something of this kind."""
    sources = [source for model in catalog.models.values() if model.kind is kind for source in model.sources]
    apis = (provider(catalog.upstreams[source.upstream].family).apis[source.api] for source in sources)
    return {name for api in apis for name in api.carries[kind].options}


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8"), shipped()), "utf-8")
