"""Checks a catalog file before it is deployed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from ops.deployment import OperatorError
from relay.catalog.file import CatalogError, load
from relay.catalog.toml_table import Path as Place
from relay.catalog.toml_table import line_of
from relay.families import FAMILIES as ASKED
from relay.families import FAMILIES as SPOKEN
from relay.families import provider
from relay.families.provider import Account
from relay.nouns.catalog import Catalog, Model, Platform
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import RelayError

console = Console(highlight=False, markup=False, soft_wrap=True)


def catalog_check(_: object, given: argparse.Namespace) -> None:
    """Say what the file sells. Raises OperatorError with the line of what is wrong in it."""
    try:
        text = Path(given.file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{given.file} cannot be read: {error}") from error
    try:
        catalog = load(text)
    except CatalogError as error:
        raise OperatorError(f"{given.file}{f':{error.line}' if error.line else ''}: {error.problem}") from error
    if wrong := next(_wrong(catalog), None):
        place, problem = wrong
        raise OperatorError(f"{given.file}:{line_of(text, place)}: {problem}")
    models = sum(len(offer.models) for each in catalog.platforms.values() for offer in each.offers.values())
    console.print(
        f"{given.file} is well: {models} models on {len(catalog.platforms)} platforms by {len(catalog.upstreams)} "
        f"upstreams, {len(catalog.tiers)} tiers, prices in {catalog.currency}"
    )


def _wrong(catalog: Catalog) -> Iterator[tuple[Place, str]]:
    """What the loader cannot know: families that nothing speaks, and APIs their provider does not have."""
    for name, upstream in catalog.upstreams.items():
        if upstream.family not in ASKED:
            yield ("upstreams", name, "family"), f'"{upstream.family}" is no provider; there are: {", ".join(ASKED)}'
    for platform in catalog.platforms.values():
        if platform.family not in SPOKEN:
            place = ("platforms", platform.name, "family")
            yield place, f'"{platform.family}" is no dialect; there are: {", ".join(SPOKEN)}'
        for kind, offer in platform.offers.items():
            for model in offer.models.values():
                yield from _misrouted(catalog, platform, kind, model)


def _misrouted(catalog: Catalog, platform: Platform, kind: Kind, model: Model) -> Iterator[tuple[Place, str]]:
    for number, source in enumerate(model.sources):
        upstream = catalog.upstreams[source.upstream]
        asked = Draft(platform.family, platform.name, kind, model.name, "a prompt", size="1:1")
        try:
            provider(upstream.family, Account(upstream.base_url, "key")).write_submit(asked, source, None)
        except RelayError:
            continue  # it knows the API, and wants more than this bare request
        except LookupError:
            place = ("platforms", platform.name, kind.value, "models", model.name, "sources", number)
            yield place, f'{source.upstream} has no API "{source.api}"'
