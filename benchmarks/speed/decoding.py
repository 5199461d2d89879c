"""Decoding alone, in a module of its own: worker processes import it and nothing else."""

from pathlib import Path

import soundfile


def decode_file(path: Path) -> int:
    """Decode a file with soundfile; returns its number of frames."""
    return len(soundfile.read(path, dtype="float32")[0])
