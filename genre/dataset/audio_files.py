"""Recognise audio files, and find them in a folder: the clips of a class, or songs to predict."""

import stat
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

# Formats that libsndfile or ffmpeg can decode; in a video, the first audio track. Used only when searching folders: a
# file that is named explicitly may have any suffix.
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
    """A clip's file, with its genre and artist."""

    clip_id: str
    genre: str
    path: str  # relative to the dataset's folder, with forward slashes
    artist: str  # empty if unknown


@dataclass(frozen=True)
class Listing:
    """The contents of a folder."""

    audio: list[Path] = field(default_factory=list)  # sorted by path
    passed_over: dict[Path, str] = field(default_factory=dict)  # other files: the suffix, type or system's error
    unreadable: dict[Path, str] = field(default_factory=dict)  # folders and symlinks: the system's error


def is_audio(path: Path) -> bool:
    """Whether a path has the suffix of an audio format, in upper or lower case."""
    return path.suffix.lower() in SUFFIXES


def is_hidden(path: Path) -> bool:
    """Whether a name starts with a single dot; two or more belong to a title, such as `...Baby One More Time`."""
    return path.name.startswith(".") and not path.name.startswith("..")


def links_to_ancestor(path: Path) -> bool:
    """Whether a path is a symlink to a folder that contains it: a cycle."""
    return path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve())


def find(folder: Path) -> Listing:
    """List the audio files in a folder and all its subfolders; raises nothing.

    Symlinks to folders are followed, except to a folder that contains the link. Each folder is read once, through a
    path without symlinks if there is one. Hidden files and folders are ignored; pipes, sockets and devices are passed
    over without being opened. A broken link counts as audio if it has an audio suffix, and as unreadable if it has no
    suffix, since its target may have been a folder.
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
                    waiting.appendleft(path)  # ahead of symlinks to it
                elif not links_to_ancestor(path):
                    waiting.append(path)
            elif not stat.S_ISREG(mode):
                found.passed_over[path] = "a pipe, socket or device"
            elif is_audio(path):
                found.audio.append(path)
            else:
                found.passed_over[path] = path.suffix.lower() or "no suffix"
    found.audio.sort()
    return found
