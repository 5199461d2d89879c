"""Where audio comes from: GTZAN's mirrors, a folder of one's own, and the built-in sample."""
