"""Find the first MP3 frame in a file that starts with other bytes: padding, part of a frame, another file's header."""

import re
from pathlib import Path

_SYNC = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")  # layer III of MPEG 2.5, 2 and 1
_KBITS = {
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}  # kbit/s for each MPEG version, by bit rate index - 1; ISO/IEC 11172-3 and 13818-3
_RATES = (44_100, 48_000, 32_000)  # of MPEG 1, in Hz; halved in MPEG 2, quartered in 2.5
_SEARCH_BYTES = 1 << 20
_CHAIN_LENGTH = 5  # consecutive frames required: random bytes do not form that many


def first_frame(path: Path) -> int | None:
    """Offset in bytes of the first of several consecutive MP3 frames in a file; None if there are none."""
    with path.open("rb") as file:
        content = file.read(_SEARCH_BYTES)
    return next((sync.start() for sync in _SYNC.finditer(content) if _starts_chain(content, sync.start())), None)


def _starts_chain(content: bytes, offset: int) -> bool:
    first = content[offset : offset + 4]
    for _ in range(_CHAIN_LENGTH):
        header = content[offset : offset + 4]
        length = _frame_length(header)
        if not length or header[1] >> 1 != first[1] >> 1 or (header[2] ^ first[2]) & 0b1100:  # version, sample rate
            return False
        offset += length
    return True


def _frame_length(header: bytes) -> int:
    """Length in bytes of the layer III frame with this 4-byte header; 0 if it is not a valid header."""
    if len(header) < 4 or not _SYNC.match(header):
        return 0
    bit_rate, sample_rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if bit_rate in (0, 15) or sample_rate == 3:
        return 0
    halvings = {0b11: 0, 0b10: 1, 0b00: 2}[header[1] >> 3 & 3]
    version = 1 if halvings == 0 else 2
    samples_per_frame = 1152 // version
    return samples_per_frame // 8 * _KBITS[version][bit_rate - 1] * 1000 // (_RATES[sample_rate] >> halvings) + padding
