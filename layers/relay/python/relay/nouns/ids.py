"""Ids that sort by time."""

from __future__ import annotations

from uuid import UUID


def uuid7(now: int, random: int) -> str:
    """UUIDv7 text of an instant (Unix ms) and 74 random bits: sorts by time, looks like any UUID (RFC 9562)."""
    rand_a, rand_b = (random >> 62) & 0xFFF, random & ((1 << 62) - 1)
    return str(UUID(int=(now & ((1 << 48) - 1)) << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b))
