from pathlib import Path

import numpy as np
import pytest

from genre.songs import text
from genre.songs.prediction import Song, TimedPrediction

GENRES = ["jazz", "pop", "rock", "blues"]


def moment(start: float, genre: str) -> TimedPrediction:
    return TimedPrediction(start, start + 20, np.where(np.array(GENRES) == genre, 0.7, 0.1))


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.6, "1:00"), (187, "3:07"), (3599.9, "1:00:00"), (3765, "1:02:45")]
)
def test_a_clock_shows_minutes_seconds_and_hours(seconds, shown):
    assert text.clock(seconds) == shown


def test_a_bar_is_as_long_as_its_share():
    assert text.bar(0.0) == "" and text.bar(1.0) == "█" * 24
    assert text.bar(0.5) == "█" * 12 and text.bar(0.51) == "█" * 12 + "▎"
    assert text.bar(0.5, unicode=False) == "#" * 12


def test_the_genre_changes_half_way_between_two_moments():
    moments = [moment(0, "jazz"), moment(10, "jazz"), moment(29, "rock"), moment(39, "jazz")]
    assert text.stretches(moments, GENRES) == [(0, "jazz"), (29.5, "rock"), (44, "jazz")]
    assert text.movement(moments, GENRES) == "0:00 jazz, 0:30 rock, 0:44 jazz"
    assert text.movement(moments[:2], GENRES) == "jazz throughout"


def test_after_silence_the_next_genre_begins_where_the_sound_does():
    moments = [moment(0, "jazz"), moment(10, "jazz"), moment(630, "rock"), moment(640, "rock")]
    assert text.stretches(moments, GENRES) == [(0, "jazz"), (630, "rock")]
    assert text.extents(moments) == [(0, 15), (15, 30), (630, 645), (645, 660)]


def test_a_restless_song_stays_on_one_line():
    moments = [moment(20 * n, GENRES[n % 2]) for n in range(30)]
    assert text.movement(moments, GENRES).endswith(" and 22 more changes")


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        ([0.05, 0.85, 0.06, 0.04], "  sure; "),
        ([0.2, 0.6, 0.1, 0.1], "  fairly sure; "),
        ([0.3, 0.4, 0.2, 0.1], "  unsure: pop, or jazz?; "),
    ],
)
def test_how_sure_it_is_follows_from_the_calibrated_probability(probabilities, said):
    song = Song(65.0, np.array(probabilities), [moment(0, "pop")], [])
    lines = text.describe(Path("x.mp3"), song, GENRES).splitlines()
    assert lines[0] == "x.mp3  1:05" and lines[4] == f"{said}pop throughout"
    assert lines[1].split()[0] == "pop" and len(lines) == 5


def test_throughout_is_never_said_of_a_song_that_was_heard_in_part():
    song = Song(65.0, np.array([0.1, 0.7, 0.1, 0.1]), [moment(0, "pop")], [], is_whole=False, notes=["more follows"])
    assert text.describe(Path("x.mp3"), song, GENRES).splitlines()[4:] == [
        "  fairly sure; pop in what was heard",
        "  note: more follows",
    ]
