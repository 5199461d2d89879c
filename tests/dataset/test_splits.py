import hashlib

import numpy as np
import pandas as pd
import pytest

from genre.dataset import catalogue
from genre.dataset.splits import PARTS, audit, linked_groups, split
from genre.errors import DataError
from genre.params import SplitParams

GTZAN = catalogue.load()
READABLE = GTZAN.drop(list(catalogue.BROKEN)).fillna({"artist": ""})


def params(protocol="random", *, seed=0, train=0.7, validation=0.15, test=0.15):
    return SplitParams(protocol=protocol, seed=seed, train=train, validation=validation, test=test)


def clips_of(**genres):
    """A table of clips: genre=[(artist, sha256), ...]."""
    rows = [
        {"clip_id": f"{genre}.{number}", "genre": genre, "artist": artist, "sha256": sha256}
        for genre, items in genres.items()
        for number, (artist, sha256) in enumerate(items)
    ]
    return pd.DataFrame(rows).set_index("clip_id")


def same_bytes_pairs(clips, table):
    """The sets that contain the clips of each group with equal bytes."""
    by_bytes = table.assign(sha256=clips.sha256.loc[table.index]).groupby("sha256").split
    return [sides.unique() for _, sides in by_bytes if len(sides) > 1]


@pytest.mark.parametrize("seed", range(5))
def test_random_is_stratified_and_keeps_same_bytes_on_one_side(seed):
    table = split(READABLE, params(seed=seed))
    assert list(table.index) == list(READABLE.index)
    counts = pd.crosstab(table.genre, table.split)
    assert (counts[["validation", "test"]] == 15).all(axis=None)
    pairs = same_bytes_pairs(READABLE, table)
    assert len(pairs) == 14 and all(len(sides) == 1 for sides in pairs)


@pytest.mark.parametrize("seed", range(5))
def test_artist_has_no_artist_and_no_same_bytes_on_two_sides(seed):
    table = split(READABLE, params("artist", seed=seed))
    names = READABLE.artist.loc[table.index].str.split("; ").explode()
    sides = table.split.loc[names.index].groupby(names.to_numpy()).nunique()
    assert sides.max() == 1
    assert all(len(found) == 1 for found in same_bytes_pairs(READABLE, table))
    assert (READABLE.artist.loc[READABLE.index.difference(table.index)] == "").all()


@pytest.mark.parametrize("seed", range(5))
def test_artist_comes_close_to_the_fractions_in_every_genre(seed):
    counts = pd.crosstab(*split(READABLE, params("artist", seed=seed))[["genre", "split"]].to_numpy().T)
    share = counts.div(counts.sum(axis=1), axis=0)[list(PARTS)]
    assert np.abs(share - [0.7, 0.15, 0.15]).max(axis=None) < 0.06


def test_fault_filtered_is_the_published_lists_less_the_broken_clip():
    table = split(READABLE, params("fault_filtered"))
    assert table.split.value_counts().to_dict() == {"train": 442, "validation": 197, "test": 290}
    assert (table.split == GTZAN.fault_filtered_split.loc[table.index]).all()


@pytest.mark.parametrize(
    ("protocol", "digest"), [("random", "3d5051a005ba"), ("artist", "67d8c66d8719"), ("fault_filtered", "0cfb36ea312c")]
)
def test_the_splits_of_gtzan_are_those_of_the_published_figures(protocol, digest):
    written = split(READABLE, params(protocol, seed=4)).reset_index().to_csv(index=False)
    assert hashlib.sha256(written.encode()).hexdigest().startswith(digest)


def test_the_seed_decides_the_split():
    assert split(READABLE, params(seed=1)).equals(split(READABLE, params(seed=1)))
    assert not split(READABLE, params(seed=1)).equals(split(READABLE, params(seed=2)))


def test_artists_that_share_a_credit_are_kept_together():
    clips = clips_of(a=[("X", ""), ("X; Y", ""), ("Y", "")] + [(f"a{n}", "") for n in range(20)],
                     b=[(f"b{n}", "") for n in range(20)])  # fmt: skip
    table = split(clips, params("artist"))
    assert len(set(table.split.loc[["a.0", "a.1", "a.2"]])) == 1


def test_the_artist_protocol_without_artists_says_what_it_lacks():
    clips = clips_of(a=[("", "")] * 10, b=[("", "")] * 10)
    with pytest.raises(DataError, match=r"artists\.csv"):
        split(clips, params("artist"))


def test_fault_filtered_on_other_music_says_what_to_change():
    clips = clips_of(a=[("", "")] * 10, b=[("", "")] * 10)
    with pytest.raises(DataError, match=r"fetch\.dataset to gtzan"):
        split(clips, params("fault_filtered"))


@pytest.mark.parametrize("clips_each", [3, 4, 5, 7])
@pytest.mark.parametrize("genres", [2, 10, 30])
def test_three_clips_of_each_genre_are_enough_and_the_rest_goes_where_the_fractions_say(genres, clips_each):
    clips = clips_of(**{f"g{number:02}": [("", "")] * clips_each for number in range(genres)})
    for seed in range(3):
        counts = pd.crosstab(*split(clips, params(seed=seed))[["genre", "split"]].to_numpy().T)
        assert (counts[["validation", "test"]] >= 1).all(axis=None)
        assert (counts.train >= clips_each - 4).all() and (counts.train >= counts.test).all()


