"""The network's picture: what is in a box, and where boxes and arrows stand."""

from itertools import combinations

import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from genre.model.layer_summary import LayerSummary, summarise_layers
from genre.model.model_file import ModelInfo
from genre.model.networks import NETWORKS
from genre.report.charts.network import Block, fold, network
from tests.models import shared
from tests.report.drawing import GTZAN, OWN, text_faults, words_of


def layer(name, kind="Dense", *inputs, shape=(10,), parameters=0, **settings) -> LayerSummary:
    return LayerSummary(name, kind, list(shape), parameters, list(inputs), settings)


def convolution(name, before) -> list[LayerSummary]:
    """A convolution with pooling, normalisation and activation behind it."""
    kernel = {"filters": 16, "kernel_size": [3, 5], "strides": [1, 2]}
    return [
        layer(name, "Conv2D", before, shape=(8, 8, 16), parameters=1000, **kernel),
        layer(f"{name}_pool", "MaxPooling2D", name, shape=(4, 4, 16), pool_size=[2, 2], strides=[2, 2]),
        layer(f"{name}_norm", "BatchNormalization", f"{name}_pool", shape=(4, 4, 16), parameters=64),
        layer(f"{name}_relu", "Activation", f"{name}_norm", shape=(4, 4, 16), activation="relu"),
    ]


INPUT = layer("segment", "InputLayer", shape=(130, 128))
RESIDUAL = [
    INPUT,
    *convolution("one", "segment"),
    layer("sum", "Add", "segment", "one_relu"),
    *convolution("two", "sum"),
    layer("sum2", "Add", "two_relu", "sum"),
]
# Crossing branches cannot be placed side by side, but are still drawn.
CROSSED = [
    INPUT,
    *(layer(name, "Dense", "segment", units=n) for n, name in enumerate("abc")),
    *(layer(name, "Add", *"abc", units=n) for n, name in enumerate("xyz")),
    layer("genres", "Add", *"xyz"),
]
NESTED = [
    INPUT,
    LayerSummary("pieces", "MeanOverPieces", [10], 1064, ["segment"], {}, [INPUT, *convolution("conv", "segment")]),
    layer("other", "Dense", "segment"),
    layer("genres", "Average", "pieces", "other"),
]


@pytest.fixture
def draw(settings):
    def drawn(layers, data=GTZAN):
        return network(ModelInfo(["a", "b"], settings, 130, 5, 1.0, "any", data.name, data.protocol, layers), data)

    return drawn


def boxes_of(figure) -> list[FancyBboxPatch]:
    return [patch for patch in figure.findobj(FancyBboxPatch)]


@pytest.mark.parametrize("architecture", list(NETWORKS))
def test_every_layer_of_a_keras_network_is_in_its_picture_with_its_parameters(draw, architecture):
    model = shared(architecture)
    layers = summarise_layers(model)
    figure = draw(layers)
    assert f"Network any: {model.count_params():,} parameters" in words_of(figure)
    assert text_faults(figure) == []

    def drawn(blocks: dict[str, Block]) -> int:
        """Parameters in boxes; those of a nested network are in its own boxes."""
        return sum(
            drawn(block.inner) if block.inner else sum(layer.parameters for layer in block.layers)
            for block in blocks.values()
        )

    assert drawn(fold(layers)) == model.count_params()


def test_a_box_names_a_convolution_with_kernel_and_filters_what_follows_it_and_the_shape_that_comes_out(draw):
    _, block = fold([INPUT, *convolution("conv", "segment")]).values()
    assert block.lines == [
        "Convolution 3 × 5, 16 filters, stride 1 × 2",
        "max pooling 2 × 2, batch norm, ReLU",
        "4 × 4 × 16 · 1,064 parameters",
    ]


def test_the_members_of_the_contrast_branch_are_named_with_how_many_units_they_have(draw):
    words = words_of(draw(summarise_layers(shared("two_branch"))))
    assert "Dense, 4 × 96 units" in words and "reshape" not in words


def test_a_layer_that_feeds_two_others_ends_its_box():
    layers = [INPUT, *convolution("one", "segment"), layer("sum", "Add", "one_norm", "one_relu")]
    assert list(fold(layers)) == ["segment", "one", "one_relu", "sum"]


@pytest.mark.parametrize("layers", [RESIDUAL, NESTED, CROSSED], ids=["residual", "nested", "crossed"])
def test_boxes_keep_apart_or_one_is_within_the_other_and_texts_stay_in_them(draw, layers):
    figure = draw(layers, OWN)
    assert text_faults(figure) == []
    boxes = [box.get_window_extent() for box in boxes_of(figure)]
    within = lambda inner, outer: outer.containsx(inner.x0) and outer.containsx(inner.x1)  # noqa: E731
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other) or within(one, other) or within(other, one)
    for text in figure.axes[0].texts:
        words = text.get_window_extent()
        assert any(within(words, box) and box.fully_overlaps(words) for box in boxes)


@pytest.mark.parametrize("layers", [RESIDUAL, CROSSED], ids=["residual", "crossed"])
def test_an_arrow_leads_from_each_block_to_each_that_it_feeds(draw, layers):
    figure = draw(layers)
    figure.draw_without_rendering()
    blocks = fold(layers)
    boxes = {name: box.get_bbox().padded(0.02) for name, box in zip(blocks, boxes_of(figure), strict=True)}
    ends = []
    for arrow in figure.findobj(FancyArrowPatch):
        corners = arrow.get_path().vertices
        touched = [name for name, box in boxes.items() if any(box.contains(*corner) for corner in corners)]
        ends.append((touched[0], touched[-1]))
    assert sorted(ends) == sorted((name, block) for block in blocks for name in blocks[block].inputs)
