"""Music-genre classification: one package for each step of the pipeline, and the command `genre` above them."""
