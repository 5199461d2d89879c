"""Predictions as text for a terminal."""

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from genre.console import printable
from genre.songs.prediction import Song, TimedPrediction

TOP = 3
_BAR_WIDTH = 24  # characters at 100 %
_EIGHTHS = " ▏▎▍▌▋▊▉"
_MAX_STRETCHES = 8  # listed on a line
# Probabilities are calibrated: on music like the training set's, about 80 of 100 answers given with 80 % are correct.
_SURE = 0.8
_FAIRLY_SURE = 0.5


def sureness(probability: float) -> str:
    """`sure`, `fairly sure` or `unsure`, from the calibrated probability of the most probable genre."""
    if probability >= _SURE:
        return "sure"
    return "fairly sure" if probability >= _FAIRLY_SURE else "unsure"


def describe(path: Path, song: Song, genres: Sequence[str], *, unicode: bool = True) -> str:
    """The three most probable genres as bars, then the conclusion and the notes."""
    best = np.argsort(-song.probabilities, kind="stable")[:TOP]
    width = max(len(genres[index]) for index in best)
    lines = [f"{readable(path)}  {clock(song.seconds)}"]
    for index in best:
        share = song.probabilities[index]
        lines.append(f"  {genres[index]:<{width}}  {bar(share, unicode=unicode):<{_BAR_WIDTH}}  {100 * share:3.0f} %")
    lines += [f"  {conclusion(song, genres)}", *(f"  note: {note}" for note in song.notes)]
    return "\n".join(lines)


def conclusion(song: Song, genres: Sequence[str]) -> str:
    """How sure the prediction is and how the genre changes over the song, on one line."""
    best = np.argsort(-song.probabilities, kind="stable")
    word = sureness(song.probabilities[best[0]])
    if word == "unsure" and len(best) > 1:
        word += f": {genres[best[0]]}, or {genres[best[1]]}?"
    return f"{word}; {movement(song.moments, genres, heard='throughout' if song.is_whole else 'in what was heard')}"


def bar(share: float, *, unicode: bool = True) -> str:
    """A bar for a share 0..1, drawn to an eighth of a character with `unicode`, otherwise to a whole one."""
    eighths = round(share * _BAR_WIDTH * 8)
    if not unicode:
        return "#" * round(eighths / 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours if there are any: 3:07, 1:02:45."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def stretches(moments: Sequence[TimedPrediction], genres: Sequence[str]) -> list[tuple[float, str]]:
    """The start of each stretch with the same most probable genre, in seconds, and that genre."""
    found: list[tuple[float, str]] = []
    for (start, _), segment in zip(extents(moments), moments, strict=True):
        genre = genres[int(segment.probabilities.argmax())]
        if not found or genre != found[-1][1]:
            found.append((start, genre))
    return found


def extents(moments: Sequence[TimedPrediction]) -> list[tuple[float, float]]:
    """Start and end of the part of a song that each segment stands for, in seconds.

    Segments overlap, so one part ends and the next begins midway between the centres of two; silence lies in none.
    """
    starts, ends = [moments[0].start], []
    for before, after in pairwise(moments):
        middle = (before.start + before.end + after.start + after.end) / 4
        is_gap = after.start > before.end
        ends.append(before.end if is_gap else middle)
        starts.append(after.start if is_gap else middle)
    return list(zip(starts, [*ends, moments[-1].end], strict=True))


def movement(moments: Sequence[TimedPrediction], genres: Sequence[str], *, heard: str = "throughout") -> str:
    """How the genre changes over a song, on one line; if it does not, the genre followed by `heard`."""
    found = stretches(moments, genres)
    if len(found) == 1:
        return f"{found[0][1]} {heard}"
    shown = ", ".join(f"{clock(start)} {genre}" for start, genre in found[:_MAX_STRETCHES])
    rest = len(found) - _MAX_STRETCHES
    return shown + (f" and {rest} more {'change' if rest == 1 else 'changes'}" if rest > 0 else "")


def readable(path: Path) -> str:
    """A path as text that is safe to print on any terminal."""
    return printable(os.fspath(path))
