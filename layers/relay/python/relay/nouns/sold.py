"""What a dialect's clients call the models that are sold: its menu's names, and the catalog's own beside them."""

from __future__ import annotations

from collections.abc import Mapping

from relay.nouns.catalog import Catalog, Model


def sold(catalog: Catalog, dialect: str) -> Mapping[str, Model]:
    """The models on a dialect's menus, by the names that its clients use."""
    offers = (offer for kinds in catalog.menus.get(dialect, {}).values() for offer in kinds.values())
    return {name: model for offer in offers for name, model in offer.models.items()}


def catalog_name(catalog: Catalog, dialect: str, name: str) -> str | None:
    """The catalog's name of a model that a client names, by its dialect's word or by the catalog's; else None."""
    found = sold(catalog, dialect).get(name)
    return found.name if found else name if name in catalog.models else None


def client_name(catalog: Catalog, dialect: str, model: str) -> str:
    """What a dialect's clients call a model of the catalog; the catalog's name where they cannot ask for it."""
    names = sorted(name for name, each in sold(catalog, dialect).items() if each.name == model)
    return model if model in names or not names else names[0]
