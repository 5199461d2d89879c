"""Training, validation and test sets by three protocols, and an audit of what each holds and what leaks between them.

`random`          stratified by genre; clips with the same bytes stay in one set.
`artist`          as `random`, and no artist in two sets (the artist filter: Pampalk, Flexer and Widmer, ISMIR 2005).
`fault_filtered`  GTZAN's published lists without faulty clips (Kereliuk, Sturm and Larsen, IEEE TMM 2015).
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

_ATTEMPTS = 100  # to find a split with every genre in every set, if groups span several genres


def split(clips: pd.DataFrame, params: SplitParams) -> pd.DataFrame:
    """Assign clips to sets by the protocol of `params`.

    `clips` is indexed by clip_id and has the columns genre, artist and sha256, empty strings if unknown.

    The result is indexed by clip_id, in the order of `clips`, with the columns genre and split. It omits clips that the
    protocol cannot use: those not in the published lists, or for `artist` those of unknown artist. Raises DataError if
    the clips do not meet the protocol's needs, or a genre has too few clips to be in all three sets.
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
    known = clips[clips.artist.map(artist_names).astype(bool)]
    lacking = sorted(set(clips.genre) - set(known.genre))
    if lacking:
        whom = "clip" if known.empty else f"clip of {' or '.join(lacking)}"
        raise DataError(
            f"split.protocol = 'artist' needs the clips' artists, and knows that of no {whom}; put an "
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
    """Group number of each clip [shape=(n,), int]: clips with a common artist or the same bytes share a group.

    Links are transitive. With `artists=False`, only clips with the same bytes are linked.
    """
    linked = DisjointSet(range(len(clips)))
    for row, clip in enumerate(clips.itertuples()):
        for key in [clip.sha256, *(artist_names(clip.artist) if artists else [])]:
            if key:
                linked.add(key)
                linked.merge(row, key)
    return pd.factorize(pd.Series([linked[row] for row in range(len(clips))], dtype=object))[0]


def _by_groups(clips: pd.DataFrame, groups: np.ndarray, params: SplitParams) -> pd.Series:
    """Assign whole groups to sets; if a set lacks a genre, retry with one group of each genre in each set first.

    Groups of equal size are shuffled with the seed. Raises DataError if a genre has too few groups.
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
        initial = np.full(len(counts), -1)
        if attempt:
            initial = _one_each(counts, share, order if attempt == 1 else shuffled)
        assigned = _assign(counts, share, order, assigned=initial)
        if all((counts[assigned == part].sum(axis=0) > 0).all() for part in range(len(PARTS))):
            break
    return pd.Series(np.array(PARTS)[assigned[groups]], index=clips.index)


def _assign(counts: np.ndarray, share: np.ndarray, order: np.ndarray, *, assigned: np.ndarray) -> np.ndarray:
    """The set of each group [shape=(groups,), int]: each goes to the set that is furthest below its share.

    `counts` [shape=(groups, genres), int] are numbers of clips; with one clip per group this is stratified sampling.
    `share` is the target fraction of clips per set, `order` the groups from largest to smallest, and `assigned` the set
    of each group that already has one, -1 for the others.
    """
    counts = np.column_stack([counts, counts.sum(axis=1)])  # plus the total, to break ties within genres
    target = share[:, None] * counts.sum(axis=0)  # (parts, genres), in clips
    filled = np.stack([counts[assigned == part].sum(axis=0) for part in range(len(share))]).astype(float)
    assigned = assigned.copy()
    for group in order[assigned[order] < 0]:
        size = counts[group]
        # Half the decrease in squared distance to each set's target, relative to that target, summed over genres.
        gain = ((target - filled - size / 2) * size / target.clip(1e-9)).sum(axis=1)
        assigned[group] = int(np.argmax(np.round(gain, 9)))
        filled[assigned[group]] += size
    return assigned


def _one_each(counts: np.ndarray, share: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Assign one group of each genre to each set while groups last (-1: none); small sets get the last in `order`."""
    assigned = np.full(len(counts), -1)
    for genre in np.argsort((counts > 0).sum(axis=0), kind="stable"):  # genres with few groups first
        for part in np.argsort(share, kind="stable"):
            free = order[(counts[order, genre] > 0) & (assigned[order] < 0)]
            if len(free) and not counts[assigned == part, genre].any():
                assigned[free[0 if part == share.argmax() else -1]] = part
    return assigned


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
    """Count the clips in each set and the leaks between sets; `parts` is the result of `split` for `clips`.

    `sizes` and `genres`: clips per set, and per genre and set. `left_out`: clips in no set. `same_bytes_pairs` and
    `artists`: for each pair of sets, pairs of clips with the same bytes, and artists with clips in both.
    `test_clips_with_artist_in_train` and `test_clips_with_artist_in_train_or_validation`: fractions (0..1) of the test
    clips with a known artist; the second matters with `train.refit`, which trains on both sets. They and `artists` are
    None if no artist is known.
    """
    table = clips.loc[parts.index].assign(split=parts.split)
    by_genre = pd.crosstab(table.genre, table.split).reindex(columns=PARTS, fill_value=0)
    members = {part: table[table.split == part] for part in PARTS}
    artists = {part: set(rows.artist.map(artist_names).explode().dropna()) for part, rows in members.items()}
    known = any(artists.values())
    pairs, shared = {}, {}
    checksums = {part: rows.sha256[rows.sha256 != ""].value_counts() for part, rows in members.items()}
    for first, second in combinations(PARTS, 2):
        pairs[f"{first}-{second}"] = int(checksums[first].mul(checksums[second], fill_value=0).sum())
        shared[f"{first}-{second}"] = len(artists[first] & artists[second]) if known else None
    credits = [names for names in members["test"].artist.map(artist_names) if names]

    def fraction_by(names: set[str]) -> float | None:
        by_them = [not names.isdisjoint(credit) for credit in credits]
        return round(sum(by_them) / len(by_them), 6) if by_them else None

    return {
        "sizes": {part: len(rows) for part, rows in members.items()},
        "left_out": len(clips) - len(parts),
        "same_bytes_pairs": pairs,
        "artists": shared,
        "test_clips_with_artist_in_train": fraction_by(artists["train"]),
        "test_clips_with_artist_in_train_or_validation": fraction_by(artists["train"] | artists["validation"]),
        "genres": {genre: {part: int(n) for part, n in row.items()} for genre, row in by_genre.iterrows()},
    }


def artist_names(artist: str) -> list[str]:
    """The artists in a credit such as `Lauryn Hill; Bob Marley`, in lower case and with single spaces."""
    names = (" ".join(name.split()).casefold() for name in artist.split(";"))
    return [name for name in names if name]
