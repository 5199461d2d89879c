"""Decoding alone, in a module of its own: worker processes import it, and should have nothing else to wait for."""

from pathlib import Path

import soundfile


def decode(path: Path) -> int:
    """Decode a file with soundfile, and give the number of its frames."""
    return len(soundfile.read(path, dtype="float32")[0])