def test_four_artists_of_each_genre_are_enough():
    clips = clips_of(**{genre: [(f"{genre}{n % 4}", "") for n in range(40)] for genre in "abc"})
    for seed in range(5):
        counts = pd.crosstab(*split(clips, params("artist", seed=seed))[["genre", "split"]].to_numpy().T)
        assert (counts == [10, 20, 10]).all(axis=None)  # test, train, validation


def test_artists_of_two_genres_are_assigned_so_that_every_set_has_both():
    both = [("X", ""), ("Y", ""), ("Z", "")]
    clips = clips_of(a=both, b=both, c=[("Z", ""), ("V", ""), ("W", "")])
    parts = split(clips, params("artist"))
    assert pd.crosstab(parts.genre, parts.split).to_numpy().tolist() == [[1, 1, 1]] * 3


def test_artists_that_link_genres_so_that_no_split_is_possible_are_reported():
    clips = clips_of(a=[("X", ""), ("Y", ""), ("Z", "")], b=[("X; Y", ""), ("Z", ""), ("V", ""), ("W", "")])
    with pytest.raises(DataError, match=r"a has 2; add artists"):
        split(clips, params("artist"))
    clips = clips_of(
        a=[("X", ""), ("Y", ""), ("Z", "")], b=[("X", ""), ("Y", ""), ("V", "")], c=[("X", ""), ("V", ""), ("Z", "")],
        d=[("Y", ""), ("V", ""), ("Z", "")],
    )  # fmt: skip
    with pytest.raises(DataError, match=r"finds no split with every genre in all three sets"):
        split(clips, params("artist"))


@pytest.mark.parametrize(
    ("protocol", "tiny", "said"),
    [
        ("random", [("", "")] * 2, r"too few clips that differ .* needs 3, .* but tiny has 2;"),
        ("random", [("", "one")] * 9, r"but tiny has 1;"),
        ("artist", [("X", ""), ("X; Y", ""), ("Y", ""), ("Z", "")], r"too few artists .* but tiny has 2;"),
        ("artist", [("", "")] * 9, r"knows that of no clip of tiny;"),
        ("artist", [(" ", ""), (";", "")] * 9, r"knows that of no clip of tiny;"),
    ],
)
def test_too_few_groups_are_named_with_the_genre_and_how_many_are_needed(protocol, tiny, said):
    clips = clips_of(a=[(f"a{n}", "") for n in range(10)], tiny=tiny)
    with pytest.raises(DataError, match=said):
        split(clips, params(protocol))


def test_one_genre_alone_is_refused():
    with pytest.raises(DataError, match="two genres"):
        split(clips_of(a=[("", "")] * 10), params())


def test_the_audit_counts_what_crosses():
    clips = clips_of(
        a=[("X", "1"), ("X", "1"), ("Y", "2"), ("Z", "1")], b=[("", "3"), ("W", "3"), ("V", ""), ("U", "")]
    )
    parts = ["train", "test", "validation", "test", "train", "validation", "test", "test"]
    table = pd.DataFrame({"genre": clips.genre, "split": parts})
    report = audit(clips, table.drop("b.3"))
    assert report["sizes"] == {"train": 2, "validation": 2, "test": 3}
    assert report["left_out"] == 1
    assert report["same_bytes_pairs"] == {"train-validation": 1, "train-test": 2, "validation-test": 0}
    assert report["artists"] == {"train-validation": 0, "train-test": 1, "validation-test": 0}
    assert report["test_clips_with_artist_in_train"] == pytest.approx(1 / 3, abs=1e-4)
    assert report["test_clips_with_artist_in_train_or_validation"] == pytest.approx(1 / 3, abs=1e-4)
    assert report["genres"]["a"] == {"train": 1, "validation": 1, "test": 2}


def test_the_audit_counts_artists_of_the_validation_set_which_refit_learns_from():
    clips = clips_of(a=[("X", ""), ("Y", ""), ("Y", "")], b=[("Z", ""), ("V", ""), ("U; Z", "")])
    table = pd.DataFrame({"genre": clips.genre, "split": ["train", "validation", "test"] * 2})
    report = audit(clips, table)
    assert report["test_clips_with_artist_in_train"] == 0.5
    assert report["test_clips_with_artist_in_train_or_validation"] == 1.0


def test_a_name_is_one_artist_in_any_case_and_with_any_spaces():
    clips = clips_of(a=[("The Band", ""), ("the  band", ""), ("THE BAND ", ""), ("Bandits", "")])
    assert linked_groups(clips).tolist() == [0, 0, 0, 1]


def test_the_audit_of_unknown_artists_claims_nothing():
    clips = clips_of(a=[("", "")] * 10, b=[("", "")] * 10)
    report = audit(clips, split(clips, params()))
    assert report["artists"]["train-test"] is None and report["test_clips_with_artist_in_train"] is None
    assert report["test_clips_with_artist_in_train_or_validation"] is None


def test_rounded_fractions_even_out_over_the_genres():
    clips = clips_of(**{genre: [("", "")] * 10 for genre in "abcdefghij"})
    assert split(clips, params()).split.value_counts().to_dict() == {"train": 70, "validation": 15, "test": 15}
