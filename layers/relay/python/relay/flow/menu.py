"""What clients of a dialect may buy at this moment."""

from __future__ import annotations

from collections.abc import Sequence

from relay.families.dialect import MenuQuery
from relay.flow.services import Services
from relay.nouns.errors import NotFound


def models(services: Services, wanted: MenuQuery) -> Sequence[str]:
    """The models on the dialect's menus that some upstream of ours makes now, by the clients' names, or the one wanted.

    Raises NotFound where that is not among them.
    """
    on = services.upstreams_on()
    offers = (offer for kinds in services.catalog.menus.get(wanted.dialect, {}).values() for offer in kinds.values())
    sold = (each for offer in offers for each in offer.models.items())
    names = sorted({name for name, model in sold if any(source.upstream in on for source in model.sources)})
    if wanted.model is None:
        return names
    if wanted.model not in names:
        raise NotFound("no such model", "模型不存在")
    return [wanted.model]
