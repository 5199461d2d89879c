"""Uploaded files and their deletion."""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

_UPLOAD_TIMEOUT = 600  # seconds without new data, after which an unfinished upload is deleted


class Uploads:
    """Reference counts for the files in Gradio's upload folder.

    Gradio derives a path from a file's name and content, so identical uploads share one file; the last deletes it.
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
        """Count one upload less of each file, and delete files with none left."""
        with self._lock:
            for path in set(paths) & self._count.keys():
                self._count[path] -= 1
                if not self._count[path]:
                    del self._count[path]
                    inode = self._inode.pop(path)
                    # A different inode means that an identical file has just arrived and is not counted yet.
                    if path.exists() and path.stat().st_ino == inode:
                        path.unlink()
        for path in self.folder.glob("tmp*"):  # names of uploads in progress
            if path.is_file() and time.time() - path.stat().st_mtime > _UPLOAD_TIMEOUT:
                path.unlink(missing_ok=True)
