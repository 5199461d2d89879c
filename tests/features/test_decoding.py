import errno
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genre.errors import AudioError
from genre.features import decoding, ffmpeg, sndfile
from tests.conftest import RATE, noise, sine

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


@pytest.fixture
def no_ffmpeg(monkeypatch, tmp_path):
    """A path without programs."""
    monkeypatch.setenv("PATH", str(tmp_path))


def loudest_frequency(samples: np.ndarray, rate: int) -> float:
    return np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples)  # in Hz


def read_all(path, count=1000):
    with decoding.open_audio(path) as stream:
        blocks = []
        while len(block := stream.read(count)):
            blocks.append(block)
        return np.concatenate(blocks), stream.rate


def test_blocks_end_to_end_are_the_whole_file_in_mono(write_audio):
    samples = np.stack([noise(), sine(440.0)], axis=1)
    read, rate = read_all(write_audio("a.wav", samples, subtype="FLOAT"))
    assert rate == RATE
    np.testing.assert_array_equal(read, samples.mean(axis=1))


@pytest.mark.parametrize("count", [10, 30, 100])
def test_16_bit_samples_are_of_one_type_up_to_the_end_of_the_file(write_audio, count):
    path = write_audio("a.wav", sine(440.0)[:30], subtype="PCM_16")
    with decoding.open_audio(path) as stream:
        blocks = [stream.read(count) for _ in range(5)]
    assert {block.dtype for block in blocks} == {np.dtype(np.int16)}
    assert sum(map(len, blocks)) == 30 and len(blocks[-1]) == 0


def test_an_ffmpeg_that_hangs_is_an_error_and_not_the_end_of_the_file(tmp_path, monkeypatch):
    header = struct.pack(">4s5I", b".snd", 24, 0xFFFFFFFF, 6, RATE, 1)
    program = f"import sys, time; sys.stdout.buffer.write({header + bytes(400)!r}); sys.stdout.flush(); time.sleep(60)"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ffmpeg").write_text(f"#!{sys.executable}\n{program}\n")
    (tmp_path / "bin/ffmpeg").chmod(0o755)
    (tmp_path / "a.m4a").write_bytes(b"no format that libsndfile knows")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with decoding.open_audio(tmp_path / "a.m4a") as stream:
        assert len(stream.read(100)) == 100
        monkeypatch.setattr(ffmpeg, "_TIMEOUT", 2.0)
        with pytest.raises(AudioError, match="ffmpeg produced nothing for 2 s"):
            stream.read(100)


@needs_ffmpeg
@pytest.mark.parametrize("suffix", [".m4a", ".wv", ".mka"])
def test_ffmpeg_takes_what_libsndfile_does_not_know(write_audio, tmp_path, suffix):
    wav = write_audio("a.wav", np.stack([sine(440.0), 0.5 * sine(880.0)], axis=1), 48000)
    path = tmp_path / f"-strange name: %d{suffix}"
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, f"file:{path}"], check=True)
    read, rate = read_all(path)
    assert rate == 48000 and read.dtype == np.float32 and read.ndim == 1
    assert len(read) == pytest.approx(2 * RATE, abs=3000)
    spectrum = np.abs(np.fft.rfft(read[10_000:30_000]))
    assert spectrum.argmax() * 48000 / 20_000 == pytest.approx(440 * 48000 / RATE, abs=5)


