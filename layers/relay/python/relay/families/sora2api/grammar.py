"""What a prompt may hold beside what is to be seen: shots of a storyboard, a style, a film to remake."""

from __future__ import annotations

import re
from typing import NamedTuple

from relay.families.sora2api.words import STYLES
from relay.nouns.errors import InvalidParameter

_SHOT = re.compile(r"\[([0-9]{1,6}(?:\.[0-9]{1,6})?)s\]")
_STYLE = re.compile(r"\{(\w{1,20})\}", re.ASCII)
_TARGET = re.compile(r"(?:https?://[\w./-]{1,200}/p/)?\b(s_[a-f0-9]{32})\b(?:\?[\w=&%.~-]{1,200})?", re.ASCII)
_CUT = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?),([0-9]{1,4}(?:\.[0-9]{1,3})?)")


class Shot(NamedTuple):
    seconds: float
    text: str


def is_storyboard(prompt: str) -> bool:
    return _SHOT.search(prompt) is not None


def read_shots(prompt: str) -> list[Shot]:
    """The shots of a storyboard, each a time in brackets and what is seen. Raises InvalidParameter for `prompt`.

    A bracket that is not a time would end a shot's text where nobody meant it to.
    """
    overall, *parts = _SHOT.split(prompt)
    shots = [Shot(float(time), text.strip()) for time, text in zip(parts[::2], parts[1::2], strict=True)]
    if not shots:
        raise InvalidParameter(
            "prompt", "must hold shots like [5.0s]a cat wakes [5.0s]it stretches", "必须包含分镜，如 [5.0s]…"
        )
    if "[" in overall or any("[" in shot.text for shot in shots):
        raise InvalidParameter("prompt", "has a bracket that is no time like [5.0s]", "方括号只能是如 [5.0s] 的时间")
    if any(not shot.text or not shot.seconds for shot in shots):
        raise InvalidParameter("prompt", "has a shot without a length or without a text", "分镜缺少时长或内容")
    return shots


def take_style(prompt: str) -> tuple[str, str | None]:
    """The prompt without the style it names in braces, and that style. Other words in braces stay."""
    for found in _STYLE.finditer(prompt):
        if found[1].lower() in STYLES:
            return _without(prompt, found), found[1].lower()
    return prompt, None


def take_target(prompt: str) -> tuple[str, str | None]:
    """The prompt without the film of Sora's it names by an id or a share link, and that id."""
    found = _TARGET.search(prompt)
    return (_without(prompt, found), found[1]) if found else (prompt, None)


def read_target(field: str, said: str) -> str:
    """The id in a field that holds one, or a share link. Raises InvalidParameter."""
    found = _TARGET.fullmatch(said.strip())
    if found is None:
        raise InvalidParameter(field, "must be like s_ and 32 hexadecimal digits", "必须是 s_ 加 32 位十六进制字符")
    return found[1]


def read_cut(field: str, said: str) -> str:
    """The seconds of a film from which to which a character is seen. Raises InvalidParameter."""
    found = _CUT.fullmatch(said)
    if found is None or float(found[1]) >= float(found[2]):
        raise InvalidParameter(field, "must be two times in seconds like 0,3", "必须是如 0,3 的两个秒数")
    return said


def _without(prompt: str, found: re.Match[str]) -> str:
    before, after = prompt[: found.start()].rstrip(), prompt[found.end() :].lstrip()
    return f"{before} {after}".strip()
