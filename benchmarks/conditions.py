"""The degradations of the robustness benchmark: noise, rooms, telephones, low sample rates, codecs.

Each condition is a function (samples, rate, rng) -> (samples, rate) on mono float32 samples; the same generator state
gives the same result. The conditions are those of the Audio Degradation Toolbox (Mauch and Ewert, ISMIR 2013) and of
common file formats. Implemented with scipy, soxr and soundfile: audiomentations needs older versions of librosa and
soxr than those pinned, and pedalboard (GPL) offers few of them.
"""

import io
from collections.abc import Callable

import numpy as np
import scipy.fft
import scipy.signal
import soundfile
import soxr

Sound = tuple[np.ndarray, int]  # samples [shape=(n,) or (n, channels)], float32; sample rate in Hz
Condition = Callable[[np.ndarray, int, np.random.Generator], Sound]

HIGH_FREQUENCY_DAMPING = 0.6  # decay time above 3 kHz relative to that below


def resampled(to: int, *, channels: int = 1) -> Condition:
    """Resampled to another rate, in Hz; with several channels, each is a copy."""

    def change(samples: np.ndarray, rate: int, _: np.random.Generator) -> Sound:
        mono = soxr.resample(samples, rate, to, quality="HQ").astype(np.float32)
        return (mono if channels == 1 else np.repeat(mono[:, None], channels, axis=1)), to

    return change


