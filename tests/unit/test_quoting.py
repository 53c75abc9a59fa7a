"""An upstream's words in the log: an operator can read them, and nobody's request, key or link is among them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from relay.flow.quoting import MAX_CHARACTERS, WINDOW, quote
from tests.axes import table

PROMPT = "a red fox asleep under the old lighthouse"


@table(
    "said, logged",
    [
        ("the size is wrong", "the size is wrong"),
        ("the size\r\n is\twrong", "the size is wrong"),
        (f"cannot make '{PROMPT}' today", "cannot make '[...]' today"),
        ("banned: A RED FOX asleep", "banned: [...]"),
        ("see https://s3.example/bucket/key?X-Amz-Signature=abc, please", "see https://s3.example/... please"),
        ("at HTTP://u:p@files.example/a", "at HTTP://files.example/..."),
        ("key sk-EXAMPLE is odd", "key *** is odd"),
        ("token 0123456789abcdef0123456789abcdef", "token ***"),
        ("x " * 999, ("x " * 100)[:MAX_CHARACTERS]),
        ("", ""),
    ],
)
def test_what_is_quoted(said: str, logged: str) -> None:
    assert quote(said, PROMPT, "") == logged


def test_a_chinese_request_is_not_repeated() -> None:
    assert quote("提示词「一只红色的狐狸」不合规", "画一只红色的狐狸在灯塔下") == "提示词「[...]」不合规"


def test_a_short_request_is_not_repeated() -> None:
    assert quote("no cat here", "cat") == "no [...] here"


@given(st.text(max_size=60), st.text(min_size=1, max_size=60), st.text(max_size=60))
def test_no_run_of_a_request_comes_through(before: str, prompt: str, after: str) -> None:
    private = " ".join(prompt.split()).encode(errors="ignore").lower()
    kept = quote(before + prompt + after, prompt).encode().lower().split(b"[...]")
    windows = {private[at : at + WINDOW] for at in range(len(private) - WINDOW + 1)}
    assert not [window for window in windows for part in kept if window in part]
