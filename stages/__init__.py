"""The pipeline's stages: one script for each stage of dvc.yaml."""

import sys

from genre import console

if sys.argv[0] == "-m":  # as Python has it while it imports this package for `python -m stages.NAME`
    console.start()
