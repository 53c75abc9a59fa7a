"""Kling itself: its API at the root, for its own tokens, which a published library checks."""

from __future__ import annotations

from collections.abc import Sequence

import jwt

from local.upstreams.mirror import Mirror
from local.upstreams.paths import Path
from relay.families.newapi.kling.words import HOME
from relay.nouns.errors import RelayError
from relay.nouns.wire import Inbound, Reply


class Kling(Mirror):
    """What our dialect serves below /kling, without that."""

    def paths(self) -> Sequence[Path]:
        own = (path for path in super().paths() if path.path.startswith(f"{HOME}/"))
        return [path._replace(path=path.path.removeprefix(HOME)) for path in own]

    def write_refusal(self, error: RelayError, trace_id: str, path: str) -> Reply:
        return super().write_refusal(error, trace_id, HOME + path)

    def authorise(self, inbound: Inbound) -> None:
        """Raises RelayError unless the request carries a token of this upstream's key that is good now."""
        access, _, secret = self.settings.key(self.name).partition(":")
        token = inbound.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            # the times are checked here: the library knows no clock but its own
            claims = jwt.decode(
                token,
                secret,
                ["HS256"],
                {"require": ["iss", "exp", "nbf"], "verify_exp": False, "verify_nbf": False},
                issuer=access,
            )
        except jwt.InvalidTokenError as error:
            raise self.refusal("unauthorized") from error
        if not claims["nbf"] <= self.now() < claims["exp"]:
            raise self.refusal("unauthorized")
