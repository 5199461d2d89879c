"""Damaged or unusual audio files: cut, with flipped bytes, mislabelled, with absurd headers, or merely rare.

`write(folder)` makes them all. Each may be read, or refused with a reason; none may crash, hang or exhaust memory.
"""

import io
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

RATE = 22050
_FORMATS = {"wav": "WAV", "flac": "FLAC", "mp3": "MP3", "ogg": "OGG", "au": "AU"}


def write(folder: Path) -> list[Path]:
    """Write every variant into `folder` and return the paths, hundreds of them; some need ffmpeg."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _variants():
        path = folder / name
        assert not path.exists(), name
        path.write_bytes(content)
    _write_long(folder / "1_hour.wav", rate=44_100, channels=2, seconds=3600)
    with soundfile.SoundFile(folder / "1_hour_of_sound.wav", "w", 8_000, 1, "ULAW") as file:
        for _ in range(360):
            file.write(music(10.0, 8_000))
    _write_long(folder / "768_khz_and_8_channels_for_a_minute.wav", rate=768_000, channels=8, seconds=60)
    if shutil.which("ffmpeg"):
        for name, content in _m4a(folder):
            (folder / name).write_bytes(content)
    return sorted(folder.iterdir())


def _variants() -> Iterator[tuple[str, bytes]]:
    good = {suffix: encode(music(), suffix) for suffix in _FORMATS}
    yield from _cut(good)
    yield from _flipped(good)
    yield from _mislabelled(good)
    yield from _absurd_headers()
    yield from _unusual_formats()
    yield from _unusual_sound()


def music(seconds: float = 1.5, rate: int = RATE) -> np.ndarray:
    """A chord with noise [shape=(n,), float64], peak below 1."""
    time = np.arange(int(seconds * rate)) / rate
    chord = sum(np.sin(2 * np.pi * frequency * time) for frequency in (220.0, 277.2, 329.6))
    return 0.2 * chord + np.random.default_rng(0).uniform(-0.1, 0.1, len(time))


def encode(samples: np.ndarray, suffix: str = "wav", rate: int = RATE, **options: str) -> bytes:
    """Samples as the bytes of an audio file."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=_FORMATS[suffix], **options)
    return file.getvalue()


def wav(
    data: bytes, *, rate: int = RATE, channels: int = 1, bits: int = 16, kind: int = 1, align: int | None = None,
    claimed: int | None = None, before: bytes = b"", magic: bytes = b"RIFF",
) -> bytes:  # fmt: skip
    """A WAV file with these values in its header; `claimed` is the length of the data there, in bytes."""
    align = channels * bits // 8 if align is None else align
    layout = struct.pack("<HHIIHH", kind, channels, rate, rate * align % (1 << 32), align % (1 << 16), bits)
    size = len(data) if claimed is None else claimed
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", 16) + layout + b"data" + struct.pack("<I", size) + data
    return magic + struct.pack("<I", min(len(body), 0xFFFFFFFF)) + body


def pcm(samples: np.ndarray) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


