"""GTZAN's catalogue: the size, checksum, artist, published split and faults of each clip.

`gtzan.csv` lists the clips as the usual mirrors ship them. Artists, titles and duplicates are from Bob Sturm's index
("The GTZAN dataset", 2013; 2024 edition), the split is from Kereliuk, Sturm and Larsen (IEEE TMM, 2015).
"""

from pathlib import Path

import pandas as pd

CATALOG = Path(__file__).with_name("gtzan.csv")

# Unusable clips, with the reason.
BROKEN = {"jazz.00054": "broken at the source: the mirrors' file does not decode"}


def load(path: Path = CATALOG) -> pd.DataFrame:
    """Read a catalogue of clips, indexed by clip_id.

    The columns are genre, artist, title, bytes (int), sha256 (hexadecimal), fault_filtered_split ("train", "validation"
    or "test") and duplicate_of (clip_id of an earlier clip with the same bytes). Unknown text is NaN.
    """
    # Only an empty field means unknown: an artist may be called "None".
    tracks = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""]).astype({"bytes": int})
    tracks["fault_filtered_split"] = tracks.fault_filtered_split.replace("valid", "validation")
    return tracks.set_index("clip_id")


def published_split(clips: pd.DataFrame) -> pd.Series:
    """The set of each clip in the fault-filtered split, NaN for clips that are not part of it.

    `clips` is indexed by clip_id and has the column sha256; a clip is GTZAN's only if both match the catalogue.
    """
    known = load().reindex(clips.index)
    return known.fault_filtered_split.where(known.sha256 == clips.sha256)
