"""From audio files to log-mel spectrograms: decoding, mel bands, the feature store, segments, parallel work."""
