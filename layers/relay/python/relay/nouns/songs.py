"""A song whose words are given, as upstreams take one: beside them it has a style and a title, but no prompt."""

from __future__ import annotations

from typing import NamedTuple

from relay.nouns.draft import Draft

MAX_TITLE, MAX_STYLE = 80, 200  # characters; the smallest limits that upstreams have


class Song(NamedTuple):
    """Each is empty where it is not said."""

    lyrics: str
    style: str
    title: str


def sung(draft: Draft) -> Song:
    """What a draft says of a song. Beside words to sing, the prompt serves as the style and the title not given."""
    lyrics, style, title = (str(draft.options.get(name) or "") for name in ("lyrics", "style", "title"))
    if not lyrics:
        return Song("", style, title)
    return Song(lyrics, style or draft.prompt[:MAX_STYLE], title or title_of(draft.prompt))


def title_of(prompt: str) -> str:
    return " ".join(prompt.split())[:MAX_TITLE].strip()
