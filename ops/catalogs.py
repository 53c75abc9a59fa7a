"""Checks a catalog before it is deployed: its folder, or one file that holds all of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from ops.terms import OperatorError
from relay.catalog.file import FILES, CatalogError, load, place
from relay.catalog.toml_table import Path as Place
from relay.families import FAMILIES, provider
from relay.flow.fit import dry_run
from relay.nouns.catalog import Catalog, Model
from relay.nouns.draft import Draft
from relay.nouns.errors import RelayError

console = Console(highlight=False, markup=False, soft_wrap=True)


def catalog_check(_: object, given: argparse.Namespace) -> None:
    """Say what the catalog sells. Raises OperatorError with the file and line of what is wrong in it."""
    at = Path(given.path)
    texts = {str(file): _text(file) for file in _files(at)}
    try:
        catalog = load(texts)
    except CatalogError as error:
        raise OperatorError(_located(at, error.file, error.line, error.problem)) from error
    if wrong := next(_wrong(catalog), None):
        where, problem = wrong
        raise OperatorError(_located(at, *place(texts, where), problem))
    names = sum(
        len(offer.models) for menu in catalog.menus.values() for sold in menu.values() for offer in sold.values()
    )
    console.print(
        f"{at} is well: {len(catalog.models)} models by {len(catalog.upstreams)} upstreams, under {names} names on "
        f"{len(catalog.menus)} menus, {len(catalog.tiers)} tiers, {len(catalog.plans)} plans, "
        f"prices in {catalog.currency}"
    )


def _files(at: Path) -> list[Path]:
    """A folder's files; a single file is a whole catalog, or stands for the folder whose part it is."""
    if at.name in FILES and at.is_file():
        at = at.parent
    return [at / name for name in FILES] if at.is_dir() else [at]


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file} cannot be read: {error}") from error


def _located(at: Path, file: str, line: int | None, problem: str) -> str:
    return f"{file or at}{f':{line}' if line else ''}: {problem}"


def _wrong(catalog: Catalog) -> Iterator[tuple[Place, str]]:
    """What the loader cannot know: families that nothing speaks, and APIs their provider does not have."""
    known = ", ".join(FAMILIES)
    for name, upstream in catalog.upstreams.items():
        if upstream.family not in FAMILIES:
            yield ("upstreams", name, "family"), f'"{upstream.family}" is no provider; there are: {known}'
    for name, menu in catalog.menus.items():
        if name not in FAMILIES:
            first = next(((word, *kinds) for word, kinds in menu.items()), ())
            yield ("menus", name, *first), f'"{name}" is no dialect; there are: {known}'
    for model in catalog.models.values():
        yield from _misrouted(catalog, model)


def _misrouted(catalog: Catalog, model: Model) -> Iterator[tuple[Place, str]]:
    for number, source in enumerate(model.sources):
        try:
            if model.rates:
                provider(catalog.upstreams[source.upstream].family).inference[source.api]
                continue
            dry_run(catalog, Draft("", source.label, model.kind, model.name, "a prompt"), source)
        except RelayError:
            continue  # it knows the API, and wants more than this bare request
        except LookupError:
            yield ("models", model.name, "sources", number), f'{source.upstream} has no API "{source.api}"'
