"""From audio files to log-mel spectrograms: decoding, mel, the feature store, segments, parallel work."""
