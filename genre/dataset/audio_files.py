"""Which files are audio, and the one walk that finds them in a folder: a dataset's class, or songs to predict."""

import stat
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

# What libsndfile or ffmpeg decode. Videos too: their first audio track is heard. Looked for in folders only: a file
# that is named itself may have any name.
SUFFIXES = {
    ".3g2", ".3gp", ".8svx", ".aa3", ".aac", ".ac3", ".adts", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".asf",
    ".au", ".avi", ".avr", ".awb", ".bwf", ".caf", ".dff", ".dsf", ".dts", ".eac3", ".ec3", ".f4a", ".f4v",
    ".flac", ".flv", ".gsm", ".htk", ".iff", ".ircam", ".m2a", ".m2ts", ".m4a", ".m4b", ".m4r", ".m4v", ".mac",
    ".mk3d", ".mka", ".mkv", ".mlp", ".mov", ".mp+", ".mp1", ".mp2", ".mp3", ".mp4", ".mpa", ".mpc", ".mpeg",
    ".mpg", ".mpga", ".mpp", ".mts", ".nist", ".oga", ".ogg", ".ogv", ".ogx", ".oma", ".opus", ".paf", ".pvf",
    ".ra", ".rf64", ".rm", ".sd2", ".sds", ".sf", ".shn", ".snd", ".sph", ".spx", ".svx", ".tak", ".thd", ".ts",
    ".tta", ".vob", ".voc", ".w64", ".wav", ".wave", ".weba", ".webm", ".wma", ".wmv", ".wv", ".wve", ".xi",
}  # fmt: skip


@dataclass(frozen=True)
class AudioFile:
    """A file of a dataset, with its class."""

    clip_id: str
    genre: str
    path: str  # relative to the dataset's folder, with forward slashes
    artist: str  # empty where unknown


@dataclass(frozen=True)
class Listing:
    """What a folder holds."""

    audio: list[Path] = field(default_factory=list)  # by path
    passed_over: dict[Path, str] = field(default_factory=dict)  # other files, with their suffix or what they are
    unreadable: dict[Path, str] = field(default_factory=dict)  # folders and links, with the system's reason


def is_audio(path: Path) -> bool:
    """Whether a path ends as an audio file's name does, in any case."""
    return path.suffix.lower() in SUFFIXES


def is_hidden(path: Path) -> bool:
    """Whether a name begins with a dot; with two or more it is a title's, such as `...Baby One More Time`."""
    return path.name.startswith(".") and not path.name.startswith("..")


def leads_up(path: Path) -> bool:
    """Whether a path is a link to a folder that it lies in, which would go round for ever."""
    return path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve())


def find(folder: Path) -> Listing:
    """List the audio files in a folder and in all folders below it.

    Linked folders are followed, unless they lead to a folder that the link lies in; each folder is read once, by the
    name that it has without links if it has one. Hidden files and folders are left out. Named pipes, sockets and
    devices are passed over without being opened. A link that leads nowhere is listed as audio where its name is one of
    an audio file, and as unreadable where it may have been a folder. Nothing is raised.
    """
    found = Listing()
    seen: set[Path] = set()
    waiting = deque([Path(folder)])
    while waiting:
        current = waiting.popleft()
        real = current.resolve()
        if real in seen:
            continue
        seen.add(real)
        try:
            paths = sorted(path for path in current.iterdir() if not is_hidden(path))
        except OSError as error:
            found.unreadable[current] = str(error.strerror)
            continue
        for path in paths:
            try:
                mode = path.stat().st_mode
            except OSError as error:
                if is_audio(path):
                    found.audio.append(path)
                else:
                    (found.passed_over if path.suffix else found.unreadable)[path] = str(error.strerror)
                continue
            if stat.S_ISDIR(mode):
                if not path.is_symlink():
                    waiting.appendleft(path)  # before any link to it
                elif not leads_up(path):
                    waiting.append(path)
            elif not stat.S_ISREG(mode):
                found.passed_over[path] = "a pipe, socket or device"
            elif is_audio(path):
                found.audio.append(path)
            else:
                found.passed_over[path] = path.suffix.lower() or "no suffix"
    found.audio.sort()
    return found
