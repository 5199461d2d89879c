"""What measures the project: accuracy, robustness, speed, and the released model."""

import sys

from genre import console

if sys.argv[0] == "-m":  # as Python has it while it imports this package for `python -m benchmarks.NAME`
    console.start()
