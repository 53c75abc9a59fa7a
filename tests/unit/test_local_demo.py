"""The table that `make run` prints: every row on one line of an 80-column terminal."""

from __future__ import annotations

import io

from rich.console import Console

from local.demo import table_of


def test_rows_with_the_longest_names_stand_on_one_line_each() -> None:
    printed = io.StringIO()
    made = ("image → video", "aistudio → aistudio", "callback", "12.3", "¥3.00", "signed", "12-music.mp3 +1")
    refused = ("image refused", "sora2api → aistudio", "submit", "0.4", "¥0.00", "signed", "¥0.28 refunded")
    Console(file=printed, width=80).print(table_of([made, refused]))
    lines = printed.getvalue().splitlines()
    assert max(len(line) for line in lines) <= 80
    assert [line.split() for line in lines[-2:]] == [" ".join(row).split() for row in (made, refused)]
