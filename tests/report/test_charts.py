import json
import re
from itertools import combinations

import librosa
import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Outline
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from genre.features import store
from genre.model.layer_summary import LayerSummary
from genre.model.model_file import ModelInfo
from genre.model.predictions import Predictions
from genre.model.scores import summary
from genre.report.charts import blocks, routing, song, style
from genre.report.charts.confusion import confusion
from genre.report.charts.curves import curves
from genre.report.charts.f1 import f1
from genre.report.charts.network import network
from genre.report.charts.spectrograms import band_ticks, decibels, mistakes, spectrograms, surest_mistakes
from genre.report.charts.style import Data
from genre.songs.prediction import Song, TimedPrediction
from genre.songs.windows import Window

GTZAN = Data("GTZAN", "kaggle", "artist")
SAMPLE = Data("built-in sample", "synthesised", "random")
TEN = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]
LONG = ["NA", "a", "Drum'n'bass / $100%$"] + [
    f"sub-genre number {number:02d} of electronic music" for number in range(22)
]
OWN = Data("a folder of one's own with a name that goes on and on and on and on and on", "folder", "fault_filtered")


def made_up(genres, *, per_genre=6, right=0.8, seed=0):
    """Predictions of about the given accuracy."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(genres)), per_genre)
    logits = rng.normal(0, 1, (len(labels), len(genres)))
    said = np.where(rng.random(len(labels)) < right, labels, rng.integers(0, len(genres), len(labels)))
    logits[np.arange(len(labels)), said] += 4
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ids = np.array([f"{genres[label]}.{number:05d}" for number, label in enumerate(labels)])
    return Predictions(ids, labels, probabilities, list(genres))


def features_of(predictions, settings):
    """Noise for every clip, one in four of them shorter."""
    rng = np.random.default_rng(0)
    clips = [
        rng.integers(0, 255, (40 - 10 * (n % 4 == 0), settings.n_mels), np.uint8)
        for n in range(len(predictions.labels))
    ]
    genres = np.array(predictions.genres)[predictions.labels]
    table = pd.DataFrame({"clip_id": predictions.clip_ids, "genre": genres})
    return store.from_arrays(clips, table, settings=settings, dataset={"name": "noise"})


def history(epochs):
    ramp = np.linspace(0.1, 1, epochs)
    columns = {f"{part}/accuracy": scale * ramp for part, scale in (("train", 1.0), ("validation", 0.8))}
    columns |= {f"{part}/loss": 2.4 - scale * ramp for part, scale in (("train", 2.3), ("validation", 1.5))}
    return pd.DataFrame(columns, index=pd.RangeIndex(1, epochs + 1, name="epoch"))


def layer(name, kind, shape, parameters=0, *inputs):
    return LayerSummary(name, kind, list(shape), parameters, list(inputs))


def run_of(before, tag, number):
    """Convolution, normalisation, activation and pooling after the layer `before`."""
    names = [f"{tag}conv{number}", f"{tag}norm{number}", f"{tag}relu{number}", f"{tag}pool{number}"]
    kinds = ["Conv2D", "BatchNormalization", "Activation", "MaxPooling2D"]
    sizes = [1000 * number, 64, 0, 0]
    feeds = [before, *names[:-1]]
    return [
        layer(name, kind, (8, 8, 16), size, feed)
        for name, kind, size, feed in zip(names, kinds, sizes, feeds, strict=True)
    ]


def straight(count):
    layers = [layer("segment", "InputLayer", (130, 128))]
    for number in range(1, count + 1):
        layers += run_of(layers[-1].name, "", number)
    return [*layers, layer("genres", "Dense", (10,), 650, layers[-1].name)]


def committee(members):
    layers = [
        layer("segment", "InputLayer", (None, 128)),
        layer("per_band", "Normalization", (None, 128), 257, "segment"),
    ]
    for number in range(1, 4):
        for member in range(members):
            layers += run_of("per_band" if number == 1 else f"m{member}_pool{number - 1}", f"m{member}_", number)
    return [*layers, layer("mean", "Average", (10,), 0, *(f"m{member}_pool3" for member in range(members)))]


def residual(count):
    layers = [layer("segment", "InputLayer", (130, 128, 1)), layer("first", "Conv2D", (130, 128, 16), 160, "segment")]
    for number in range(count):
        before = layers[-1].name
        inner = run_of(before, f"r{number}_", 1)
        layers += [*inner, layer(f"add{number}", "Add", (130, 128, 16), 0, before, inner[-1].name)]
    return [*layers, layer("genres", "Dense", (10,), 170, layers[-1].name)]


@pytest.fixture
def draw_network(settings):
    def draw(layers, data=GTZAN):
        info = ModelInfo(["a", "b"], settings, 130, 5, 1.0, "some_network", data.name, data.protocol, layers)
        return network(info, data)

    return draw


@pytest.fixture
def draw(settings, draw_network):
    """A function that draws one of the pictures by name, for some genres."""

    def by_name(name, genres=TEN, data=GTZAN, **made):
        predictions = made_up(genres, **made)
        scores = summary(predictions)
        match name:
            case "curves":
                return curves(history(12), data, best_epoch=7)
            case "confusion":
                return confusion(predictions, scores, data)
            case "f1":
                per_genre = pd.DataFrame.from_dict(scores["per_genre"], orient="index")
                return f1(per_genre, data, macro_f1=scores["macro_f1"])
            case "spectrograms":
                return spectrograms(features_of(predictions, settings), predictions, data)
            case "mistakes":
                return mistakes(features_of(predictions, settings), predictions, data)
            case "network":
                return draw_network(straight(4), data)

    return by_name


NAMES = ["curves", "confusion", "f1", "spectrograms", "mistakes", "network"]


def drawn_texts(figure: Figure, monkeypatch) -> list[Text]:
    """The texts that are really drawn, which leaves out ticks outside the axes."""
    FigureCanvasAgg(figure)
    drawn = []
    original = Text.draw

    def spy(self, *args, **kwargs):
        if self.get_visible() and self.get_text().strip():
            drawn.append(self)
        return original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Text, "draw", spy)
        figure.draw_without_rendering()
    return list(dict.fromkeys(drawn))


def outline(text: Text) -> Outline:
    """The rectangle that a text covers, in pixels, less half a pixel all around."""
    angle = text.get_rotation()
    text.set_rotation(0 if angle % 90 else angle)
    box = text.get_window_extent().padded(-0.5)
    text.set_rotation(angle)
    corners = np.array([(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)])
    if angle % 90:
        assert text.get_rotation_mode() == "anchor"
        corners = (
            Affine2D().rotate_deg_around(*text.get_transform().transform(text.get_position()), angle).transform(corners)
        )
    return Outline(corners)


def faults(figure: Figure, monkeypatch) -> list[str]:
    """Texts that overlap another one or leave the canvas."""
    texts = [(text.get_text(), outline(text)) for text in drawn_texts(figure, monkeypatch)]
    assert len(texts) > 3
    width, height = figure.canvas.get_width_height()
    found = []
    for words, shape in texts:
        low, high = shape.vertices.min(axis=0), shape.vertices.max(axis=0)
        if low.min() < 0 or high[0] > width or high[1] > height:
            found.append(f"{words!r} leaves the canvas")
    for (words, shape), (others, other) in combinations(texts, 2):
        if shape.get_extents().overlaps(other.get_extents()) and shape.intersects_path(other, filled=True):
            found.append(f"{words!r} overlaps {others!r}")
    return found


def words_of(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


@pytest.mark.parametrize("name", NAMES)
def test_no_text_overlaps_another_or_leaves_the_canvas(draw, name, monkeypatch):
    assert faults(draw(name), monkeypatch) == []


@pytest.mark.parametrize("genres", [["music", "speech"], LONG], ids=["two", "many"])
@pytest.mark.parametrize("name", ["confusion", "f1", "spectrograms", "mistakes"])
def test_nor_does_it_with_two_genres_or_with_many_that_have_long_names(draw, name, genres, monkeypatch):
    assert faults(draw(name, genres, OWN), monkeypatch) == []


@pytest.mark.parametrize("epochs", [1, 2, 200])
def test_nor_does_it_with_few_or_many_epochs(epochs, monkeypatch):
    assert faults(curves(history(epochs), OWN, best_epoch=epochs), monkeypatch) == []


@pytest.mark.parametrize(
    "layers", [straight(15), committee(5), residual(10)], ids=["straight", "committee", "residual"]
)
def test_nor_does_it_in_large_networks_whose_boxes_keep_apart_too(draw_network, layers, monkeypatch):
    figure = draw_network(layers, OWN)
    assert faults(figure, monkeypatch) == []
    boxes = [patch.get_window_extent() for patch in figure.findobj(FancyBboxPatch)]
    assert len(boxes) == len(blocks.fold(layers))
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    for text in figure.axes[0].texts:
        words = text.get_window_extent().padded(4)
        assert any(box.containsx(words.x0) and box.containsx(words.x1) and box.fully_overlaps(words) for box in boxes)
    width, height = figure.canvas.get_width_height()
    assert width < 3.5 * height < 12 * width


def test_the_overlap_check_finds_an_overlap_and_a_text_outside(monkeypatch):
    figure = Figure((4, 3))
    for x, words in ((0.1, "left"), (0.12, "over it"), (0.5, "alone"), (0.97, "outside")):
        figure.text(x, 0.5, words)
    assert faults(figure, monkeypatch) == ["'outside' leaves the canvas", "'left' overlaps 'over it'"]


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_names_dataset_and_split_protocol_and_made_up_data_in_red(draw, name):
    (line,) = [text for text in draw(name, TEN[:2], SAMPLE).texts if "sample" in text.get_text()]
    assert line.get_text() == "Built-in sample (synthetic), random split"
    assert line.get_color() == style.WARNING
    (line,) = [text for text in draw(name, TEN[:2]).texts if "GTZAN" in text.get_text()]
    assert line.get_text() == "GTZAN, artist split"
    assert line.get_color() == style.INK


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
        assert max(map(len, cut.values())) <= length
    assert style.short_names(TEN, 20) == {genre: genre for genre in TEN}


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


def test_a_genre_without_test_clips_leaves_its_row_empty(draw_network, settings):
    predictions = made_up(["a", "b", "c"])
    kept = predictions.labels != 1
    predictions = Predictions(
        predictions.clip_ids[kept], predictions.labels[kept], predictions.probabilities[kept], ["a", "b", "c"]
    )
    shares = confusion(predictions, summary(predictions), GTZAN).axes[0].images[0].get_array()
    np.testing.assert_allclose(shares.sum(axis=1), [1, 0, 1])
    panels = spectrograms(features_of(predictions, settings), predictions, GTZAN).axes
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
    assert surest_mistakes(predictions, 9).tolist() == [4, 2, 5, 3, 1]  # of two as sure, by clip id
    assert surest_mistakes(predictions, 2).tolist() == [4, 2]
    figure = mistakes(features_of(predictions, settings), predictions, GTZAN)
    captions = [" ".join(text.get_text() for text in axes.findobj(Text)) for axes in figure.axes]
    shown = [re.search(r"c\d", caption)[0] for caption in captions[:5]]
    assert shown == ["c5", "c2", "c4", "c3", "c1"]
    assert re.search(r"c5 \S y 10 % true \S x 90 % predicted", captions[0])
    assert "5 of 6 test clips are misclassified;" in words_of(figure)


def test_without_mistakes_the_picture_says_so(settings):
    predictions = Predictions(np.array(["p", "q"]), np.array([0, 1]), np.eye(2), ["x", "y"])
    figure = mistakes(features_of(predictions, settings), predictions, GTZAN)
    assert "No mistakes: all 2 test clips are recognised." in words_of(figure)


def test_spectrograms_show_the_clip_that_fits_its_genre_best_against_seconds(settings):
    predictions = made_up(TEN)
    features = features_of(predictions, settings)
    panels = spectrograms(features, predictions, GTZAN).axes
    chosen = predictions.probabilities[:6, 0].argmax()  # of blues
    image = panels[0].images[0]
    np.testing.assert_array_equal(image.get_array().T, decibels(features.of(predictions.clip_ids[chosen])))
    seconds = len(features.of(predictions.clip_ids[chosen])) / settings.frames_per_second
    assert image.get_extent() == pytest.approx([0, seconds, -0.5, settings.n_mels - 0.5])


def test_levels_become_decibels_below_the_loudest_point():
    assert decibels(np.array([[0, 51, 255]], np.uint8)).tolist() == [[-80, -64, 0]]
    np.testing.assert_allclose(decibels(np.array([[1e-3, 10, 1e-12]], np.float32)), [[-40, 0, -80]], atol=1e-4)


def test_a_frequency_is_marked_at_the_mel_band_that_answers_to_it_most(settings):
    filters = librosa.filters.mel(sr=settings.sample_rate, n_fft=65536, n_mels=settings.n_mels, norm=None)
    places, names = band_ticks(settings)
    assert names == ["0.5", "1", "2", "4", "8"]
    for place, name in zip(places, names, strict=True):
        bin_ = round(float(name) * 1000 / settings.sample_rate * 65536)
        assert filters[:, bin_].argmax() == round(place)


def test_the_curves_hold_every_epoch_and_mark_the_best():
    table = history(12)
    left, right = curves(table, GTZAN, best_epoch=7).axes
    for axes, name in ((left, "accuracy"), (right, "loss")):
        lines = {line.get_label(): line for line in axes.lines}
        for part in ("train", "validation"):
            np.testing.assert_array_equal(lines[part].get_xdata(), range(1, 13))
            np.testing.assert_array_equal(lines[part].get_ydata(), table[f"{part}/{name}"])
        assert list(lines["best epoch"].get_xdata()) == [7, 7]
        low, high = axes.get_ylim()
        assert low <= table[f"train/{name}"].min() and table[f"train/{name}"].max() <= high


@pytest.mark.parametrize("layers", [straight(6), committee(3), residual(4)])
def test_the_network_names_every_layer_kind_and_counts_every_parameter(draw_network, layers):
    figure = draw_network(layers)
    words = words_of(figure)
    total = sum(one.parameters for one in layers)
    assert f"Network some_network: {total:,} parameters" in words
    assert sum(block.parameters for block in blocks.fold(layers)) == total
    in_boxes = [int(count.replace(",", "")) for count in re.findall(r"\u00b7 ([\d,]+) parameters", words)]
    assert sum(in_boxes) == total
    assert words.count("BatchNorm") == sum(one.kind == "BatchNormalization" for one in layers)


def test_a_run_after_a_convolution_is_one_block_up_to_where_the_network_branches():
    folded = blocks.fold(straight(2))
    assert [block.name for block in folded] == ["segment", "conv1", "conv2", "genres"]
    assert [one.name for one in folded[1].layers] == ["conv1", "norm1", "relu1", "pool1"]
    assert folded[2].inputs == ("conv1",)
    branching = [
        *straight(1)[:3],
        layer("relu1", "Activation", (8,), 0, "norm1"),
        layer("add", "Add", (8,), 0, "norm1", "relu1"),
    ]
    assert [block.name for block in blocks.fold(branching)] == ["segment", "conv1", "relu1", "add"]


def test_an_arrow_leads_from_each_block_to_each_that_it_feeds(draw_network):
    layers = residual(3)
    figure = draw_network(layers)
    figure.draw_without_rendering()
    boxes = {}
    for patch, block in zip(figure.findobj(FancyBboxPatch), blocks.fold(layers), strict=True):
        boxes[block.name] = patch.get_bbox().padded(0.02)
    arrows = [patch for patch in figure.findobj(FancyArrowPatch)]
    ends = []
    for arrow in arrows:
        path = arrow._path_original.vertices
        ends.append(
            tuple(next(name for name, box in boxes.items() if box.contains(*point)) for point in (path[0], path[-1]))
        )
    assert sorted(ends) == sorted((name, block.name) for block in blocks.fold(layers) for name in block.inputs)


PAIR = [layer("other", "Dense", (10,), 9, "per_band"), layer("genres", "Average", (10,), 0, "mean", "other")]
BRANCHING = {
    "a bypass": [*committee(3), *PAIR],
    "each to each": [
        layer("segment", "InputLayer", (9,)),
        *(layer(name, "Dense", (9,), 9, "segment") for name in "abc"),
        *(layer(name, "Add", (9,), 0, *"abc") for name in "xyz"),
        layer("genres", "Add", (9,), 0, *"xyz"),
    ],
    "residual": residual(3),
}


@pytest.mark.parametrize("layers", BRANCHING.values(), ids=list(BRANCHING))
def test_lines_that_run_to_the_side_together_are_from_one_block_or_to_one(layers):
    drawing = blocks.place(blocks.fold(layers))
    levels = routing.levels(drawing.edges, {(node.row, node.column): node.column for node in drawing.placed})
    assert all(0 < level < 1 for level in levels.values())
    for (start, end), (other_start, other_end) in combinations(levels, 2):
        along = max(min(start[1], end[1]), min(other_start[1], other_end[1])) <= min(
            max(start[1], end[1]), max(other_start[1], other_end[1])
        )
        straight = start[1] == end[1] or other_start[1] == other_end[1]
        if start[0] == other_start[0] and along and not straight:
            apart = levels[start, end] != levels[other_start, other_end]
            assert apart or start == other_start or end == other_end


def test_a_line_does_not_come_down_on_the_stem_of_another_where_their_order_can_prevent_it():
    left, right, low, lower = (0, 0.0), (0, 2.0), (1, 2.0), (1, 4.0)
    for edges in ([(left, low), (right, lower)], [(right, lower), (left, low)]):
        levels = routing.levels(edges, {place: place[1] for place in (left, right, low, lower)})
        assert levels[right, lower] > levels[left, low]


def test_an_edge_passes_rows_in_one_column():
    drawing = blocks.place(blocks.fold([*committee(3), *PAIR]))
    passing = [[column for _, column in edge[1:-1]] for edge in drawing.edges if len(edge) > 3]
    assert passing and all(len(set(columns)) == 1 for columns in passing)


@pytest.mark.parametrize("members", [2, 3, 6])
def test_a_chain_of_layers_stands_in_one_column_and_no_two_boxes_touch(members):
    placed = [node for node in blocks.place(blocks.fold([*committee(members), *PAIR])).placed if node.block]
    column = {node.block.name: node.column for node in placed}
    feeds = [name for node in placed for name in node.block.inputs]
    chained = [(node.block.name, node.block.inputs[0]) for node in placed if len(node.block.inputs) == 1]
    chained = [(name, before) for name, before in chained if feeds.count(before) == 1]
    assert chained and all(column[name] == column[before] for name, before in chained)
    for one, other in combinations(placed, 2):
        assert one.row != other.row or abs(one.column - other.column) >= 0.9


def test_layers_survive_json_which_is_how_the_model_file_holds_them(draw_network, settings):
    layers = committee(2)
    info = ModelInfo(["a"], settings, 130, 5, 1.0, "n", "GTZAN", "random", layers)
    assert ModelInfo.from_json(info.to_json()).layers == layers
    assert json.loads(info.to_json())["layers"][0]["shape"] == [None, 128]
    assert "? \u00d7 128" in words_of(draw_network(layers))


def test_a_song_s_ticks_stand_at_round_times_however_long_it_is():
    assert list(song.time_ticks(30.0)) == [0, 5, 10, 15, 20, 25, 30]
    assert list(song.time_ticks(3754.0)) == [0, 600, 1200, 1800, 2400, 3000, 3600]
    for seconds in (1.0, 61.0, 299.0, 2400.02, 40000.0, 1e6):
        assert 2 <= len(song.time_ticks(seconds)) <= 10 and song.time_ticks(seconds)[-1] <= seconds


def test_the_legend_of_a_song_names_every_genre_that_is_seen_in_it_as_they_lie_on_one_another(settings):
    genres = [f"g{number}" for number in range(10)]
    shares = np.full((8, 10), 0.01)
    shares[np.arange(8), np.arange(8)] = 0.91  # each of eight has its moment
    moments = [TimedPrediction(30.0 * at, 30.0 * at + 30, row) for at, row in enumerate(shares)]
    window = Window(0.0, 240.0, np.zeros((40, settings.n_mels), np.uint8))
    told = Song(240.0, np.linspace(0.2, 0.0, 10), moments, [window])
    info = ModelInfo(genres, settings, 130, 2, 1.0, "n", "GTZAN", "random", [])
    legend = song.song("a.wav", told, info).axes[1].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == genres[7::-1]
