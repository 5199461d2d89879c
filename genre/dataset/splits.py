"""Training, validation and test sets by three protocols, and an audit of what each holds and what leaks between them.

`random`          stratified by genre; clips with the same bytes stay on one side.
`artist`          no artist on two sides (the artist filter: Pampalk, Flexer and Widmer, ISMIR 2005), and no same bytes.
`fault_filtered`  GTZAN's lists without faults (Kereliuk, Sturm and Larsen, IEEE TMM 2015), as in the catalogue.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import DisjointSet

from genre.dataset import catalogue
from genre.errors import DataError
from genre.params import SplitParams

PARTS = ("train", "validation", "test")

_ATTEMPTS = 100  # at a split with every genre in each part, where groups link genres


def split(clips: pd.DataFrame, params: SplitParams) -> pd.DataFrame:
    """Assign clips to sets by the protocol of `params`.

    `clips` is indexed by clip_id and has the columns genre, artist and sha256, empty text where unknown.

    The result is indexed by clip_id, in the order of `clips`, with the columns genre and split. Clips that the protocol
    leaves out (not in the published lists, or of unknown artist under `artist`) are not in it. Raises DataError where
    the protocol lacks what it needs, or a genre has too few clips to be in all three sets.
    """
    match params.protocol:
        case "random":
            parts = _by_groups(clips, linked_groups(clips, artists=False), params)
        case "artist":
            clips = _with_artist(clips)
            parts = _by_groups(clips, linked_groups(clips), params)
        case "fault_filtered":
            parts = _published(clips)
    _check_every_genre_everywhere(clips, parts, params)
    return pd.DataFrame({"genre": clips.genre.loc[parts.index], "split": parts})


def _with_artist(clips: pd.DataFrame) -> pd.DataFrame:
    known = clips[clips.artist != ""]
    lacking = sorted(set(clips.genre) - set(known.genre))
    if lacking:
        whom = "any clip" if known.empty else f"any clip of {', '.join(lacking)}"
        raise DataError(
            f"split.protocol = 'artist' needs to know the clips' artists, and does not know that of {whom}; put an "
            "artists.csv with the columns clip_id,artist at the top of the dataset's folder and run `dvc repro --force "
            "fetch`, or set split.protocol to random"
        )
    return known


def _published(clips: pd.DataFrame) -> pd.Series:
    parts = catalogue.published_split(clips).dropna()
    if parts.empty:
        raise DataError(
            "split.protocol = 'fault_filtered' is a list of GTZAN's clips, and the dataset holds none of them; "
            "set fetch.dataset to gtzan, or split.protocol to random or artist"
        )
    return parts


def linked_groups(clips: pd.DataFrame, *, artists: bool = True) -> np.ndarray:
    """Group number of each clip [shape=(n,), int]: those with an artist or their bytes in common are one group.

    Directly or through others. Without `artists`, equal bytes alone make a group.
    """
    linked = DisjointSet(range(len(clips)))
    for row, clip in enumerate(clips.itertuples()):
        for key in [clip.sha256, *(artist_names(clip.artist) if artists else [])]:
            if key:
                linked.add(key)
                linked.merge(row, key)
    return pd.factorize(pd.Series([linked[row] for row in range(len(clips))], dtype=object))[0]


def _by_groups(clips: pd.DataFrame, groups: np.ndarray, params: SplitParams) -> pd.Series:
    """Deal whole groups out, and where that leaves a genre out of a part, again with one of each genre in each first.

    Groups of equal size come in an order drawn from the seed. Raises DataError where a genre has too few groups.
    """
    table = pd.crosstab(groups, clips.genre)
    few = {genre: n for genre, n in (table > 0).sum().items() if n < len(PARTS)}
    if few:
        what = "artists" if params.protocol == "artist" else "clips that differ"
        listed = ", ".join(f"{genre} has {n}" for genre, n in few.items())
        raise DataError(
            f"too few {what} for split.protocol = '{params.protocol}': each genre needs {len(PARTS)}, one for each of "
            f"{', '.join(PARTS)}, but {listed}; add {what}, or remove those genres"
        )
    counts = table.to_numpy()  # (groups, genres)
    share = np.array([params.train, params.validation, params.test])
    rng = np.random.default_rng(params.seed)
    for attempt in range(_ATTEMPTS):
        shuffled = rng.permutation(len(counts))
        order = shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]
        first = np.full(len(counts), -1)
        if attempt:
            first = _one_each(counts, share, order if attempt == 1 else shuffled)
        dealt = _deal(counts, share, order, dealt=first)
        if all((counts[dealt == part].sum(axis=0) > 0).all() for part in range(len(PARTS))):
            break
    return pd.Series(np.array(PARTS)[dealt[groups]], index=clips.index)


def _deal(counts: np.ndarray, share: np.ndarray, order: np.ndarray, *, dealt: np.ndarray) -> np.ndarray:
    """The part of each group [shape=(groups,), int]: each goes to the part that falls shortest of its share.

    `counts` [shape=(groups, genres), int] are clips; with groups of one clip this is stratified sampling. `share` is
    the fraction of the clips that each part is to get, `order` the groups as they are dealt, the largest first, and
    `dealt` the part of those that have one already, -1 for the others.
    """
    counts = np.column_stack([counts, counts.sum(axis=1)])  # all genres together: decides where one genre is even
    target = share[:, None] * counts.sum(axis=0)  # (parts, genres), in clips
    filled = np.stack([counts[dealt == part].sum(axis=0) for part in range(len(share))]).astype(float)
    dealt = dealt.copy()
    for group in order[dealt[order] < 0]:
        size = counts[group]
        # How much closer to its target each part gets, relative to that target, over the group's genres.
        gain = ((target - filled - size / 2) * size / target.clip(1e-9)).sum(axis=1)
        dealt[group] = int(np.argmax(np.round(gain, 9)))
        filled[dealt[group]] += size
    return dealt


def _one_each(counts: np.ndarray, share: np.ndarray, order: np.ndarray) -> np.ndarray:
    """One group of every genre in each part, as far as they go, and -1 for the rest; small parts get the last ones."""
    dealt = np.full(len(counts), -1)
    for genre in np.argsort((counts > 0).sum(axis=0), kind="stable"):  # who has few groups chooses first
        for part in np.argsort(share, kind="stable"):
            free = order[(counts[order, genre] > 0) & (dealt[order] < 0)]
            if len(free) and not counts[dealt == part, genre].any():
                dealt[free[0 if part == share.argmax() else -1]] = part
    return dealt


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
    if lacking and params.protocol == "fault_filtered":
        raise DataError(
            "too few clips of GTZAN for split.protocol = 'fault_filtered': every genre must be in all three sets, "
            f"but these are not: {'; '.join(lacking)}; fetch all of GTZAN, or set split.protocol to random"
        )
    if lacking:
        raise DataError(
            f"split.protocol = '{params.protocol}' finds no split with every genre in all three sets, since artists "
            f"or equal files link clips of several genres: {'; '.join(lacking)}; add clips, or change split.seed or "
            "split.protocol"
        )


def audit(clips: pd.DataFrame, parts: pd.DataFrame) -> dict[str, Any]:
    """Count what each set holds and what crosses from one set to another; `parts` is what `split` gave for `clips`.

    `sizes` and `genres`: clips per set, and per genre and set. `left_out`: clips in no set. `same_bytes_pairs`:
    pairs of clips with equal bytes in each pair of sets. `artists`: artists with clips in both.
    `test_clips_with_artist_in_train` and `test_clips_with_artist_in_train_or_validation`: fractions 0..1 of the test
    clips whose artist is known; the second is what `train.refit` trains on. The last three are None where no artist is
    known.
    """
    table = clips.loc[parts.index].assign(split=parts.split)
    by_genre = pd.crosstab(table.genre, table.split).reindex(columns=PARTS, fill_value=0)
    sides = {part: table[table.split == part] for part in PARTS}
    artists = {part: set(side.artist.map(artist_names).explode().dropna()) for part, side in sides.items()}
    known = any(artists.values())
    pairs, shared = {}, {}
    copies = {part: side.sha256[side.sha256 != ""].value_counts() for part, side in sides.items()}
    for one, other in combinations(PARTS, 2):
        pairs[f"{one}-{other}"] = int(copies[one].mul(copies[other], fill_value=0).sum())
        shared[f"{one}-{other}"] = len(artists[one] & artists[other]) if known else None
    credits = [names for names in sides["test"].artist.map(artist_names) if names]

    def heard(known: set[str]) -> float | None:
        by_known = [not known.isdisjoint(names) for names in credits]
        return round(sum(by_known) / len(by_known), 6) if by_known else None

    return {
        "sizes": {part: len(side) for part, side in sides.items()},
        "left_out": len(clips) - len(parts),
        "same_bytes_pairs": pairs,
        "artists": shared,
        "test_clips_with_artist_in_train": heard(artists["train"]),
        "test_clips_with_artist_in_train_or_validation": heard(artists["train"] | artists["validation"]),
        "genres": {genre: {part: int(n) for part, n in row.items()} for genre, row in by_genre.iterrows()},
    }


def artist_names(artist: str) -> list[str]:
    """The artists of a credit such as `Lauryn Hill; Bob Marley`, in lower case and with single spaces."""
    names = (" ".join(name.split()).casefold() for name in artist.split(";"))
    return [name for name in names if name]