@needs_ffmpeg
@pytest.mark.parametrize(("codec", "suffix"), [("mp2", "wav"), ("g722", "wav"), ("ac3", "w64"), ("pcm_u8", "voc")])
def test_ffmpeg_takes_a_codec_that_libsndfile_does_not_know_in_a_container_that_it_knows(
    write_audio, tmp_path, codec, suffix
):
    wav, path = write_audio("a.wav", sine(440.0, rate=16_000), 16_000), tmp_path / f"b.{suffix}"
    rate = ["-ar", "48000"] if codec in ("mp2", "ac3") else []
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, *rate, "-c:a", codec, path], check=True)
    samples, rate = read_all(path)
    assert len(samples) / rate == pytest.approx(2, abs=0.2)
    assert loudest_frequency(samples, rate) == pytest.approx(440, abs=5)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("made", "name"),
    [("a.m4a", "a.mp3"), ("a.webm", "a.opus"), ("a.aac", "a.mp3"), ("a.wma", "a.mp3"), ("a.ac3", "a.wav"),
     ("a.tta", "a.ogg"), ("a.spx.ogg", "a.flac")],
)  # fmt: skip
def test_the_content_decides_not_the_name(write_audio, tmp_path, made, name):
    wav = write_audio("in.wav", sine(440.0))
    codec = ["-c:a", "flac"] if made.endswith("ogg") else []  # as libsndfile does not know it
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, *codec, tmp_path / made], check=True)
    (tmp_path / made).rename(tmp_path / name)
    samples, rate = read_all(tmp_path / name)
    assert len(samples) / rate == pytest.approx(2, abs=0.2)
    assert loudest_frequency(samples, rate) == pytest.approx(440, abs=5)


@pytest.mark.parametrize("content", [b"\0\0\0\x20ftypM4A " + bytes(1000), b"not music\n" * 500])
def test_without_ffmpeg_it_is_named_where_libsndfile_does_not_know_the_format(tmp_path, no_ffmpeg, content):
    (tmp_path / "a.mp3").write_bytes(content)
    with pytest.raises(AudioError, match=r"^cannot be decoded by libsndfile: .*ffmpeg, which is not installed"):
        read_all(tmp_path / "a.mp3")


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.wav", "a.m4a"])
def test_ffmpeg_makes_no_noise_of_a_file_whose_header_is_damaged(write_audio, name):
    path = write_audio("a.wav", noise()).rename(write_audio("b.wav", noise()).parent / name)
    path.write_bytes(b"\xff\xfb" + path.read_bytes()[2:])
    with pytest.raises(AudioError, match="neither libsndfile nor ffmpeg finds sound in it"):
        read_all(path)


def joined(*paths: Path) -> Path:
    """The files one after the other, in one file."""
    whole = paths[0].with_name(f"joined{paths[0].suffix}")
    whole.write_bytes(b"".join(path.read_bytes() for path in paths))
    return whole


@pytest.mark.parametrize("suffix", [".mp3", ".ogg", ".opus", ".flac", ".au"])
def test_joined_files_are_heard_to_the_end(write_audio, no_ffmpeg, suffix):
    options = {"subtype": "OPUS", "format": "OGG"} if suffix == ".opus" else {}
    parts = [
        write_audio(f"{frequency}{suffix}", sine(frequency, rate=48_000), 48_000, **options)
        for frequency in (440, 880, 660)
    ]
    samples, rate = read_all(joined(*parts))
    assert len(samples) / rate == pytest.approx(6, abs=0.15)
    heard = [loudest_frequency(third, rate) for third in np.array_split(samples, 3)]
    assert heard == pytest.approx([440, 880, 660], abs=5)


def test_an_mp3_whose_length_is_only_estimated_is_heard_to_the_end(write_audio, no_ffmpeg):
    samples = np.concatenate([noise(seconds=5), sine(440.0, seconds=15)])  # the noise takes ten times the bytes
    path = write_audio("a.mp3", samples, bitrate_mode="VARIABLE", compression_level=0.3)
    content = path.read_bytes()
    path.write_bytes(content[content.index(content[:2], 4) :])  # without the frame that tells how many follow
    with soundfile.SoundFile(path) as file:
        assert file.frames < 15 * RATE
    samples, _ = read_all(path)
    assert len(samples) / RATE == pytest.approx(20, abs=0.2)
    assert loudest_frequency(samples[-5 * RATE :], RATE) == pytest.approx(440, abs=5)


