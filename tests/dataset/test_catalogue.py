from genre.dataset import catalogue
from genre.dataset.sample import GENRES

HEADER = "clip_id,genre,artist,title,bytes,sha256,fault_filtered_split,duplicate_of\n"


def test_gtzan_has_a_hundred_clips_of_each_of_ten_genres():
    counts = catalogue.load().genre.value_counts()
    assert sorted(counts.index) == list(GENRES)
    assert set(counts) == {100}


def test_the_published_split_has_443_197_and_290_clips():
    assert catalogue.load().fault_filtered_split.value_counts().to_dict() == {
        "train": 443,
        "validation": 197,
        "test": 290,
    }


def test_duplicates_have_the_same_bytes_and_there_are_14():
    tracks = catalogue.load()
    later = tracks.duplicate_of.dropna()
    assert len(later) == 14
    assert all(tracks.sha256[clip_id] == tracks.sha256[earlier] for clip_id, earlier in later.items())


def test_the_broken_clip_is_in_the_catalogue():
    assert set(catalogue.BROKEN) <= set(catalogue.load().index)


def test_unknown_values_are_missing_but_an_artist_called_none_is_not(tmp_path):
    (tmp_path / "t.csv").write_text(HEADER + "a.1,a,None,,5,ff,valid,\na.2,a,,NA,5,fe,,a.1\n")
    tracks = catalogue.load(tmp_path / "t.csv")
    assert tracks.artist["a.1"] == "None" and tracks.artist.isna()["a.2"]
    assert tracks.title["a.2"] == "NA"
    assert tracks.fault_filtered_split["a.1"] == "validation" and tracks.fault_filtered_split.isna()["a.2"]
    assert tracks.bytes.tolist() == [5, 5]


def test_the_published_lists_apply_to_gtzans_own_bytes_only():
    tracks = catalogue.load()
    clips = tracks.loc[["blues.00000", "rock.00001"], ["sha256"]].copy()
    assert list(catalogue.published_split(clips)) == list(tracks.fault_filtered_split[clips.index])
    clips.loc["rock.00001", "sha256"] = "0" * 64  # other music under the same name, such as the built-in sample's
    assert catalogue.published_split(clips).isna().tolist() == [False, True]
