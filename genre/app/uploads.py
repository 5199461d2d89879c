"""Visitors' files, and when they are deleted."""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

_ABANDONED = 600  # seconds without a byte, after which an upload that never ended is deleted


class Uploads:
    """The files in Gradio's upload folder, where a path is made of a file's name and content.

    Two visitors' equal files have one path, so that uploads are counted, and the last one deletes the file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._count: Counter[Path] = Counter()
        self._inode: dict[Path, int] = {}

    def add(self, paths: Iterable[Path]) -> None:
        """Count one more upload of each file."""
        with self._lock:
            for path in paths:
                self._count[path] += 1
                self._inode[path] = path.stat().st_ino

    def delete(self, paths: Iterable[Path]) -> None:
        """Count one upload less of each file, and delete those with none left."""
        with self._lock:
            for path in set(paths) & self._count.keys():
                self._count[path] -= 1
                if not self._count[path]:
                    del self._count[path]
                    inode = self._inode.pop(path)
                    # Another inode is an equal file that has just arrived and is not counted yet.
                    if path.exists() and path.stat().st_ino == inode:
                        path.unlink()
        for path in self.folder.glob("tmp*"):  # under such names they arrive
            if path.is_file() and time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink(missing_ok=True)
