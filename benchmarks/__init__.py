"""Benchmarks of accuracy, robustness and speed, and the command that makes the released model."""

import sys

from genre import console

if sys.argv[0] == "-m":  # Python's value while it imports this package for `python -m benchmarks.NAME`
    console.start()
