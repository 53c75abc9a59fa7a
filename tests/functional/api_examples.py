"""The examples in docs/api.md as a relay answers now; `python -m tests.functional.api_examples` writes them there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from relay.edge.wiring import catalog
from relay.families import dialect
from relay.nouns.catalog import Catalog
from relay.nouns.faults import SENTENCES
from relay.nouns.tiers import Tier
from relay.nouns.wire import Answer, Json
from tests.contract.clients import asks_of, creations_of, pointed, shape_at
from tests.functional.harness import Harness, harness, open_account, simulated
from tests.samples import sample
from tests.speaking import SPOKEN

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/api.md"
BLOCK = re.compile(r"(<!-- example: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
NOBODY = "019b76da-a870-7000-8000-0000000000ff"


@dataclass
class Examples:
    """A relay, and what was asked and answered there, by the name of the block it goes to."""

    here: Harness
    blocks: dict[str, str] = field(default_factory=dict)

    def show(self, name: str, method: str, path: str, body: object = None, **how: Any) -> Any:
        status, document, _ = self.here.exchange(method, path, body, **how)
        sent = (
            pretty(body) if body is not None else "(multipart/form-data, one part named file)" if "raw" in how else ""
        )
        asked = f"{method} {path}\n{sent}".strip()
        self.blocks[name] = f"```http\n{asked}\n\n{status}\n{pretty(document)}\n```\n"
        return document

    def end(self, state: str = "succeeded", file: str = "png") -> None:
        """Let all jobs end so, and the results be files of this type."""
        self.here.network.script["file"] = [Answer(200, sample(file))]
        self.here.network.finish(state)
        self.here.run(90, step=30)

    def callback(self, name: str) -> None:
        told = self.here.told[-1]
        self.blocks[name] = f"```json\n{pretty(json.loads(told.body))}\n```\n"


def pretty(document: object) -> str:
    short = json.dumps(document, ensure_ascii=False)
    return short if len(short) <= 100 else json.dumps(document, ensure_ascii=False, indent=2)


def examples() -> dict[str, str]:
    """Every block of the document by name: `tests/fixtures/NAME/examples.py` says what is asked of each family, of a
    relay whose upstreams do as they are told (EXAMPLES) and of one whose upstreams are simulated (SIMULATED)."""
    with harness(archive=True) as here:
        shown = _asked(here, "EXAMPLES")
    with simulated() as other:
        shown |= _asked(other, "SIMULATED")
        _poor_accounts(other)
        for family in SPOKEN:
            shown[f"{family}-errors"] = table([["HTTP", "code", "body"], *_errors(other, family)])
    return {name: steady(text) for name, text in (shown | _tables(catalog())).items()}


def _asked(here: Harness, which: str) -> dict[str, str]:
    shown = Examples(here)
    for family in SPOKEN:
        for ask in getattr(_examples_of(family), which):
            ask(shown)
    return shown.blocks


def _examples_of(family: str) -> Any:
    return import_module(f"tests.fixtures.{family}.examples")


def _poor_accounts(here: Harness) -> None:
    """Accounts that are refused: for their balance, their status, their minute and their unfinished tasks."""
    one = Tier(1, "one", per_minute=1, per_day=9, in_flight=9)
    tiers = {1: one, 2: replace(one, level=2, per_minute=9, in_flight=1), 3: here.services.catalog.tiers[3]}
    here.services = replace(here.services, catalog=replace(here.services.catalog, tiers=tiers))
    for name, balance, tier in (("empty", "0", 3), ("frozen", "9", 3), ("minute", "9", 1), ("flight", "9", 2)):
        open_account(here, name, f"sk-EXAMPLE-{name}", balance, tier)
    here.services.store.accounts.change("frozen", status="frozen")


def _errors(here: Harness, family: str) -> Iterator[list[str]]:
    """Every error a reply can hold, brought about by a request; of a family without creations, as it writes them."""
    path, refusals = dialect(family).routes[0].path, _written_errors(family)
    if creations := creations_of(family):
        (path, made), *_ = creations.items()
        refusals = _refusals(here, family, path, dict(made.body))
    for status, document, headers in refusals:
        code = pointed(document, shape_at(family, path, "NOT_FOUND").code)
        extra = "".join(f" `{name}: {headers[name]}`" for name in ("retry-after", "allow") if name in headers)
        yield [f"{status}{extra}", f"`{code}`", f"`{json.dumps(document, ensure_ascii=False)}`"]


def _written_errors(family: str) -> Iterator[tuple[int, Any, Mapping[str, str]]]:
    for error in _examples_of(family).ERRORS:
        reply = dialect(family).write_error(error, "")
        yield reply.status, json.loads(reply.body), reply.headers


def _refusals(
    here: Harness, family: str, path: str, body: dict[str, Json]
) -> Iterator[tuple[int, Any, Mapping[str, str]]]:
    for name in ("minute", "flight"):  # what uses up their limits
        here.post(path, body, key=f"sk-EXAMPLE-{name}")
    yield here.exchange("POST", path, {**body, "prompt": 1})
    yield here.exchange("POST", path, {name: value for name, value in body.items() if name not in ("prompt", "size")})
    for refused in _examples_of(family).REFUSED:
        yield here.exchange(*refused)
    yield here.exchange("POST", path, body, key=None)
    for key in ("nobody", "empty", "frozen"):
        yield here.exchange("POST", path, body, key=f"sk-EXAMPLE-{key}")
    method, where, asked = asks_of(family)[0].about(NOBODY)
    yield here.exchange(method, where, asked)
    yield here.exchange("POST", path + "/nowhere", body)
    yield here.exchange("PUT", path, body)
    for key in ("minute", "flight"):
        yield here.exchange("POST", path, body, key=f"sk-EXAMPLE-{key}")
    whole = here.services
    here.services = replace(whole, secrets=Broken())  # type: ignore[arg-type]
    here.__post_init__()
    yield here.exchange("POST", path, body)
    here.services = whole
    here.__post_init__()


class Broken:
    """Secrets that cannot be read: a fault of ours."""


def _tables(sold: Catalog) -> dict[str, str]:
    limits = [["tier", "creations a minute", "a day", "unfinished at once", "reads a minute and key"]]
    limits[0] += ["files a day", "MB of files a day"]
    for tier in sold.tiers.values():
        figures: tuple[int, ...] = (tier.per_minute, tier.per_day, tier.in_flight, tier.reads_per_minute)
        figures += (tier.uploads.files, tier.uploads.megabytes)
        limits.append([tier.name, *(f"{limit:,}" for limit in figures)])
    faults = [["cause", "English (KIE)", "Chinese (AI Studio)"]]
    faults += [[f"`{code}`", *texts] for code, texts in SENTENCES.items()]
    return {"limits": table(limits), "faults": table(faults)}


def table(rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]) + "\n"


def steady(text: str) -> str:
    """What differs from run to run, made alike: ids in the order they come up, signatures left out."""
    ids = list(dict.fromkeys(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)))
    for number, found in enumerate(ids, 1):
        text = text.replace(found, f"019b76da-a870-7000-8000-{number:012}")
    text = re.sub(r"rt-[0-9a-f]{96}|eyJ[\w.-]+", lambda token: f"{token[0][:3]}…", text)
    text = re.sub(r'("id": )"[0-9a-f]{10}"', r'\1"4f2a9c01b7"', text)
    text = re.sub(r"signature=[0-9a-f]+", "signature=…", text)
    text = re.sub(r"files\.example/[0-9a-f]{32}", "files.example/…", text)
    text = re.sub(r"(amazonaws\.com/[^\"?]+\?)[^\"]+", r"\1…", text)
    text = re.sub(r'("(?:policy|[xX]-[aA]mz-[\w-]+|x-amz-[\w-]+)": )"[^"]*"', r'\1"…"', text)
    return re.sub(r'"trace_id": "[^"]*"', '"trace_id": "JKJaXmPLvHcESHA="', text)


def written(document: str, blocks: dict[str, str]) -> str:
    """The document with its examples as they are now."""
    return BLOCK.sub(lambda match: match[1] + blocks[match[2]] + match[3], document)


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8"), examples()), "utf-8")
