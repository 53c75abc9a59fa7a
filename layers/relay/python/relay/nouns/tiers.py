"""Tiers of accounts: who may buy and bring how much."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be uploaded in a day."""

    files: int
    megabytes: int


UPLOADS = Allowance(files=100, megabytes=500)  # where the catalog does not say
UNPAID_UPLOADS = Allowance(files=5, megabytes=20)  # the same


@dataclass(frozen=True, slots=True)
class LineLimits:
    """What a tier may ask of language models: requests per minute, key and container, requests at once per key, tokens
    per month, and whether premium models."""

    per_minute: int
    at_once: int
    tokens_per_month: int
    premium: bool


MAX_KEYS = 10  # the same
# where the catalog does not say
LINES = LineLimits(per_minute=60, at_once=10, tokens_per_month=1_000_000, premium=True)


@dataclass(frozen=True, slots=True)
class Tier:
    """Creations per minute and day, tasks not yet ended at any moment, reads per minute, key and container, what may be
    uploaded, what may be asked of language models, and how many keys the account's owner may have."""

    level: int
    name: str
    per_minute: int
    per_day: int
    in_flight: int
    reads_per_minute: int = 600
    uploads: Allowance = UPLOADS
    lines: LineLimits = LINES
    max_keys: int = MAX_KEYS
