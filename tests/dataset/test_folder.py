from pathlib import Path

import pytest

from genre.dataset import folder
from genre.errors import DataError


def make(top: Path, *paths: str) -> Path:
    for path in paths:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(path.encode())
    return top


def ids(top: Path) -> dict[str, str]:
    return {file.clip_id: file.genre for file in folder.read(top).audio}


def test_classes_are_the_first_level_folders_and_audio_may_lie_deeper(tmp_path):
    make(tmp_path, "a/1.wav", "a/x/y/2.FLAC", "b/3.mp3", "b/4.Opus", ".c/5.wav", "b/notes.txt", "empty/readme.md")
    contents = folder.read(tmp_path)
    assert {file.clip_id: file.genre for file in contents.audio} == {"1": "a", "2": "a", "3": "b", "4": "b"}
    assert contents.passed_over == {"b": {".txt": 1}, "empty": {".md": 1}} and contents.empty == ["empty"]


def test_files_that_share_a_stem_are_called_by_their_path(tmp_path):
    make(tmp_path, "a/song.wav", "b/x/song.mp3", "b/other.wav")
    assert ids(tmp_path) == {"a/song.wav": "a", "b/x/song.mp3": "b", "other": "b"}


def test_a_class_may_have_an_unusual_name(tmp_path):
    make(tmp_path, "Drum & Bass, v1.0/1.wav", "Fado – música/2.wav", "00/3.wav")
    assert set(ids(tmp_path).values()) == {"Drum & Bass, v1.0", "Fado – música", "00"}


def test_linked_folders_are_followed_but_not_in_circles_and_classes_may_share_one(tmp_path):
    make(tmp_path / "elsewhere", "1.wav")
    top = make(tmp_path / "top", "a/2.wav", "b/3.wav")
    for link, target in {"a/more": "../../elsewhere", "b/more": "../../elsewhere", "b/ring": "..", "all": "."}.items():
        (top / link).symlink_to(target)
    assert ids(top) == {"a/more/1.wav": "a", "2": "a", "b/more/1.wav": "b", "3": "b"}


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["readme.txt"], "holds no audio files"),
        (["1.wav", "2.wav"], "has its audio files at the top"),
        (["a/1.wav", "b/readme.txt"], "single class with audio, 'a'"),
        (["Data/genres_original/x/1.wav", "Data/genres_original/y/2.wav"], r"set fetch\.dataset to that"),
    ],
)
def test_a_folder_that_is_not_a_dataset_is_refused_with_the_layout(tmp_path, paths, said):
    with pytest.raises(DataError, match=said) as error:
        folder.read(make(tmp_path, *paths))
    assert str(tmp_path) in str(error.value) and "<class>" in str(error.value)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere: No such file"):
        folder.read(tmp_path / "nowhere")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    top = make(tmp_path / "top", "a/1.wav", "b/2.wav")
    (top / "a" / "lost.wav").symlink_to("nowhere")
    with pytest.raises(DataError, match=r"a/lost\.wav cannot be read"):
        folder.copy(folder.read(top).audio, top, tmp_path / "copy")


def test_a_folder_that_cannot_be_read_is_named_with_the_systems_reason(tmp_path):
    top = make(tmp_path / "top", "a/1.wav", "b/2.wav")
    (top / "c").symlink_to("gone")
    (top / "a" / "album").symlink_to("album")
    with pytest.raises(DataError, match=r"a/album \(Too many levels .*top/c \(No such file") as error:
        folder.read(top)
    assert "\n" not in str(error.value)


def test_accents_may_be_encoded_in_two_ways(tmp_path):
    make(tmp_path, "a/Cafe\u0301.wav", "b/Caf\u00e9 2.wav", "a/Bjo\u0308rk.wav", "b/Bj\u00f6rk.wav")
    text = "clip_id,artist\nCaf\u00e9,Jos\u00e9\nCafe\u0301 2,Jose\u0301\na/Bj\u00f6rk.wav,X\n"
    (tmp_path / "artists.csv").write_text(text, encoding="utf-8")
    artists = {file.clip_id: file.artist for file in folder.read(tmp_path).audio}
    assert artists == {
        "Cafe\u0301": "Jos\u00e9",
        "Caf\u00e9 2": "Jos\u00e9",
        "a/Bjo\u0308rk.wav": "X",
        "b/Bj\u00f6rk.wav": "",
    }


def test_artists_come_from_artists_csv(tmp_path):
    make(tmp_path, "a/007.wav", "b/2.wav")
    (tmp_path / "artists.csv").write_text("clip_id,artist\n007,NA\n,\n", encoding="utf-8-sig")
    assert {file.clip_id: file.artist for file in folder.read(tmp_path).audio} == {"007": "NA", "2": ""}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clip,artist\n1,x\n", "has the columns clip, artist; it must have clip_id and artist"),
        ("clip_id,artist\n1.wav,x\n", r"names clips that are not in the folder: 1, such as '1\.wav'"),
        ("clip_id,artist\n1,x\n1,y\n", "names '1' twice"),
        ("", "is not a valid CSV"),
        ("clip_id,artist\n1,Earth, Wind & Fire\n", "is not a valid CSV"),
        ("clip_id,artist\n1,x,\n2,y,\n", "is not a valid CSV"),
    ],
)
def test_a_wrong_artists_csv_is_refused(tmp_path, text, said):
    make(tmp_path, "a/1.wav", "b/2.wav")
    (tmp_path / "artists.csv").write_text(text)
    with pytest.raises(DataError, match=said) as error:
        folder.read(tmp_path)
    assert "artists.csv" in str(error.value)
