"""The built-in sample: music that the project synthesises from a seed, in ten genres with GTZAN's names.

The genres differ in tempo, rhythm, harmony, instruments and sound as real ones do (`styles`), songs of one genre
differ among themselves and borrow from neighbouring genres (`song`), and each fictitious artist has habits of his own
(`taste`), so that genre must be learned and an artist-filtered split means something.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
import soundfile
from tqdm import tqdm

from genre.dataset.audio_files import AudioFile
from genre.dataset.sample.instruments import SAMPLE_RATE
from genre.dataset.sample.mix import mix
from genre.dataset.sample.song import arrange
from genre.dataset.sample.styles import GENRES, STYLES
from genre.dataset.sample.taste import Taste
from genre.files import replacing
from genre.params import SampleParams

__all__ = ["GENRES", "SAMPLE_RATE", "clips", "synthesise", "write"]


def clips(params: SampleParams) -> Iterator[AudioFile]:
    """The clips of a sample, genre by genre, without making them."""
    for number, genre in enumerate(GENRES):
        for index in range(params.clips_per_genre):
            clip_id = f"{genre}.{index:05d}"
            artist = Taste(params.seed, number, index).artist + 1
            yield AudioFile(clip_id, genre, f"{genre}/{clip_id}.flac", f"{genre} artist {artist}")


def synthesise(genre: str, index: int, *, seconds: float, seed: int) -> np.ndarray:
    """Clip number `index` of `genre` (one of `GENRES`); float32 [shape=(round(seconds * 22050),)], -1..1, mono.

    Depends on nothing but its arguments.
    """
    taste = Taste(seed, GENRES.index(genre), index)
    return mix(arrange(STYLES[genre], taste, seconds), seconds, taste.of_clip("mix"))


def write(folder: Path, *, params: SampleParams, n_jobs: int = -1) -> list[AudioFile]:
    """Write `<folder>/<genre>/<clip_id>.flac`, 16 bit, 22,050 Hz, mono; the bytes depend on `params` alone.

    Parameters
    ----------
    n_jobs : processes; -1 uses every core

    Returns
    -------
    The clips, genre by genre. Other files in `folder` stay as they are.
    """
    todo = list(clips(params))
    tasks = (
        joblib.delayed(_write_clip)(Path(folder), clip, index % params.clips_per_genre, params)
        for index, clip in enumerate(todo)
    )
    made = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(tasks)
    for _ in tqdm(made, total=len(todo), desc="synthesise", unit="clip"):
        pass
    return todo


def _write_clip(folder: Path, clip: AudioFile, index: int, params: SampleParams) -> None:
    audio = synthesise(clip.genre, index, seconds=params.seconds, seed=params.seed)
    samples = np.round(audio * 32767).astype(np.int16)
    packed = io.BytesIO()  # as libsndfile does not say that a disk is full
    soundfile.write(packed, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    with replacing(folder / clip.path) as temporary:
        temporary.write_bytes(packed.getbuffer())
