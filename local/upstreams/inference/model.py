"""What a simulated model makes of a request, whatever the shape it is asked in: the same request, the same words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from relay.nouns.wire import Json

THINKING = re.compile(r"think|reason|-pro\b")  # models with such names think before they answer
SENTENCES = (
    "It depends on what you have at hand.",
    "Most people begin with the simplest part and look at the result.",
    "A folded paper boat floats for about as long as a cup of tea stays warm.",
    "The café on the corner — 纸船 in its window — has one 🛶 on show.",
    "Write down what you measured before you change anything.",
    "Two of three readers preferred the shorter version.",
    "In the end the numbers decide, not the taste.",
)
THOUGHT = "The question is short, so the answer should be short as well."
PICTURE_TOKENS = 85
CACHED_FROM = 1024  # a prompt is taken from a cache from this many tokens on, in whole blocks
CACHE_BLOCK = 128


class Tool(NamedTuple):
    name: str
    parameters: Json  # JSON Schema


class Called(NamedTuple):
    name: str
    arguments: dict[str, Json]

    @property
    def id(self) -> str:
        return f"call_{digest(self.name, self.text)[:24]}"

    @property
    def text(self) -> str:
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True)
class Asked:
    """A request, of any shape. `choice` is "auto", "none", "any", or the name of the tool to call."""

    model: str
    prompt: str  # the text of the last message
    read: int  # tokens of all that is sent
    tools: Sequence[Tool] = ()
    choice: str = "auto"
    answers_tool: bool = False  # the last message is what a tool said
    schema: Json | None = None  # of a JSON answer; an empty one for any
    limit: int | None = None  # tokens of an answer
    count: int = 1

    @property
    def cached(self) -> int:
        """How many of the tokens read are told as cached."""
        return self.read // CACHE_BLOCK * CACHE_BLOCK if self.read >= CACHED_FROM else 0


@dataclass(frozen=True)
class Said:
    """One answer: a text, or a call of a tool. `cut`: it met the limit."""

    text: str
    thought: str = ""
    call: Called | None = None
    cut: bool = False

    @property
    def thinking(self) -> int:
        return tokens(self.thought)

    @property
    def tokens(self) -> int:
        """Without the thinking."""
        return tokens(self.text) + (tokens(f"{self.call.name} {self.call.text}") if self.call else 0)


def digest(*parts: object) -> str:
    return sha256("\0".join(map(str, parts)).encode()).hexdigest()


def tokens(text: str) -> int:
    """Four for three words, rounded up."""
    return -(-len(text.split()) * 4 // 3)


def strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def tokens_of(*values: Json) -> int:
    """Of all the text within; a link or inline data is a picture."""
    return sum(PICTURE_TOKENS if re.match(r"data:|https?://", each) else tokens(each) for each in strings(values))


def text_of(content: Json) -> str:
    """A message's content: a string, or parts of which some are text."""
    parts = content if isinstance(content, list) else [content]
    texts = (part.get("text", "") if isinstance(part, dict) else part for part in parts)
    return " ".join(text for text in texts if isinstance(text, str))


def pieces(text: str, words: int = 1) -> list[str]:
    """A text as it is streamed: so many words at a time."""
    found = re.findall(r"\s*\S+\s*", text)
    return ["".join(found[at : at + words]) for at in range(0, len(found), words)]


def say(asked: Asked) -> list[Said]:
    thought = THOUGHT if THINKING.search(asked.model) else ""
    if tool := _wanted(asked):
        return [Said("", thought, Called(tool.name, example(tool.parameters, asked.prompt)))] * asked.count
    return [_said(asked, thought, number) for number in range(asked.count)]


def _said(asked: Asked, thought: str, number: int) -> Said:
    text = _prose(asked, number)
    if asked.schema is not None:
        text = json.dumps(example(asked.schema, text) if asked.schema else {"answer": text}, ensure_ascii=False)
    if asked.limit is None or tokens(text) <= asked.limit:
        return Said(text, thought)
    return Said("".join(pieces(text)[: asked.limit * 3 // 4]).rstrip(), thought, cut=True)


def _prose(asked: Asked, number: int) -> str:
    first = int(digest(asked.model, asked.prompt)[:8], 16) + number
    chosen = [SENTENCES[(first + step) % len(SENTENCES)] for step in range(3)]
    return " ".join((f'You asked: "{asked.prompt[:80].strip()}".', *chosen))


def _wanted(asked: Asked) -> Tool | None:
    """The tool to call: the one that must be, else one of whose name a word is in the last message."""
    if asked.choice == "none" or not asked.tools:
        return None
    if asked.choice not in ("auto", "any"):
        return next((tool for tool in asked.tools if tool.name == asked.choice), None)
    said = set() if asked.answers_tool else set(re.findall(r"[a-z]{4,}", asked.prompt.lower()))
    named = (tool for tool in asked.tools if said & set(re.findall(r"[a-z]{4,}", tool.name.lower())))
    return next(named, asked.tools[0] if asked.choice == "any" else None)


def example(schema: Json, text: str) -> Json:
    """A value that a JSON Schema allows; `text` where a string goes."""
    kind, schema = (str(schema.get("type", "object")).lower(), schema) if isinstance(schema, dict) else ("object", {})
    if schema.get("enum"):
        return schema["enum"][0]
    if kind == "object":
        return {name: example(each, text) for name, each in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {"type": "string"}), text)]
    return {"integer": 3, "number": 0.5, "boolean": True, "null": None}.get(kind, text)
