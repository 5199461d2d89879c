"""The audit of a split: what each part holds, and what leaks between them."""

from itertools import combinations
from typing import Any

import pandas as pd

from genre.dataset.splits import PARTS, artist_names


def audit(clips: pd.DataFrame, splits: pd.DataFrame) -> dict[str, Any]:
    """Count what each part holds and what crosses from one part to another; `splits` is what `split` gave for `clips`.

    `sizes` and `genres`: clips per part, and per genre and part. `left_out`: clips in no part. `same_bytes_pairs`:
    pairs of clips with equal bytes on the two sides of each pair of parts. `artists`: artists with clips on both sides.
    `test_clips_with_artist_in_train`: a fraction 0..1 of the test clips whose artist is known. The last two are None
    where no artist is known.
    """
    table = clips.loc[splits.index].assign(split=splits.split)
    by_genre = pd.crosstab(table.genre, table.split).reindex(columns=PARTS, fill_value=0)
    sides = {part: table[table.split == part] for part in PARTS}
    artists = {part: set(side.artist.map(artist_names).explode().dropna()) for part, side in sides.items()}
    known = any(artists.values())
    pairs, shared = {}, {}
    copies = {part: side.sha256[side.sha256 != ""].value_counts() for part, side in sides.items()}
    for one, other in combinations(PARTS, 2):
        pairs[f"{one}-{other}"] = int(copies[one].mul(copies[other], fill_value=0).sum())
        shared[f"{one}-{other}"] = len(artists[one] & artists[other]) if known else None
    test = sides["test"][sides["test"].artist != ""]
    heard = test.artist.map(lambda names: any(name in artists["train"] for name in artist_names(names)))
    return {
        "sizes": {part: len(side) for part, side in sides.items()},
        "left_out": len(clips) - len(splits),
        "same_bytes_pairs": pairs,
        "artists": shared,
        "test_clips_with_artist_in_train": round(float(heard.mean()), 4) if len(test) else None,
        "genres": {genre: {part: int(n) for part, n in row.items()} for genre, row in by_genre.iterrows()},
    }
