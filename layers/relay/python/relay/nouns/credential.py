"""How our key travels to an upstream: the kinds the catalog may name, and what of a key must never come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from relay.nouns.signing import key_token

MASK = b"sk-***"  # for our own key, where an upstream repeats it
SHORTEST_SECRET = 8  # characters; a shorter one may stand in an answer by chance


class Credential(NamedTuple):
    """A header, and what goes before the key in it. `sign` makes what travels instead of the key, at a Unix second;
    it raises ValueError for a key that is not of its form."""

    header: str
    before: str = ""
    sign: Callable[[str, int], str] | None = None

    def write(self, key: str, now: int) -> str:
        """The value of the header."""
        return self.before + (self.sign(key, now) if self.sign else key)

    def hidden(self, key: str, value: str) -> list[bytes]:
        """What is masked in answers, longest first: the key, its parts, and what was sent."""
        secrets = {key, *(key.split(":") if self.sign else ()), value.removeprefix(self.before)}
        return sorted((each.encode() for each in secrets if len(each) >= SHORTEST_SECRET), key=len, reverse=True)


BEARER = Credential("authorization", "Bearer ")
X_API_KEY = Credential("x-api-key")

# By the word the catalog names them with.
CREDENTIALS: Mapping[str, Credential] = {
    "bearer": BEARER,
    "x-api-key": X_API_KEY,
    "x-goog-api-key": Credential("x-goog-api-key"),  # Google itself
    "mj-api-secret": Credential("mj-api-secret"),  # a bare Midjourney proxy
    "kling-jwt": Credential("authorization", "Bearer ", key_token),  # Kling itself: the key is ACCESS:SECRET
}


def mask(chunks: Iterator[bytes], secrets: Sequence[bytes]) -> Iterator[bytes]:
    """What comes, with each secret masked also where two pieces share it; only what may begin one is kept back."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        for secret in secrets:
            rest = rest.replace(secret, MASK)
        kept = max((_begun(rest, secret) for secret in secrets), default=0)
        if told := rest[: len(rest) - kept]:
            yield told
        rest = rest[len(rest) - kept :]
    if rest:
        yield rest


def mask_whole(data: bytes, secrets: Sequence[bytes]) -> bytes:
    """The same of what is there as a whole."""
    for secret in secrets:
        data = data.replace(secret, MASK)
    return data


def _begun(text: bytes, secret: bytes) -> int:
    """How many bytes at the end of the text are the beginning of the secret."""
    return next((size for size in range(len(secret) - 1, 0, -1) if text.endswith(secret[:size])), 0)
