"""How fast the pipeline is, each figure beside a reference that is measured in the same run, turn about."""
