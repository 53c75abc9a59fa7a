"""The table of docs/families.md is what the catalog and the translators say now."""

from __future__ import annotations

from dataclasses import replace

from ops.families import PAGE, platforms, table, written
from relay.catalog.file import shipped
from relay.nouns.catalog import Source


def cells(catalog_table: str, made_by: str) -> list[str]:
    """The one row of what this source makes."""
    rows = [[cell.strip() for cell in line[2:-2].split(" | ")] for line in catalog_table.splitlines()]
    (row,) = (row for row in rows if row[2] == made_by)
    return row


def test_the_page_is_written_from_the_catalog() -> None:
    page = PAGE.read_text("utf-8")
    assert page == written(page, shipped()), "python -m ops.families writes it"


def test_the_table_says_what_is_lost_where_another_family_makes_it() -> None:
    catalog = shipped()
    model = catalog.models["gpt4o-image"]
    lent = replace(model, sources=(*model.sources, Source("aistudio", "gpt-4o", label="krea", counts=(1, 2))))
    menus = {"kie": catalog.menus["kie"]}  # what other clients of the model may ask for besides is not the point
    text = table(replace(catalog, models={**catalog.models, lent.name: lent}, menus=menus))
    own, other = cells(text, "kie gpt4o-image `gpt4o-image`"), cells(text, "aistudio krea `gpt-4o`")

    hints = "`enhance_prompt`, `upload_cn`, `enable_fallback`, `fallback_model`"
    elsewhere, others = own[7:]  # what other APIs alone take of a picture, and their hints: both grow with each family
    assert own[6] == f"a picture, 5 pictures, a mask, {hints}"
    assert other[3:7] == ["1-2", "", "as asked", ""]
    assert other[7] == f"a picture, 5 pictures, a mask, {elsewhere}".removesuffix(", ")
    assert sorted(other[8].split(", ")) == sorted(f"{hints}, {others}".removesuffix(", ").split(", "))


def test_a_platforms_row_says_what_its_clients_lose_in_another_family() -> None:
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in platforms(shipped()).splitlines()]
    lost = ["next of 10, 15", "nearest of 16:9, 9:16", "`extend`", ""]
    assert ["aistudio sora", "video", "sora2api", "`sora-2`", *lost] in rows
    assert not [row for row in rows if row[0].startswith("aistudio") and row[2] == "aistudio"]
