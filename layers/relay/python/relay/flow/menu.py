"""What clients of a dialect may buy at this moment."""

from __future__ import annotations

from collections.abc import Sequence

from relay.flow.access import Caller
from relay.flow.services import Services
from relay.nouns.errors import NotFound


def models(services: Services, caller: Caller, wanted: str | None) -> Sequence[str]:
    """The models on the menus of the caller's dialect that some upstream of ours makes now, or the one wanted.

    Raises NotFound where that is not among them.
    """
    on = services.upstreams_on()
    offers = (offer for kinds in services.catalog.menus.get(caller.dialect, {}).values() for offer in kinds.values())
    sold = (each for offer in offers for each in offer.models.items())
    names = sorted({name for name, model in sold if any(source.upstream in on for source in model.sources)})
    if wanted is None:
        return names
    if wanted not in names:
        raise NotFound("no such model", "模型不存在")
    return [wanted]
