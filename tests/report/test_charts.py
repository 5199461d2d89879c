import re

import librosa
import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from genre.features.quality import Quality
from genre.model.model_file import ModelInfo
from genre.model.predictions import Predictions
from genre.model.scores import summary
from genre.report.charts import song, style
from genre.report.charts.curves import LABELS, curves
from genre.report.charts.genres import confusion, f1
from genre.report.charts.spectrograms import band_ticks, confident_mistakes, decibels, mistakes, spectrograms
from genre.report.charts.style import Data
from genre.songs.prediction import Song, TimedPrediction
from genre.songs.text import stretches
from genre.songs.windows import Window
from tests.report.drawing import GTZAN, OWN, made_up, noise_for, text_faults, words_of

TEN = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]
LONG = ["NA", "a", "Drum'n'bass / $100%$", "流行音乐" * 6, "two\nlines \udcff"] + [
    f"sub-genre number {number:02d} of electronic music" for number in range(11)
]


def history(epochs):
    ramp = np.linspace(0.1, 1, epochs)
    columns = {f"{part}/accuracy": scale * ramp for part, scale in (("train", 1.0), ("validation", 0.8))}
    columns |= {f"{part}/loss": 2.4 - scale * ramp for part, scale in (("train", 2.3), ("validation", 1.5))}
    return pd.DataFrame(columns, index=pd.RangeIndex(1, epochs + 1, name="epoch"))


@pytest.fixture
def draw(settings):
    """A function that draws one of the pictures by name, for some genres."""

    def by_name(name, genres=TEN, data=GTZAN):
        predictions = made_up(genres)
        scores = summary(predictions)
        match name:
            case "confusion":
                return confusion(predictions, scores, data)
            case "f1":
                per_genre = pd.DataFrame.from_dict(scores["per_genre"], orient="index")
                return f1(per_genre, data, macro_f1=scores["macro_f1"])
            case "spectrograms":
                return spectrograms(noise_for(predictions, settings), predictions, data)
            case "mistakes":
                return mistakes(noise_for(predictions, settings), predictions, data)

    return by_name


@pytest.mark.parametrize("genres", [["music", "speech"], LONG], ids=["two", "many"])
@pytest.mark.parametrize("name", ["confusion", "f1", "spectrograms", "mistakes"])
@pytest.mark.filterwarnings("ignore:Glyph")  # where no font has Chinese letters
def test_no_text_overlaps_another_or_leaves_the_canvas_however_long_names_are(draw, name, genres):
    assert text_faults(draw(name, genres, OWN)) == []


@pytest.mark.parametrize("epochs", [1, 200])
def test_no_text_of_the_curves_overlaps_with_few_or_many_epochs(epochs):
    assert text_faults(curves(history(epochs), OWN, best_epoch=epochs, refit=True)) == []


def test_the_check_of_texts_finds_an_overlap_and_a_text_outside():
    figure = Figure((4, 3))
    for x, words in ((0.1, "left"), (0.12, "over it"), (0.5, "alone"), (0.97, "outside")):
        figure.text(x, 0.5, words)
    assert text_faults(figure) == ["'outside' leaves the canvas", "'left' overlaps 'over it'"]


def test_a_picture_names_its_data_and_synthetic_data_in_red(draw):
    for data, words, colour in (
        (Data("built-in sample", "synthesised", "random"), "Built-in sample (synthetic), random split", style.WARNING),
        (Data("built-in sample", "folder", "artist"), "built-in sample, artist split", style.INK),
    ):
        (line,) = [text for text in draw("f1", TEN[:2], data).texts if "sample" in text.get_text()]
        assert (line.get_text(), line.get_color()) == (words, colour)


def test_the_same_input_gives_the_same_bytes_whatever_matplotlib_is_set_to(draw, tmp_path):
    style.save(draw("f1", TEN[:2]), tmp_path / "one.png")
    with matplotlib.rc_context({"font.size": 20, "savefig.dpi": 30, "axes.facecolor": "red", "font.family": "serif"}):
        style.save(draw("f1", TEN[:2]), tmp_path / "two.png")
    one = (tmp_path / "one.png").read_bytes()
    assert one == (tmp_path / "two.png").read_bytes()
    assert not re.search(rb"tEXt|tIME|iTXt", one)


def test_a_genre_has_its_own_colour_which_is_the_same_in_every_picture(draw):
    colours = style.genre_colours(LONG)
    assert style.genre_colours(LONG[::-1]) == colours
    assert len(set(colours.values())) == len(LONG)
    chips = {to_rgb(colour) for colour in style.genre_colours(TEN).values()}
    for name in ("confusion", "spectrograms"):
        assert {to_rgb(text.get_color()) for text in draw(name).findobj(Text) if text.get_text() == style.CHIP} == chips
    assert {patch.get_facecolor()[:3] for patch in draw("f1").axes[0].patches} == chips


