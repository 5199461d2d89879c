"""Web pages that need nothing from the web: the frame of `dvc plots`, and the report on a run."""
