"""What clients of a dialect may buy at this moment."""

from __future__ import annotations

from collections.abc import Sequence

from relay.flow.access import Caller
from relay.flow.services import Services
from relay.nouns.catalog import Listed
from relay.nouns.errors import NotFound
from relay.nouns.sold import sold


def models(services: Services, caller: Caller, wanted: str | None) -> Sequence[Listed]:
    """The models on the menus of the caller's dialect that its key may use and some upstream of ours makes
    now, or the one wanted.

    Raises NotFound where that is not among them.
    """
    on = services.upstreams_on()
    offered = sold(services.catalog, caller.dialect)
    allowed = ((name, model) for name, model in offered.items() if caller.allows(model.name))
    made = {name: model for name, model in allowed if any(source.upstream in on for source in model.sources)}
    if wanted is not None and wanted not in made:
        raise NotFound("no such model", "模型不存在")
    premium, usd = services.catalog.tiers[caller.tier].lines.premium, services.catalog.usd
    names = sorted(made) if wanted is None else [wanted]
    return [Listed(name, made[name], premium or not made[name].premium, usd) for name in names]