def test_long_names_are_cut_where_they_stay_different():
    for length in (20, 28, 30):
        cut = style.short_names(LONG, length)
        assert len(set(cut.values())) == len(LONG)
        assert max(map(style.columns, cut.values())) <= length
    assert style.short_names(TEN, 20) == {genre: genre for genre in TEN}


def test_a_wide_letter_counts_twice_and_what_cannot_be_printed_is_escaped():
    assert style.columns("ab流行") == 6
    assert style.shorten("流行音乐流行音乐", 12) == "流行音…音乐"
    assert style.shorten("caf\udce9\n", 20) == r"caf\udce9\n"


def test_the_cells_of_the_confusion_are_the_counts_and_their_share_of_the_row():
    predictions = Predictions(
        np.array(list("stuvwx")), np.array([0, 0, 0, 1, 1, 1]), np.eye(2)[[0, 0, 1, 1, 1, 1]], ["a", "b"]
    )
    figure = confusion(predictions, summary(predictions), GTZAN)
    cells = {text.get_position(): text.get_text() for text in figure.axes[0].texts if text.get_text() != style.CHIP}
    assert cells == {(0, 0): "2\n67 %", (1, 0): "1\n33 %", (1, 1): "3\n100 %"}  # (predicted, true)
    assert figure.axes[0].images[0].get_array().tolist() == [[2 / 3, 1 / 3], [0, 1]]
    detail = "accuracy 83.3 % (95 % interval 43.6 to 97.0 %; majority-class baseline 50.0 %), 6 test clips"
    assert detail in words_of(figure).replace("\n", " ")


def test_a_genre_without_test_clips_leaves_its_row_empty(settings):
    predictions = made_up(["a", "b", "c"])
    kept = predictions.labels != 1
    predictions = Predictions(
        predictions.clip_ids[kept], predictions.labels[kept], predictions.probabilities[kept], ["a", "b", "c"]
    )
    shares = confusion(predictions, summary(predictions), GTZAN).axes[0].images[0].get_array()
    np.testing.assert_allclose(shares.sum(axis=1), [1, 0, 1])
    panels = spectrograms(noise_for(predictions, settings), predictions, GTZAN).axes
    assert len(panels) == 3  # two and the colour bar


def test_the_bars_are_f1_the_best_on_top_and_the_whiskers_are_its_interval():
    table = pd.DataFrame(
        {"f1": [0.5, 0.9, 0.7], "f1_low": [0.3, 0.8, 0.1], "f1_high": [0.6, 1.0, 0.75], "n_clips": [7, 8, 9]},
        index=["a", "b", "c"],
    )
    axes = f1(table, GTZAN, macro_f1=0.7).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.9, 0.7, 0.5]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b", "c", "a"]
    assert axes.yaxis_inverted()
    whiskers = [line for line in axes.collections if isinstance(line, LineCollection)][-1]
    ends = [segment.tolist() for segment in whiskers.get_segments()]
    assert ends == [[[0.8, 0], [1.0, 0]], [[0.1, 1], [0.75, 1]], [[0.3, 2], [0.6, 2]]]
    assert "n = 8" in words_of(axes.figure) and "macro F1 0.70" in words_of(axes.figure)


def test_the_mistakes_shown_are_the_most_confident_ones_in_order(settings):
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3], [0.9, 0.1], [0.2, 0.8]])
    predictions = Predictions(
        np.array(["c0", "c1", "c2", "c3", "c5", "c4"]), np.array([0, 0, 0, 1, 1, 0]), probabilities, ["x", "y"]
    )
    assert confident_mistakes(predictions).tolist() == [4, 2, 5, 3, 1]  # ties in order of clip id
    figure = mistakes(noise_for(predictions, settings), predictions, GTZAN)
    captions = [" ".join(text.get_text() for text in axes.findobj(Text)) for axes in figure.axes]
    shown = [re.search(r"c\d", caption)[0] for caption in captions[:5]]
    assert shown == ["c5", "c2", "c4", "c3", "c1"]
    assert re.search(r"c5 \S y 10 % true \S x 90 % predicted", captions[0])
    assert "5 of 6 test clips are misclassified;" in words_of(figure)


def test_without_mistakes_the_picture_says_so(settings):
    predictions = Predictions(np.array(["p", "q"]), np.array([0, 1]), np.eye(2), ["x", "y"])
    figure = mistakes(noise_for(predictions, settings), predictions, GTZAN)
    assert "No mistakes: all 2 test clips are classified correctly." in words_of(figure)


def test_spectrograms_show_the_clip_that_fits_its_genre_best_against_seconds(settings):
    predictions = made_up(TEN)
    features = noise_for(predictions, settings)
    panels = spectrograms(features, predictions, GTZAN).axes
    chosen = predictions.probabilities[:6, 0].argmax()  # of blues
    image = panels[0].images[0]
    np.testing.assert_array_equal(image.get_array().T, decibels(features.of(predictions.clip_ids[chosen])))
    seconds = len(features.of(predictions.clip_ids[chosen])) / settings.frames_per_second
    assert image.get_extent() == pytest.approx([0, seconds, -0.5, settings.n_mels - 0.5])


