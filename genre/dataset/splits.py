"""Train, validation and test parts: three protocols, and the audit of what leaks between the parts.

`random`          stratified by genre; clips with the same bytes stay on one side.
`artist`          no artist on two sides (the artist filter: Pampalk, Flexer and Widmer, ISMIR 2005), and no same bytes.
`fault_filtered`  GTZAN's lists without faults (Kereliuk, Sturm and Larsen, IEEE TMM 2015), as in the catalogue.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from genre.errors import DataError
from genre.params import SplitParams

PARTS = ("train", "validation", "test")


def split(clips: pd.DataFrame, params: SplitParams, *, fault_filtered: pd.Series) -> pd.DataFrame:
    """Assign clips to parts by the protocol of `params`.

    Parameters
    ----------
    clips : pd.DataFrame
        Indexed by clip_id; columns genre, artist and sha256, empty text where unknown.
    params : SplitParams
    fault_filtered : pd.Series
        The published part (`train`, `validation` or `test`) by clip_id, missing for clips that the lists drop.

    Returns
    -------
    pd.DataFrame
        Indexed by clip_id, in the order of `clips`; columns genre and split. Clips that the protocol leaves out
        (not in the published lists, or of unknown artist under `artist`) are not in it.

    Raises
    ------
    DataError
        Where the protocol lacks what it needs, or a genre has too few clips to be in all three parts.
    """
    match params.protocol:
        case "random":
            parts = _by_groups(clips, _linked(clips.sha256), params)
        case "artist":
            clips = _with_artist(clips)
            parts = _by_groups(clips, linked_groups(clips), params)
        case "fault_filtered":
            parts = _published(clips, fault_filtered)
    _check_every_genre_everywhere(clips, parts, params)
    return pd.DataFrame({"genre": clips.genre.loc[parts.index], "split": parts})


def _with_artist(clips: pd.DataFrame) -> pd.DataFrame:
    known = clips[clips.artist != ""]
    if known.empty:
        raise DataError(
            "split.protocol = 'artist' needs to know each clip's artist, and no clip has one; put an artists.csv "
            "with the columns clip_id,artist at the top of the dataset's folder, or set split.protocol to random"
        )
    return known


def _published(clips: pd.DataFrame, lists: pd.Series) -> pd.Series:
    parts = lists.reindex(clips.index).dropna()
    if parts.empty:
        raise DataError(
            "split.protocol = 'fault_filtered' is a list of GTZAN's clips, and the dataset holds none of them; "
            "set fetch.dataset to gtzan, or split.protocol to random or artist"
        )
    return parts


def linked_groups(clips: pd.DataFrame) -> np.ndarray:
    """Group number of each clip [shape=(n,), int]: clips with an artist or their bytes in common are one group."""
    return _linked(clips.sha256, clips.artist.map(_names))


def _linked(*keys: pd.Series) -> np.ndarray:
    """Group number of each clip [shape=(n,), int]: clips that share a key, directly or through others, are one group.

    Each of `keys` gives a clip's key, or its list of keys; an empty text links nothing.
    """
    rows, columns, numbers = [], [], {}
    for place, series in enumerate(keys):
        for row, value in enumerate(series):
            for key in value if isinstance(value, list) else [value]:
                if key:
                    rows.append(row)
                    columns.append(numbers.setdefault((place, key), len(numbers)))
    n = len(keys[0])
    width = n + len(numbers)  # a bipartite graph of clips and keys
    edges = coo_array((np.ones(len(rows)), (rows, np.asarray(columns, dtype=int) + n)), shape=(width, width))
    return connected_components(edges, directed=False)[1][:n]


def _by_groups(clips: pd.DataFrame, groups: np.ndarray, params: SplitParams) -> pd.Series:
    """Deal whole groups out, the largest first, each to the part that falls shortest of its share of those genres.

    Groups of equal size come in an order drawn from the seed. With groups of one clip this is stratified sampling.
    """
    rng = np.random.default_rng(params.seed)
    counts = pd.crosstab(groups, clips.genre).to_numpy()  # (groups, genres)
    counts = np.column_stack([counts, counts.sum(axis=1)])  # all genres together: decides where one genre is even
    share = np.array([params.train, params.validation, params.test])
    target = share[:, None] * counts.sum(axis=0)  # (parts, genres), in clips
    filled = np.zeros_like(target)
    assigned = np.empty(len(counts), dtype=int)
    shuffled = rng.permutation(len(counts))
    for group in shuffled[np.argsort(-counts[shuffled, -1], kind="stable")]:
        size = counts[group]
        # How much closer to its target each part gets, relative to that target, over the group's genres.
        gain = ((target - filled - size / 2) * size / target.clip(1e-9)).sum(axis=1)
        part = int(np.argmax(np.round(gain, 9)))
        filled[part] += size
        assigned[group] = part
    return pd.Series(np.array(PARTS)[assigned[groups]], index=clips.index)


def _check_every_genre_everywhere(clips: pd.DataFrame, parts: pd.Series, params: SplitParams) -> None:
    found = pd.crosstab(clips.genre.loc[parts.index], parts).reindex(
        index=sorted(clips.genre.unique()), columns=PARTS, fill_value=0
    )
    if len(found) < 2:
        raise DataError(
            f"a classifier needs two genres or more; the clips that can be used have only {list(found.index)}"
        )
    lacking = [
        f"{genre} (none in {', '.join(row.index[row == 0])})" for genre, row in found.iterrows() if (row == 0).any()
    ]
    if lacking:
        if params.protocol == "fault_filtered":
            raise DataError(
                "too few clips of GTZAN for split.protocol = 'fault_filtered': every genre must be in all three parts, "
                f"but these are not: {'; '.join(lacking)}; fetch all of GTZAN, or set split.protocol to random"
            )
        groups = "artists" if params.protocol == "artist" else "clips"
        raise DataError(
            f"too few {groups} for split.protocol = '{params.protocol}' with fractions {params.train:g}/"
            f"{params.validation:g}/{params.test:g}: every genre must be in all three parts, but these are not: "
            f"{'; '.join(lacking)}; add {groups}, or change the fractions or the protocol"
        )


def audit(clips: pd.DataFrame, splits: pd.DataFrame) -> dict[str, Any]:
    """Count what each part holds and what crosses from one part to another, whatever it is.

    Parameters
    ----------
    clips : pd.DataFrame
        As for `split`.
    splits : pd.DataFrame
        What `split` returned.

    Returns
    -------
    dict
        `sizes` and `genres`: clips per part, and per genre and part. `left_out`: clips in no part.
        `same_bytes_pairs`: pairs of clips with equal bytes on the two sides of each pair of parts.
        `artists`: artists with clips on both sides. `test_clips_with_artist_in_train`: a fraction 0..1 of
        the test clips whose artist is known. The last two are None where no artist is known.
    """
    table = clips.loc[splits.index].assign(split=splits.split)
    by_genre = pd.crosstab(table.genre, table.split).reindex(columns=PARTS, fill_value=0)
    sides = {part: table[table.split == part] for part in PARTS}
    artists = {part: _artists(side) for part, side in sides.items()}
    known = any(artists.values())
    pairs, shared = {}, {}
    copies = {part: side.sha256[side.sha256 != ""].value_counts() for part, side in sides.items()}
    for one, other in combinations(PARTS, 2):
        pairs[f"{one}-{other}"] = int(copies[one].mul(copies[other], fill_value=0).sum())
        shared[f"{one}-{other}"] = len(artists[one] & artists[other]) if known else None
    test = sides["test"][sides["test"].artist != ""]
    heard = test.artist.map(lambda names: any(name in artists["train"] for name in _names(names)))
    return {
        "sizes": {part: len(side) for part, side in sides.items()},
        "left_out": len(clips) - len(splits),
        "same_bytes_pairs": pairs,
        "artists": shared,
        "test_clips_with_artist_in_train": round(float(heard.mean()), 4) if len(test) else None,
        "genres": {genre: {part: int(n) for part, n in row.items()} for genre, row in by_genre.iterrows()},
    }


def _names(artist: str) -> list[str]:
    """The single artists of a credit such as `Lauryn Hill; Bob Marley`."""
    return [name.strip() for name in artist.split(";") if name.strip()]


def _artists(side: pd.DataFrame) -> set[str]:
    return {name for artist in side.artist.unique() for name in _names(artist)}
