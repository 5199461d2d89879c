"""The pipeline's stages: one script for each stage of dvc.yaml."""

import sys

from genre import console

if sys.argv[0] == "-m":  # its value while `python -m stages.NAME` imports this package
    console.start()
