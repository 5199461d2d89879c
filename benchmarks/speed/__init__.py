"""How fast the pipeline is: each figure is interleaved with a reference that is measured in the same run."""
