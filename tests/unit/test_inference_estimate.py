"""How many tokens a request is taken to use at most, before it is sent."""

from __future__ import annotations

from relay.families.inference_requests import BYTES_PER_TOKEN, TOKENS_PER_FILE, estimate_input
from relay.nouns.wire import Json
from tests.axes import table

LONG = 30_000


def said(content: Json) -> Json:
    return {"messages": [{"role": "user", "content": content}]}


@table("text", ["word " * (LONG // 5), "a" * LONG, "word_" * (LONG // 5), "海" * (LONG // 3)])
def test_a_text_counts_by_its_length_whatever_it_looks_like(text: str) -> None:
    assert LONG // BYTES_PER_TOKEN < estimate_input(said(text)) < LONG // BYTES_PER_TOKEN + 40


@table(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://pictures.example/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * LONG}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * LONG}},
        {"inlineData": {"mimeType": "image/png", "data": "A" * LONG}},
        {"type": "input_audio", "input_audio": {"data": "A" * LONG, "format": "mp3"}},
        {"fileData": {"fileUri": "gs://bucket/film.mp4"}},
    ],
)
def test_a_file_counts_as_one_whether_its_bytes_come_or_its_address(part: Json) -> None:
    assert TOKENS_PER_FILE < estimate_input(said([part])) < TOKENS_PER_FILE + 60


def test_a_large_file_counts_for_more() -> None:
    assert estimate_input(said([{"inlineData": {"data": "A" * 4_000_000}}])) > 40_000
