"""The oracle is librosa, whose definition this is."""

import librosa
import numpy as np
import pytest

from genre import mel
from tests.conftest import noise, sine

SHAPES = [
    {"sample_rate": 22050, "n_fft": 2048, "n_mels": 128},
    {"sample_rate": 44100, "n_fft": 1024, "n_mels": 64},
    {"sample_rate": 4000, "n_fft": 64, "n_mels": 8},
    {"sample_rate": 1900, "n_fft": 512, "n_mels": 20},  # all below the knee of the scale
]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_filters_are_librosas(shape):
    theirs = librosa.filters.mel(sr=shape["sample_rate"], n_fft=shape["n_fft"], n_mels=shape["n_mels"])
    np.testing.assert_allclose(mel.mel_filters(**shape), theirs, atol=1e-6 * theirs.max())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("samples", [noise(), sine(440.0), noise(seconds=0.01)], ids=["noise", "sine", "short"])
@pytest.mark.filterwarnings("ignore:n_fft=:UserWarning", "ignore:Empty filters:UserWarning")
def test_power_and_decibels_are_librosas(shape, samples):
    ours = mel.mel_power(samples, hop_length=300, **shape)
    theirs = librosa.feature.melspectrogram(
        y=samples, sr=shape["sample_rate"], n_fft=shape["n_fft"], n_mels=shape["n_mels"], hop_length=300
    ).T
    assert ours.dtype == np.float32 and ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-8 * theirs.max())
    np.testing.assert_allclose(
        mel.decibels(ours, top_db=80), librosa.power_to_db(theirs, ref=np.max, top_db=80), atol=0.02
    )
