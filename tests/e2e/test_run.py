"""`python -m local run`: the first five minutes, from nothing to files one can look at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import av
import pytest
from PIL import Image

from local.demo_tasks import DEMO_TASKS
from tests.e2e.fixtures.running import ROOT, eventually

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("run")
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(ROOT / ".pytest_cache/compiled")}
    environment = {**os.environ, **(compiled if sys.dont_write_bytecode else {}), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "local", "run"],
        check=False,
        cwd=folder,
        env={**environment, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return folder / "out", done


Run = tuple[Path, subprocess.CompletedProcess[str]]


def test_it_succeeds(run: Run) -> None:
    assert run[1].returncode == 0, run[1].stdout + run[1].stderr


@pytest.mark.parametrize("word", ["callback", "poll", "refunded", "signed", "the ledger agrees"])
def test_it_says_how_everything_went(run: Run, word: str) -> None:
    assert word in run[1].stdout


def test_every_request_that_is_not_refused_leaves_a_file(run: Run) -> None:
    left = {path.name.partition("-")[0] for path in run[0].glob("*-*.*") if "upload" not in path.name}
    assert left == {str(number) for number, entry in enumerate(DEMO_TASKS, 1) if not entry.ask.refused}


def test_the_pictures_can_be_seen(run: Run) -> None:
    pictures = sorted(run[0].glob("*image*.png"))
    assert pictures
    for path in pictures:
        with Image.open(path) as picture:
            picture.load()
            assert min(picture.size) >= 256


def test_the_videos_play(run: Run) -> None:
    paths = sorted(run[0].glob("*video*.mp4"))
    assert paths
    for path in paths:
        with av.open(str(path)) as video:
            assert sum(1 for _ in video.decode(video=0)) > 24


def test_the_song_can_be_heard_and_the_lyrics_read(run: Run) -> None:
    songs, lyrics = sorted(run[0].glob("*music*.mp3")), sorted(run[0].glob("*text*.txt"))
    assert songs
    for path in songs:
        with av.open(str(path)) as song:
            assert next(song.decode(audio=0)).samples > 0
    assert [path.read_text("utf-8").strip() for path in lyrics] != []


def test_a_page_shows_them(run: Run) -> None:
    page = (run[0] / "index.html").read_text("utf-8")
    assert all(path.name in page for path in run[0].iterdir() if path.suffix in (".png", ".mp4", ".mp3"))


def test_every_line_fits_a_terminal_of_80_columns(run: Run) -> None:
    assert [line for line in run[1].stdout.splitlines() if len(line) > 80] == []


def test_a_run_that_is_interrupted_leaves_the_last_ones_files(run: Run) -> None:
    folder = run[0].parent
    kept = {path.name for path in run[0].iterdir()}
    with subprocess.Popen(
        [sys.executable, "-m", "local", "run"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert eventually((folder / "out.new").exists, 30)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert {path.name for path in run[0].iterdir()} == kept
