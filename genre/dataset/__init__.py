"""The clips: GTZAN's catalogue and mirrors, user folders, the built-in sample, splits and their audit."""
