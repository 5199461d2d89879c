"""The clips: GTZAN's catalogue and mirrors, a folder of your own, the built-in sample, splits and their audit."""