@pytest.mark.parametrize("before", [bytes(65536), b"HTTP/1.1 200 OK\r\n\r\n", b"\xff\xfb\x90"])
def test_mp3_is_found_behind_other_bytes(write_audio, no_ffmpeg, before):
    path = write_audio("a.mp3", sine(440.0))
    path.write_bytes(before + path.read_bytes())
    samples, _ = read_all(path)
    assert len(samples) / RATE == pytest.approx(2, abs=0.15)
    assert loudest_frequency(samples, RATE) == pytest.approx(440, abs=5)


def undecoded(path: Path) -> str:
    with decoding.open_audio(path) as stream:
        stream.read(100 * RATE)
        return stream.undecoded


def test_what_cannot_be_heard_without_ffmpeg_is_reported(write_audio, no_ffmpeg):
    path = joined(write_audio("a.mp3", noise()), write_audio("b.mp3", noise(rate=44_100), 44_100))
    assert undecoded(path) == "more follows that was not heard: it takes ffmpeg, which is not installed"


def test_what_ffmpeg_cannot_decode_either_is_reported(write_audio, monkeypatch, tmp_path):
    path = joined(write_audio("a.mp3", noise()), write_audio("b.mp3", noise(rate=44_100), 44_100))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ffmpeg").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin/ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert undecoded(path) == "more follows that was not heard: ffmpeg cannot decode it"


@needs_ffmpeg
def test_samples_beyond_full_scale_are_clipped_where_16_bits_hold_them(write_audio):
    loud = np.sign(sine(10.0, rate=44_100)).astype(np.float32)  # resampled, it overshoots
    first = write_audio("a.flac", sine(440.0), subtype="PCM_16")
    path = joined(first, write_audio("b.flac", loud, 44_100, subtype="PCM_16"))
    samples, rate = read_all(path)
    later = samples[2 * rate :]
    assert samples.dtype == np.int16 and later.max() == 32767 and later.min() == -32768
    assert (np.diff(np.sign(later)) != 0).sum() < 45  # 20 a second: no peak has wrapped around


@needs_ffmpeg
def test_ffmpeg_goes_on_where_libsndfile_stops(write_audio):
    path = joined(write_audio("a.mp3", sine(440.0)), write_audio("b.mp3", sine(880.0, rate=44_100), 44_100))
    samples, rate = read_all(path)
    assert len(samples) / rate == pytest.approx(4, abs=0.2) and undecoded(path) == ""
    assert loudest_frequency(samples[: 2 * rate], rate) == pytest.approx(440, abs=5)
    assert loudest_frequency(samples[-rate:], rate) == pytest.approx(880, abs=5)


def with_data_size(path: Path, size: int) -> Path:
    """A WAV file whose header claims so many bytes of samples."""
    content = path.read_bytes()
    place = content.index(b"data") + 4
    path.write_bytes(content[:place] + struct.pack("<I", size) + content[place + 4 :])
    return path


def test_a_wav_that_goes_on_after_its_header_says_so(write_audio):
    path = with_data_size(write_audio("a.wav", noise()), RATE)
    assert undecoded(path) == "more follows that was not heard: the file is longer than its header says"


@needs_ffmpeg
def test_a_wav_whose_size_was_never_written_is_heard(write_audio):
    samples, _ = read_all(with_data_size(write_audio("a.wav", sine(440.0)), 0))
    assert len(samples) == 2 * RATE and loudest_frequency(samples, RATE) == pytest.approx(440, abs=5)


def test_a_wav_whose_size_was_never_written_takes_ffmpeg(write_audio, no_ffmpeg):
    with pytest.raises(AudioError, match="no sound was found by libsndfile; it may take ffmpeg"):
        read_all(with_data_size(write_audio("a.wav", noise()), 0))


