"""KIE's Suno API as we call it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from relay.families.kie.records import Wire, pick
from relay.families.kie.suno.words import CREATE_PATH, EXTEND_PATH, OPTIONS, QUERY_PATH, REFUSED, STATES
from relay.families.provider import Carries
from relay.families.reading import (
    MAX_ASSETS,
    Record,
    as_id,
    as_lines,
    as_object,
    as_objects,
    as_seconds,
    as_text,
    is_url,
)
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind, Parent
from relay.nouns.errors import Unfit
from relay.nouns.songs import MAX_TITLE, sung, title_of
from relay.nouns.task import Asset, Role
from relay.nouns.wire import Json


def _write(draft: Draft, source: Source) -> dict[str, object]:
    """KIE requires a callback URL here; every suno route has one, because the kie upstream has `callbacks`."""
    song, instrumental = sung(draft), bool(draft.options.get("instrumental"))
    if len(song.title) > MAX_TITLE:
        raise Unfit("title", f"has at most {MAX_TITLE} characters", f"最多 {MAX_TITLE} 个字符")
    more = {word: draft.options[name] for name, word in OPTIONS.items() if draft.options.get(name) not in (None, "")}
    if draft.parent:
        return {"model": source.model, **_extension(draft, draft.parent), **more}
    if draft.action or "continue_at" in draft.options:
        raise Unfit(
            "action" if draft.action else "continue_at", "needs a song that was made here", "需要在此生成的歌曲"
        )
    body = {"model": source.model, "instrumental": instrumental, **more}
    if not song.lyrics and not song.style:
        if song.title:
            raise Unfit("title", "needs lyrics or a style for this model", "需要歌词或风格")
        return body | {"customMode": False, "prompt": draft.prompt}
    if not song.style:
        raise Unfit("style", "is required with lyrics for this model", "该模型必填")
    # in custom mode the prompt is what is sung, and style and title must be there
    title = song.title or title_of(draft.prompt) or "Untitled"
    return body | {"customMode": True, "prompt": song.lyrics or draft.prompt, "style": song.style, "title": title}


def _extension(draft: Draft, parent: Parent) -> dict[str, object]:
    """The extension of a song: as that was made, or, where anything is said of it, all of it has to be said."""
    options = draft.options
    if options.get("instrumental"):
        raise Unfit("instrumental", "is not taken where a song is extended", "续写歌曲时不支持")
    said = {"lyrics": options.get("lyrics") or draft.prompt, "style": options.get("style")}
    said |= {"title": options.get("title"), "continue_at": options.get("continue_at")}
    body: dict[str, object] = {"audioId": parent.upstream_ref}
    if not any(said.values()):
        return body | {"defaultParamFlag": False}
    for name, value in said.items():
        if not value:
            raise Unfit(name, "is required to extend a song otherwise than it was made", "续写时必填")
    words = {"lyrics": "prompt", "continue_at": "continueAt"}
    return body | {"defaultParamFlag": True} | {words.get(name, name): value for name, value in said.items()}


def _tracks(record: Record) -> list[Record]:
    return as_objects(pick(as_object(pick(record, "response")), "sunoData"))


def _read_assets(record: Record) -> tuple[Asset, ...]:
    return tuple(asset for track in _tracks(record) for asset in _track(track))


def _track(track: Record) -> Iterator[Asset]:
    """A song and its picture, which are known by the same id."""
    url, cover, seconds = pick(track, "audioUrl"), pick(track, "imageUrl"), as_seconds(pick(track, "duration"))
    if not is_url(url):
        return
    ref = as_id(pick(track, "id"))
    yield Asset(url, seconds, as_text(pick(track, "title")) or None, ref=ref)
    if is_url(cover):
        yield Asset(cover, role=Role.COVER, ref=ref)


def _read_facts(record: Record) -> Mapping[str, Json]:
    """What is sung in each track, and its tags."""
    clips: list[Json] = []
    for track in _tracks(record)[:MAX_ASSETS]:
        text, tags = as_lines(pick(track, "prompt")), as_text(pick(track, "tags"))
        if text or tags:
            clips.append({"ref": as_id(pick(track, "id")) or "", "text": text, "tags": tags})
    return {"clips": clips} if clips else {}


_SONG = ("lyrics", "style", "title", "instrumental", "continue_at")
WIRE = Wire(
    create=CREATE_PATH,
    extend=EXTEND_PATH,
    query=QUERY_PATH,
    word_fields=("status",),
    words=STATES,
    carries={Kind.MUSIC: Carries(("", "extend"), options=(*_SONG, *OPTIONS), parent=True)},
    write=_write,
    read_assets=_read_assets,
    read_facts=_read_facts,
    milestones={"TEXT_SUCCESS": 30.0, "FIRST_SUCCESS": 60.0},  # Suno tells stages, not progress
    salvaged=frozenset({"CALLBACK_EXCEPTION"}),  # only telling us failed; the music may be there
    refused=frozenset({REFUSED}),
)
