"""The built-in sample: music that the project synthesises from a seed, in ten genres with GTZAN's names.

The genres differ in tempo, rhythm, harmony, instruments and sound, as real ones do (`styles`); songs of one genre vary
and borrow from neighbouring genres (`song`); and each fictitious artist has habits (`taste`). So a genre has to be
learned, and an artist-filtered split is meaningful.
"""

import io
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

__all__ = ["GENRES", "SAMPLE_RATE", "synthesise", "write"]


def synthesise(genre: str, index: int, *, seconds: float, seed: int) -> np.ndarray:
    """Clip number `index` of `genre` (one of `GENRES`); mono float32 [shape=(round(seconds * 22050),)], -1..1.

    Depends only on its arguments.
    """
    taste = Taste(seed, GENRES.index(genre), index)
    return mix(arrange(STYLES[genre], taste, seconds), seconds, taste.of_clip("mix"))


def write(folder: Path, *, params: SampleParams, n_jobs: int = -1) -> list[AudioFile]:
    """Write `<folder>/<genre>/<clip_id>.flac`, 16 bit, 22,050 Hz, mono; the bytes depend only on `params`.

    Returns the clips, ordered by genre. `n_jobs` is the number of processes; -1 uses every core. Other files in
    `folder` are left alone.
    """
    tasks = [(genre, index) for genre in GENRES for index in range(params.clips_per_genre)]
    flacs = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(
        joblib.delayed(_flac)(*task, params) for task in tasks
    )
    shown = tqdm(flacs, total=len(tasks), desc="synthesise", unit="clip")
    clips = []
    for (genre, index), flac in zip(tasks, shown, strict=True):
        clip_id = f"{genre}.{index:05d}"
        artist = Taste(params.seed, GENRES.index(genre), index).artist + 1
        clips.append(AudioFile(clip_id, genre, f"{genre}/{clip_id}.flac", f"{genre} artist {artist}"))
        with replacing(folder / genre / f"{clip_id}.flac") as temporary:
            temporary.write_bytes(flac)
    return clips


def _flac(genre: str, index: int, params: SampleParams) -> bytes:
    """A clip as the bytes of a FLAC file."""
    audio = synthesise(genre, index, seconds=params.seconds, seed=params.seed)
    packed = io.BytesIO()
    soundfile.write(packed, np.round(audio * 32767).astype(np.int16), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return packed.getvalue()