@pytest.mark.parametrize(
    ("suffix", "behind"),
    [
        (".mp3", b"TAG" + bytes(125)),
        (".mp3", b"APETAGEX" + b"\x93" * 5000 + b"APETAGEX" + bytes(24)),
        (".flac", b"ID3\4" + b"\x93" * 5000),
        (".ogg", bytes(5000)),
        (".wav", b"LIST" + struct.pack("<I", 5000) + b"\x93" * 5000),
        (".aiff", b"ID3 " + struct.pack(">I", 5000) + b"\x93" * 5000),
    ],
)
def test_tags_and_padding_behind_the_sound_are_not_taken_for_more(write_audio, suffix, behind):
    path = write_audio(f"a{suffix}", noise())
    before = read_all(path)[0]
    path.write_bytes(path.read_bytes() + behind)
    assert undecoded(path) == ""
    assert len(read_all(path)[0]) == pytest.approx(len(before), abs=3000)


@pytest.mark.parametrize(("left", "right"), [(1, -1), (1, -0.9), (0.5, -0.5)])
def test_of_channels_that_cancel_each_other_one_is_heard(write_audio, left, right):
    music = noise()
    samples, _ = read_all(write_audio("a.wav", np.stack([left * music, right * music], axis=1), subtype="FLOAT"))
    np.testing.assert_allclose(samples, left * music, atol=1e-6)


def test_channels_that_have_little_in_common_are_mixed(write_audio):
    channels = np.stack([noise(seed=seed) for seed in range(3)] + [0 * noise()], axis=1)
    samples, _ = read_all(write_audio("a.wav", channels, subtype="FLOAT"))
    np.testing.assert_allclose(samples, channels.mean(axis=1), atol=1e-6)


def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="is not a regular file"):
        read_all(tmp_path / "a.wav")


def test_a_file_that_the_system_does_not_give_is_refused_with_its_reason(write_audio, monkeypatch):
    path = write_audio("a.wav", noise())

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(sndfile, "_OffsetFile", refuse)  # a test may run as root, who may read all
    with pytest.raises(AudioError, match=r"^cannot be read: Permission denied"):
        read_all(path)


@needs_ffmpeg
def test_a_stream_that_is_not_read_to_its_end_leaves_no_ffmpeg_behind(write_audio, tmp_path):
    wav = write_audio("a.wav", noise(seconds=30))
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, tmp_path / "a.m4a"], check=True)
    with decoding.open_audio(tmp_path / "a.m4a") as stream:
        assert len(stream.read(100)) == 100
    assert subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True).stdout == b""


@needs_ffmpeg
def test_a_playlist_reaches_nothing_on_the_network(tmp_path):
    (tmp_path / "a.m3u8").write_text("#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(AudioError, match="cannot be decoded"):
        read_all(tmp_path / "a.m3u8")


@needs_ffmpeg
@pytest.mark.parametrize("damage", ["a changed byte", "a cut end"])
def test_a_damaged_flac_is_decoded_by_ffmpeg(write_audio, damage):
    path = write_audio("a.flac", noise(seconds=12))
    content = bytearray(path.read_bytes())
    if damage == "a cut end":
        del content[-20:]
    else:
        content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    read, _ = read_all(path, count=RATE)
    assert 11 < len(read) / RATE <= 12.01


@needs_ffmpeg
def test_a_cut_caf_is_decoded_by_ffmpeg(write_audio, tmp_path):
    path = tmp_path / "a.caf"
    wav = write_audio("a.wav", noise(seconds=3))
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, "-c:a", "pcm_s16be", path], check=True)
    path.write_bytes(path.read_bytes()[:-RATE])
    read, _ = read_all(path, count=RATE)
    assert len(read) / RATE == pytest.approx(2.5, abs=0.1)


def test_a_file_of_many_streams_needs_no_more_open_files_than_one(write_audio):
    resource = pytest.importorskip("resource", reason="limits of open files are POSIX's")
    path = write_audio("a.ogg", noise(seconds=1.5))
    path.write_bytes(path.read_bytes() * 60)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/dev/fd").iterdir())) + 20, limits[1]))
    try:
        read, _ = read_all(path, count=RATE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert len(read) / RATE == pytest.approx(90, abs=1)
