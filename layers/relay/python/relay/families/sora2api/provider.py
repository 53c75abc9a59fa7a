"""How we speak to Sora2API servers: each of their APIs by its name."""

from __future__ import annotations

from relay.families.provider import Provider
from relay.families.sora2api import chat, dedicated
from relay.families.sora2api.words import FAMILY


class Sora2apiProvider(Provider):
    family = FAMILY


APIS = {
    "dedicated": dedicated.API,
    "chat": chat.API,
    "chat-characters": chat.CHARACTERS,
    "character-films": chat.CHARACTER_FILMS,
}
PROVIDER = Sora2apiProvider(APIS)
