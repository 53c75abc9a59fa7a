"""How we speak to new-api aggregators: each of their APIs by its name."""

from __future__ import annotations

from relay.families.newapi.video import provider as video
from relay.families.newapi.videos import provider as videos
from relay.families.newapi.words import FAMILY
from relay.families.provider import Provider


class NewapiProvider(Provider):
    family = FAMILY


PROVIDER = NewapiProvider({"video": video.API, "videos": videos.API})
