"""The rank test by which a benchmark says that two samples do not differ."""

from __future__ import annotations

import random

import pytest

from benchmarks.ranks import SURE, compare, seen_from

DRAWN = random.Random(7)
SAMPLE, OTHER = ([DRAWN.gauss(30, 1) for _ in range(300)] for _ in range(2))


def test_samples_of_the_same_do_not_differ_and_a_shift_is_seen() -> None:
    assert compare(SAMPLE, SAMPLE).greater == pytest.approx(0.5)
    assert compare(SAMPLE, SAMPLE).p == pytest.approx(1, abs=0.01)
    assert compare(SAMPLE, OTHER).p > 0.05
    later = compare(SAMPLE, [value + 0.5 for value in OTHER])
    assert later.p < SURE
    assert 0.6 < later.greater < 0.7
    assert 0.1 < seen_from(SAMPLE, OTHER, 0.01) < 0.5


def test_a_published_example_has_its_published_answer() -> None:
    """Hollander and Wolfe's permeability of membranes, whose exact two-sided p is 0.2544, W being 35; ten is few for a
    normal approximation."""
    term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    weeks = [1.15, 0.88, 0.90, 0.74, 1.21]
    ranked = compare(weeks, term)
    assert ranked.greater * 50 == 35
    assert ranked.p == pytest.approx(0.2544, abs=0.01)


def test_ties_count_half() -> None:
    assert compare([1, 1, 1], [1, 1, 1]).p == 1
    assert compare([1, 2], [1, 2]).greater == 0.5
