"""Where MP3 begins in what does not begin with it: padding, the rest of a frame of a stream, another file's header."""

import re
from pathlib import Path

_SYNC = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")  # layer III of MPEG 2.5, 2 and 1
_KBITS = {
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}  # by bit rate index - 1 and MPEG version; ISO/IEC 11172-3 and 13818-3
_RATES = (44_100, 48_000, 32_000)  # of MPEG 1, in Hz; half of it in MPEG 2, a quarter in 2.5
_SEARCHED = 1 << 20  # bytes
_CHAIN = 5  # frames, one where another ends: chance does not make as many


def first_frame(path: Path) -> int | None:
    """Where the first of several MP3 frames in a row lies in a file, in bytes; None where there are none."""
    with path.open("rb") as file:
        content = file.read(_SEARCHED)
    return next((found.start() for found in _SYNC.finditer(content) if _begins_a_chain(content, found.start())), None)


def _begins_a_chain(content: bytes, offset: int) -> bool:
    first = content[offset : offset + 4]
    for _ in range(_CHAIN):
        header = content[offset : offset + 4]
        length = _frame_length(header)
        if not length or header[1] >> 1 != first[1] >> 1 or (header[2] ^ first[2]) & 0b1100:  # version, sample rate
            return False
        offset += length
    return True


def _frame_length(header: bytes) -> int:
    """Length in bytes of a frame of layer III with this header of 4 bytes, 0 where it is not one."""
    if len(header) < 4 or not _SYNC.match(header):
        return 0
    bit_rate, sample_rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if bit_rate in (0, 15) or sample_rate == 3:
        return 0
    halvings = {0b11: 0, 0b10: 1, 0b00: 2}[header[1] >> 3 & 3]
    version = 1 if halvings == 0 else 2
    samples_per_frame = 1152 // version
    return samples_per_frame // 8 * _KBITS[version][bit_rate - 1] * 1000 // (_RATES[sample_rate] >> halvings) + padding
