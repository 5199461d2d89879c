import os
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest

from genre.errors import AudioError
from genre.features import decoding
from tests.conftest import RATE, noise, sine

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


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
        blocks = [stream.read(count, integers=True) for _ in range(5)]
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
        monkeypatch.setattr(decoding, "_FFMPEG_PATIENCE", 2.0)
        with pytest.raises(AudioError, match="ffmpeg gave nothing for 2 s"):
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
def test_mp4_is_read_under_a_wrong_name(write_audio, tmp_path):
    wav = write_audio("a.wav", sine(440.0))
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, tmp_path / "a.m4a"], check=True)
    (tmp_path / "a.m4a").rename(tmp_path / "a.mp3")
    assert len(read_all(tmp_path / "a.mp3")[0]) == pytest.approx(2 * RATE, abs=3000)


def test_mp4_without_ffmpeg_is_told_whatever_its_name(tmp_path, monkeypatch):
    (tmp_path / "a.mp3").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(1000))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioError, match=r"^MP4 needs ffmpeg, which is not installed"):
        read_all(tmp_path / "a.mp3")


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
