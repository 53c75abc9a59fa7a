"""A server that makes everything on its chat route, in a stream: how far it is, and at last the result in a text.

No upstream id is ever told, so that a stream which breaks off is an unknown outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from relay.families.provider import Api, Carries, MediaForm, Mode, Order
from relay.families.reading import (
    MAX_ASSETS,
    Record,
    StreamError,
    as_object,
    as_objects,
    as_text,
    is_url,
    parse,
    read_events,
)
from relay.families.refusals import FULL
from relay.families.sora2api.answers import (
    failed,
    known_row,
    read_card,
    refusal,
    refused,
    speaks_of_limits,
)
from relay.families.sora2api.ordering import CARRIES, check_film, check_picture, film_of, write_model
from relay.families.sora2api.words import CHARACTER_FILM, CHAT, CREATE_CHARACTER
from relay.nouns.draft import Kind, MediaRole
from relay.nouns.task import Asset, Observation, State
from relay.nouns.wire import Answer, Call, Json

ACCEPT = {"accept": "text/event-stream"}
SECONDS = 800.0  # a minute less than a connection may be held, for the source before it; the server would go on for 50

_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)%")
_SOURCES = re.compile(r"src=['\"]([^'\"]+)['\"]")
_PICTURES = re.compile(r"!\[[^\]]{0,200}\]\(([^)\s]+)(\)?)")  # also one that never ends: it is looked through once
_BARE = re.compile(r"https?://[^\s'\"<>()\[\]]+")
_NAME = re.compile(r"@([A-Za-z0-9_.]{1,100})")
MOST_LINES = 100  # of a text, in which a card is looked for
_CROSS = "\N{CROSS MARK}"


@dataclass
class _Stream:
    """What a stream has said so far."""

    of_character: bool
    content: str = ""
    card: Record = field(default_factory=dict)
    progress: float = 0.0
    ended: bool = False

    def take(self, event: Record) -> bool:
        """Whether an event tells more of how far it is."""
        self.card = self.card or (read_card(event) if "card" in event else {})
        choice = next(iter(as_objects(event.get("choices"))), {})
        delta = as_object(choice.get("delta"))
        content, reasoning = delta.get("content"), delta.get("reasoning_content")
        self.content += content if isinstance(content, str) else ""
        self.ended = choice.get("finish_reason") is not None
        told = [float(each) for each in _PERCENT.findall(reasoning)] if isinstance(reasoning, str) else []
        before, self.progress = self.progress, max(self.progress, *(each for each in told if each <= 100.0), 0.0)
        return self.progress > before

    def outcome(self) -> Observation | None:
        """What became of it. None where the stream was cut off before it said so."""
        words = as_text(self.content).lstrip(_CROSS).strip()
        if self.content.lstrip().startswith(_CROSS):
            self._refuse(words)
            return failed(words)
        if self.of_character:
            if card := self.card or (_card(self.content) if self.ended else {}):
                return Observation(State.SUCCEEDED, progress=100.0, facts={"character": card})
        elif assets := _assets(self.content, whole=self.ended):
            return Observation(State.SUCCEEDED, progress=100.0, assets=assets)
        return failed(words or "the stream ended without a result") if self.ended else None

    def _refuse(self, words: str, code: str = "") -> None:
        """Raises Refused for a certain no, as long as nothing was begun."""
        row = known_row(words, code) or (FULL if speaks_of_limits(words) else None)
        if row and not self.progress:
            raise refused(row, words, code)

    def broken(self, error: StreamError) -> Observation:
        """What an event says that ends the stream by an error. Raises Refused."""
        self._refuse(error.words, error.code)
        return failed(error.words, error.code)


def read_stream(chunks: Iterator[bytes], *, of_character: bool = False) -> Iterator[Observation]:
    """Raises Refused before anything was begun. A failure may look like a success: it is known by its text."""
    said = _Stream(of_character)
    try:
        for event in read_events(chunks):
            if said.take(event):
                yield Observation(State.PROCESSING, progress=said.progress)
            if said.ended:
                break
    except StreamError as error:
        yield said.broken(error)
        return
    if seen := said.outcome():
        yield seen


def _assets(content: str, *, whole: bool) -> tuple[Asset, ...]:
    """The results named in a text; a bare address only where the text is whole, for it may be cut off."""
    pictures = [url for url, end in _PICTURES.findall(content) if end]
    found = _SOURCES.findall(content) or pictures or (_BARE.findall(content) if whole else [])
    return tuple(Asset(url) for url in dict.fromkeys(found) if is_url(url))[:MAX_ASSETS]


def _card(content: str) -> Record:
    """The card of a character in a text, as a line of JSON; else the name that the text tells of."""
    lines = (read_card(as_object(parse(line))) for line in content.splitlines()[:MOST_LINES] if line.startswith("{"))
    name = _NAME.search(content)
    return next(filter(None, lines), {}) or ({"username": name[1].rstrip(".")} if name else {})


def write_submit(order: Order) -> Call:
    """Everything but a character. Raises Unfit."""
    draft = order.draft
    (check_picture if draft.kind is Kind.IMAGE else check_film)(draft)
    style = draft.options.get("style")
    text = f"{{{style}}}{draft.prompt}" if style else draft.prompt
    parts = [{"type": "image_url", "image_url": {"url": medium.url}} for medium in draft.media]
    asked: dict[str, Json] = _asked(write_model(order), [{"type": "text", "text": text}, *parts] if parts else text)
    if target := draft.options.get("remix_target"):
        asked["remix_target_id"] = target
    return Call.json("POST", CHAT, asked, ACCEPT)


def _asked(model: str, content: Json) -> dict[str, Json]:
    return {"model": model, "messages": [{"role": "user", "content": content}], "stream": True}


def write_character(order: Order) -> Call:
    film = {"type": "video_url", "video_url": {"url": film_of(order.draft)}}
    return Call.json("POST", CHAT, _asked(CREATE_CHARACTER, [film]), ACCEPT)


def write_character_film(order: Order) -> Call:
    """A film with the character that another film shows, for which some servers have a path."""
    draft, model = order.draft, write_model(order)
    asked = {"model": model, "prompt": draft.prompt, "video": film_of(draft), "stream": True}
    return Call.json("POST", CHARACTER_FILM, asked, ACCEPT)


def read_submit(answer: Answer, _: Order) -> Observation:
    """An answer that is no stream."""
    raise refusal(answer)


API = Api(
    write_submit,
    read_submit,
    read_stream=read_stream,
    mode=Mode.STREAM,
    media_form=MediaForm.DATA,
    seconds=SECONDS,
    carries=CARRIES,
)
CHARACTERS = replace(
    API,
    write_submit=write_character,
    read_stream=partial(read_stream, of_character=True),
    carries={Kind.CHARACTER: Carries(media=(MediaRole.VIDEO,))},
)
CHARACTER_FILMS = replace(
    API, write_submit=write_character_film, carries={Kind.VIDEO: Carries(("character",), (MediaRole.VIDEO,))}
)
