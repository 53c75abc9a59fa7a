"""Access tokens: JWTs of this deployment alone, by one algorithm, under a key that can be replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import jwt

from relay.nouns.session_errors import BadSession, SessionExpired

ALGORITHM = "HS256"  # never taken from a token
SCOPE = "developer"
SECONDS = 3600  # that a token is good for
LEEWAY = 10  # seconds by which our own clocks may differ
CLAIMS = ("sub", "iat", "exp", "jti", "scope", "aud", "iss", "sid")


class UnknownKey(BadSession):
    """The token names a signing key that we do not know: it is forged, or the key is newer than what we know."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Whose token it is, and which login it came of."""

    account_id: str
    login: str


@dataclass(frozen=True, slots=True)
class SessionTokens:
    """`deployment` is who issues them, and whom they are for; `keys` are the current one, and those before it."""

    deployment: str
    keys: tuple[str, ...]

    def issue(self, claims: Claims, token_id: str, now: int) -> str:
        """A token from `now` (Unix seconds) on."""
        said = {"sub": claims.account_id, "sid": claims.login, "jti": token_id, "iat": now, "exp": now + SECONDS}
        key = self.keys[0]
        fixed = {"scope": SCOPE, "iss": self.deployment, "aud": self._audience}
        return jwt.encode({**said, **fixed}, key, ALGORITHM, headers={"kid": key_id(key)})

    def read(self, token: str, now: int) -> Claims:
        """What a token says at `now` (Unix seconds). Raises SessionExpired, UnknownKey, BadSession."""
        said = self._verified(token)
        issued, until, scope = said["iat"], said["exp"], said["scope"]
        if scope != SCOPE or not isinstance(issued, int) or not isinstance(until, int) or issued > now + LEEWAY:
            raise BadSession
        if now >= until + LEEWAY:
            raise SessionExpired
        return Claims(str(said["sub"]), str(said["sid"]))

    def _verified(self, token: str) -> Mapping[str, object]:
        """The claims of a token that we signed. Times are compared by our own clock, not by the library's."""
        options: jwt.types.Options = {"require": list(CLAIMS), "verify_exp": False, "verify_iat": False}
        try:
            said = str(jwt.get_unverified_header(token).get("kid"))
            key = next((each for each in self.keys if key_id(each) == said), None)
            if key is None:
                raise UnknownKey
            claims: Mapping[str, object] = jwt.decode(
                token, key, [ALGORITHM], options, audience=self._audience, issuer=self.deployment
            )
        except jwt.PyJWTError as error:
            raise BadSession from error
        return claims

    @property
    def _audience(self) -> str:
        return f"{self.deployment}/{SCOPE}"


def key_id(key: str) -> str:
    """What tells signing keys apart, and nothing about them."""
    return sha256(f"session-key|{key}".encode()).hexdigest()[:12]