def noise(n: int, rate: int, *, slope: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise [shape=(n,)] of mean power 1; above 20 Hz, it falls by `slope` dB/octave (0 white, 3 pink)."""
    length = scipy.fft.next_fast_len(n, real=True)
    frequency = np.maximum(scipy.fft.rfftfreq(length, 1 / rate), 20.0)
    spectrum = scipy.fft.rfft(rng.standard_normal(length)) * frequency ** (-slope / (20 * np.log10(2)))
    shaped = scipy.fft.irfft(spectrum, length)[:n]
    return shaped / np.sqrt(np.mean(shaped**2))


def noisy(snr: float, *, slope: float) -> Condition:
    """Noise added at a signal-to-noise ratio in dB (of mean powers)."""

    def change(samples: np.ndarray, rate: int, rng: np.random.Generator) -> Sound:
        return mixed(samples, noise(len(samples), rate, slope=slope, rng=rng), snr=snr), rate

    return change


def mixed(samples: np.ndarray, other: np.ndarray, *, snr: float) -> np.ndarray:
    """`samples` plus `other`, looped or cut to the same length, at a signal-to-noise ratio in dB (of mean powers)."""
    other = np.resize(other, len(samples)).astype(np.float64)
    ratio = np.mean(np.square(samples, dtype=np.float64)) / np.mean(other**2)
    return (samples + np.sqrt(ratio * 10 ** (-snr / 10)) * other).astype(np.float32)


def band(low: float, high: float) -> Condition:
    """A Butterworth band-pass filter of order 4; cutoff frequencies in Hz."""

    def change(samples: np.ndarray, rate: int, _: np.random.Generator) -> Sound:
        sections = scipy.signal.butter(4, [low, high], "bandpass", fs=rate, output="sos")
        return scipy.signal.sosfilt(sections, samples).astype(np.float32), rate

    return change


def room(decay: float, *, direct: float = 0.0) -> Condition:
    """Reverberation: noise that decays by 60 dB in `decay` s, faster at high frequencies.

    The energy of the direct sound is `direct` dB above that of the reverberation.
    """

    def change(samples: np.ndarray, rate: int, rng: np.random.Generator) -> Sound:
        time = np.arange(int(1.2 * decay * rate)) / rate
        low = scipy.signal.butter(2, 3000, "lowpass", fs=rate, output="sos")
        high = scipy.signal.butter(2, 3000, "highpass", fs=rate, output="sos")
        response = sum(
            scipy.signal.sosfilt(sections, rng.standard_normal(len(time))) * 10 ** (-3 * time / (decay * damping))
            for sections, damping in ((low, 1.0), (high, HIGH_FREQUENCY_DAMPING))
        )
        response[time < 0.005] = 0  # the first reflection arrives 5 ms after the direct sound
        response *= np.sqrt(10 ** (-direct / 10) / np.sum(response**2))
        response[0] = 1.0
        return scipy.signal.fftconvolve(samples, response)[: len(samples)].astype(np.float32), rate

    return change


def clipped(decibels: float) -> Condition:
    """Amplified until the peak is `decibels` above full scale, then clipped."""

    def change(samples: np.ndarray, rate: int, _: np.random.Generator) -> Sound:
        return np.clip(samples / np.abs(samples).max() * 10 ** (decibels / 20), -1, 1).astype(np.float32), rate

    return change


def tilted(slope: float, *, above: float) -> Condition:
    """A tilt of `slope` dB/octave above a frequency in Hz; a negative slope sounds dull."""

    def change(samples: np.ndarray, rate: int, _: np.random.Generator) -> Sound:
        length = scipy.fft.next_fast_len(len(samples), real=True)
        gain = np.maximum(scipy.fft.rfftfreq(length, 1 / rate) / above, 1.0) ** (slope / (20 * np.log10(2)))
        return scipy.fft.irfft(scipy.fft.rfft(samples, length) * gain, length)[: len(samples)].astype(np.float32), rate

    return change


def played(speed: float) -> Condition:
    """Played faster or slower, which changes pitch and tempo alike."""

    def change(samples: np.ndarray, rate: int, _: np.random.Generator) -> Sound:
        return soxr.resample(samples, rate * speed, rate).astype(np.float32), rate

    return change


def excerpt(seconds: float) -> Condition:
    """The middle of the clip, `seconds` long."""

    def change(samples: np.ndarray, rate: int, _: np.random.Generator) -> Sound:
        n = int(seconds * rate)
        start = max(len(samples) - n, 0) // 2
        return samples[start : start + n], rate

    return change


def quieter(decibels: float) -> Condition:
    """Attenuated by `decibels`."""
    return lambda samples, rate, _: (samples * np.float32(10 ** (-decibels / 20)), rate)


def delayed(seconds: float) -> Condition:
    """`seconds` of silence before the music."""
    return lambda samples, rate, _: (np.concatenate([np.zeros(int(seconds * rate), np.float32), samples]), rate)


def mp3(kilobits: int) -> Condition:
    """MP3 at a constant bit rate, 44.1 kHz stereo."""
    # libsndfile maps 0..1 linearly to 320..32 kbit/s
    level = (320 - kilobits) / 288
    return _coded("MP3", "MPEG_LAYER_III", compression_level=level, bitrate_mode="CONSTANT")


def vorbis(quality: float) -> Condition:
    """OGG Vorbis, 44.1 kHz stereo; quality 0..1 (0.3 is the default of most encoders)."""
    return _coded("OGG", "VORBIS", compression_level=1 - quality)


def _coded(kind: str, subtype: str, **options: float | str) -> Condition:
    def change(samples: np.ndarray, rate: int, rng: np.random.Generator) -> Sound:
        stereo, rate = resampled(44_100, channels=2)(samples, rate, rng)
        file = io.BytesIO()
        soundfile.write(file, stereo, rate, format=kind, subtype=subtype, **options)
        file.seek(0)
        return soundfile.read(file, dtype="float32")

    return change


def phone_recording(samples: np.ndarray, rate: int, rng: np.random.Generator) -> Sound:
    """A small loudspeaker in a room, recorded by a phone at 16 kHz, with the room's noise."""
    samples, _ = band(150, 7000)(samples, rate, rng)
    samples, _ = room(0.4, direct=3.0)(samples, rate, rng)
    samples, _ = noisy(25, slope=4)(samples, rate, rng)
    return resampled(16_000)(samples, rate, rng)


CONDITIONS: dict[str, Condition] = {
    "10 s of silence before": delayed(10),
    "6 dB quieter": quieter(6),
    "44.1 kHz stereo": resampled(44_100, channels=2),
    "MP3, 128 kbit/s": mp3(128),
    "MP3, 64 kbit/s": mp3(64),
    "OGG Vorbis": vorbis(0.3),
    "16 kHz": resampled(16_000),
    "11.025 kHz": resampled(11_025),
    "8 kHz": resampled(8_000),
    "white noise, 20 dB below": noisy(20, slope=0),
    "white noise, 10 dB below": noisy(10, slope=0),
    "pink noise, 20 dB below": noisy(20, slope=3),
    "pink noise, 10 dB below": noisy(10, slope=3),
    "telephone, 300 to 3,400 Hz": band(300, 3400),
    "room, 0.5 s": room(0.5),
    "clipped by 12 dB": clipped(12),
    "dull, -6 dB an octave above 2 kHz": tilted(-6, above=2000),
    "5 % faster": played(1.05),
    "5 % slower": played(1 / 1.05),
    "the middle 10 s": excerpt(10),
    "the middle 5 s": excerpt(5),
    "phone recording in a room": phone_recording,
}
# Signal-to-noise ratio, in dB, at which another clip is mixed in.
OTHER_CLIP = {"another clip, 20 dB below": 20.0, "another clip, 10 dB below": 10.0}
