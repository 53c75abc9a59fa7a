"""How we speak to Sora2API servers: each of their APIs by its name."""

from __future__ import annotations

from relay.families.provider import Provider
from relay.families.sora2api import dedicated
from relay.families.sora2api.words import FAMILY


class Sora2apiProvider(Provider):
    family = FAMILY


PROVIDER = Sora2apiProvider({"dedicated": dedicated.API})