def test_levels_become_decibels_below_the_loudest_point():
    assert decibels(np.array([[0, 51, 255]], np.uint8)).tolist() == [[-80, -64, 0]]
    np.testing.assert_allclose(decibels(np.array([[1e-3, 10, 1e-12]], np.float32)), [[-40, 0, -80]], atol=1e-4)


def test_a_frequency_is_marked_at_the_mel_band_that_responds_to_it_most(settings):
    filters = librosa.filters.mel(sr=settings.sample_rate, n_fft=65536, n_mels=settings.n_mels, norm=None)
    places, names = band_ticks(settings)
    assert names == ["0.5", "1", "2", "4", "8"]
    for place, name in zip(places, names, strict=True):
        bin_ = round(float(name) * 1000 / settings.sample_rate * 65536)
        assert filters[:, bin_].argmax() == round(place)


def test_the_curves_hold_every_epoch_and_mark_the_best():
    table = history(12)
    left, right = curves(table, GTZAN, best_epoch=7, refit=False).axes
    for axes, name in ((left, "accuracy"), (right, "loss")):
        lines = {line.get_label(): line for line in axes.lines}
        for part in ("train", "validation"):
            np.testing.assert_array_equal(lines[LABELS[part]].get_xdata(), range(1, 13))
            np.testing.assert_array_equal(lines[LABELS[part]].get_ydata(), table[f"{part}/{name}"])
        assert list(lines["chosen epoch"].get_xdata()) == [7, 7]
        low, high = axes.get_ylim()
        assert low <= table[f"train/{name}"].min() and table[f"train/{name}"].max() <= high


def test_a_song_s_ticks_stand_at_round_times_however_long_it_is():
    assert list(song.time_ticks(30.0, at_most=9)) == [0, 5, 10, 15, 20, 25, 30]
    assert list(song.time_ticks(30.0, at_most=4)) == [0, 10, 20, 30]
    assert list(song.time_ticks(3754.0, at_most=9)) == [0, 600, 1200, 1800, 2400, 3000, 3600]
    for seconds in (1.0, 61.0, 299.0, 2400.02, 40000.0, 1e6):
        ticks = song.time_ticks(seconds, at_most=9)
        assert 2 <= len(ticks) <= 10 and ticks[-1] <= seconds


def test_a_song_s_areas_change_where_its_text_says_and_the_legend_names_each_of_them(settings):
    genres = ["_misc", *(f"g{number}" for number in range(1, 10))]
    shares = np.full((8, 10), 0.01)
    shares[np.arange(8), np.arange(8)] = 0.91  # each of eight is the most probable once
    moments = [TimedPrediction(30.0 * at, 30.0 * at + 30, row) for at, row in enumerate(shares)]
    window = Window(0.0, 240.0, np.zeros((40, settings.n_mels), np.uint8), Quality(11_025.0, np.inf))
    whole = Song(240.0, np.linspace(0.2, 0.0, 10), moments, [window])
    info = ModelInfo(genres, settings, 130, 2, 1.0, "n", "GTZAN", "random", [])
    figure = song.song("caf\udce9.wav", whole, info)
    axes = figure.axes[1]
    named = [text.get_text().strip() for text in axes.get_legend().get_texts()]
    assert named == ["others", *genres[7::-1]]  # in the order of the stack
    corners = [area.get_paths()[0].vertices for area in axes.collections]
    assert len(corners) == len(named)
    changes, middles = {start for start, _ in stretches(moments, genres)}, {moment.start + 15 for moment in moments}
    assert changes <= set(corners[0][:, 0]) and middles.isdisjoint(corners[0][:, 0])
    assert corners[-1][:, 1].min() == pytest.approx(0.98)  # two genres that are never above 1 %
    assert r"caf\udce9.wav: _misc, 20 % (unsure)" in words_of(figure)
    assert text_faults(figure) == []


def test_silence_within_a_song_has_no_genre(settings):
    row = np.array([0.75, 0.25])
    moments = [TimedPrediction(start, start + 20.0, row) for start in (0.0, 10.0, 70.0, 80.0)]
    window = Window(0.0, 30.0, np.zeros((40, settings.n_mels), np.uint8), Quality(11_025.0, np.inf))
    info = ModelInfo(["a", "b"], settings, 130, 2, 1.0, "n", "GTZAN", "random", [])
    axes = song.song("a.wav", Song(100.0, row, moments, [window]), info).axes[1]
    for area in axes.collections:
        drawn = [(path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in area.get_paths()]
        assert drawn == [(0, 30), (70, 100)]