def _cut(good: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for suffix, whole in good.items():
        header = [0, 1, 3, 4, 7, 8, 11, 12, 16, 20, 23, 24, 28, 35, 36, 40, 42, 43, 44, 45, 46, 58, 100]
        body = np.linspace(200, len(whole) - 1, 8).astype(int)
        for length in [*header, *body]:
            yield f"cut_at_{length}.{suffix}", whole[:length]


def _flipped(good: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    rng = np.random.default_rng(1)
    for suffix, whole in good.items():
        for place in range(44):
            yield f"header_byte_{place}_flipped.{suffix}", _flip(whole, [place])
        for many in (1, 3, 10, 100, 1000):
            for again in range(2):
                places = rng.integers(44, len(whole), many)
                yield f"{many}_bytes_of_the_body_flipped_{again}.{suffix}", _flip(whole, places)
        yield f"hole_of_zeros.{suffix}", whole[:2000] + bytes(3000) + whole[5000:]
        yield f"hole_of_noise.{suffix}", whole[:2000] + rng.bytes(3000) + whole[5000:]
        yield f"junk_in_front.{suffix}", rng.bytes(1000) + whole
        yield f"junk_behind.{suffix}", whole + rng.bytes(100_000)
        yield f"twice.{suffix}", whole + whole
        yield f"backwards.{suffix}", whole[::-1]


def _flip(content: bytes, places: list[int] | np.ndarray) -> bytes:
    flipped = bytearray(content)
    for place in places:
        flipped[place] ^= 0xFF
    return bytes(flipped)


def _mislabelled(good: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for true, whole in good.items():
        for claimed in (*good, "m4a"):
            if claimed != true:
                yield f"really_{true}.{claimed}", whole
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.wav", good["wav"])
    others = {
        "nothing": b"",
        "text": b"not music\n" * 5000,
        "html": b"<!DOCTYPE html><html><body>403</body></html>",
        "zip": packed.getvalue(),
        "picture": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + np.random.default_rng(2).bytes(5000),
        "zeros": bytes(50_000),
        "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    }
    for true, content in others.items():
        for claimed in (*good, "m4a"):
            yield f"{true}.{claimed}", content


def _absurd_headers() -> Iterator[tuple[str, bytes]]:
    data = pcm(music())
    for rate in (0, 1, 999, 1000, 4000, 768_000, 1_000_000, 2**31 - 1, 2**31, 2**32 - 1):
        yield f"{rate}_hz.wav", wav(data, rate=rate)
        yield f"{rate}_hz.au", struct.pack(">4sIIIII", b".snd", 24, len(data), 3, rate, 1) + data
    for channels in (0, 3, 255, 1023, 1024, 1025, 65535):
        yield f"{channels}_channels_claimed.wav", wav(data, channels=channels)
    for bits in (0, 1, 13, 48, 65535):
        yield f"{bits}_bits_claimed.wav", wav(data, bits=bits)
    for align in (0, 1, 65535):
        yield f"block_of_{align}_bytes_claimed.wav", wav(data, align=align)
    for claimed in (0, 1, 2**31 - 1, 2**31, 2**32 - 1):
        yield f"{claimed}_bytes_claimed.wav", wav(data, claimed=claimed)
        yield f"{claimed}_bytes_claimed.au", struct.pack(">4sIIIII", b".snd", 24, claimed, 3, RATE, 1) + data
    yield "1_mhz_and_8_channels_for_hours.wav", wav(data, rate=1_000_000, channels=8, claimed=2**32 - 2)
    yield "768_khz_and_1024_channels_for_hours.wav", wav(data, rate=768_000, channels=1024, claimed=2**32 - 2)
    for kind in (0, 2, 3, 17, 0xFFFE, 0xFFFF):
        yield f"codec_{kind}_claimed.wav", wav(data, kind=kind)
    yield "rifx.wav", wav(data, magic=b"RIFX")
    yield "rf64.wav", wav(data, magic=b"RF64")
    yield "chunk_without_end.wav", wav(data, before=b"LIST" + struct.pack("<I", 2**32 - 1))
    yield "a_thousand_chunks.wav", wav(data, before=(b"junk" + struct.pack("<I", 4) + b"junk") * 1000)
    flac = bytearray(encode(music(), "flac"))
    flac[21] |= 0x0F  # STREAMINFO's last 36 bits before the MD5 count the samples
    flac[22:26] = b"\xff" * 4
    yield "days_claimed.flac", bytes(flac)
    yield "tag_of_256_mb_claimed.mp3", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + encode(music(), "mp3")


def _unusual_formats() -> Iterator[tuple[str, bytes]]:
    sound = music()
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM"):
        yield f"{subtype.lower()}.wav", encode(sound, subtype=subtype)
    for subtype in ("PCM_S8", "PCM_24", "FLOAT", "ULAW"):
        yield f"{subtype.lower()}.au", encode(sound, "au", subtype=subtype)
    for subtype in ("PCM_S8", "PCM_24"):
        yield f"{subtype.lower()}.flac", encode(sound, "flac", subtype=subtype)
    for channels in (2, 6, 8):
        for suffix in ("wav", "flac", "ogg"):
            yield f"{channels}_channels.{suffix}", encode(np.tile(sound[:, None], (1, channels)), suffix)
    yield "1024_channels.wav", encode(np.tile(sound[:500, None], (1, 1024)))
    for rate in (8_000, 44_100, 96_000, 192_000):
        yield f"{rate}_hz_true.wav", encode(music(rate=rate), rate=rate)


def _unusual_sound() -> Iterator[tuple[str, bytes]]:
    sound = music()
    wrong_values = {"nan": np.nan, "infinity": np.inf, "minus_infinity": -np.inf, "1e30": 1e30, "1e300": 1e300}
    for name, value in wrong_values.items():
        for extent, place in {"everywhere": slice(None), "once": 777, "at_the_end": -1}.items():
            wrong = sound.copy()
            wrong[place] = value
            yield f"{name}_{extent}.wav", encode(wrong, subtype="DOUBLE")
    opposite = np.stack([np.full(len(sound), np.inf), np.full(len(sound), -np.inf)], axis=1)
    yield "infinities_that_cancel.wav", encode(opposite, subtype="FLOAT")
    yield "channels_that_cancel.wav", encode(np.stack([sound, -sound], axis=1))
    for suffix in ("wav", "flac", "ogg", "mp3"):
        yield f"silence.{suffix}", encode(np.zeros_like(sound), suffix)
        yield f"direct_current.{suffix}", encode(np.full_like(sound, 0.5), suffix)
        yield f"clipping.{suffix}", encode(np.sign(sound), suffix)
        yield f"10_ms.{suffix}", encode(sound[:220], suffix)
        yield f"1_sample.{suffix}", encode(sound[:1], suffix)
        yield f"no_sample.{suffix}", encode(sound[:0], suffix)
    yield "denormal.wav", encode(sound * 1e-310, subtype="DOUBLE")
    yield "one_click.wav", encode(np.eye(1, len(sound), 5000)[0])
    yield "quieter_than_silence.wav", encode(sound * 1e-5, subtype="FLOAT")


def _write_long(path: Path, *, rate: int, channels: int, seconds: int) -> None:
    """A sparse file of hundreds of MB: all but its first half second is a hole."""
    data = pcm(np.repeat(music(0.5, rate), channels))
    length = seconds * rate * channels * 2
    with path.open("wb") as file:
        file.write(wav(data, rate=rate, channels=channels, claimed=length))
        file.truncate(44 + length)


def _m4a(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Variants of a file that ffmpeg decodes."""
    whole = folder / "whole.m4a"
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", folder / "pcm_16.wav", whole]
    subprocess.run(command, check=True, capture_output=True)
    content = whole.read_bytes()
    for length in np.linspace(1, len(content) - 1, 6).astype(int):
        yield f"cut_at_{length}.m4a", content[:length]
    rng = np.random.default_rng(3)
    for many in (1, 10, 100, 1000):
        yield f"{many}_bytes_flipped.m4a", _flip(content, rng.integers(0, len(content), many))
