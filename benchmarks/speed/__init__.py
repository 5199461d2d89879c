"""Benchmarks of speed; each measurement is interleaved with that of a reference in the same run."""
