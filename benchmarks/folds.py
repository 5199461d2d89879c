"""Compare changes to the recipe by cross-validation, without using any test set.

    python -m benchmarks.folds train.muon=0 train.augment.gain=0 --seeds 0 1

Trains the recipe, and the recipe with each of the given changes, on the same folds. The clips are the training and
validation clips of GTZAN's fault-filtered lists, or all clips of another dataset. No artist is in two folds; with
`--protocol random`, only byte-identical clips are kept together. Each fold is predicted by a network trained on the
others, a third of which, chosen in the same way, is its validation set. The last line of stdout is JSON.
"""

import argparse
import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from benchmarks.accuracy import Run, half_interval, over_seeds, recipe_arguments, run
from benchmarks.recipe import recipe
from genre import console, params
from genre.dataset import catalogue
from genre.dataset.splits import linked_groups
from genre.features import store
from genre.features.store import Features

INNER_FOLDS = 3  # one is the validation set; in the published lists, it has 31 % of these clips


def selection_clips(features: Features) -> pd.DataFrame:
    """The clips that a choice may be based on: no test clips of the published lists, and none that they drop."""
    published = catalogue.published_split(features.clips)
    return features.clips[published.isin(["train", "validation"])] if published.notna().any() else features.clips


def folds(clips: pd.DataFrame, *, protocol: str = "artist", n_folds: int, seed: int) -> Iterator[pd.Series]:
    """For each fold, `train`, `validation` or `test` by clip_id; `test` marks the fold.

    No artist is in two sets; if `protocol` is `random`, only byte-identical clips are kept in one set.
    """
    groups = linked_groups(clips) if protocol == "artist" else pd.factorize(clips.sha256)[0]

    def partition(rows: np.ndarray, n: int) -> Iterator[np.ndarray]:
        splitter = StratifiedGroupKFold(n, shuffle=True, random_state=seed)
        for _, held_out in splitter.split(rows, clips.genre.iloc[rows], groups[rows]):
            yield rows[held_out]

    all_rows = np.arange(len(clips))
    for fold in partition(all_rows, n_folds):
        parts = pd.Series("train", index=clips.index)
        parts.iloc[next(partition(np.setdiff1d(all_rows, fold), INNER_FOLDS))] = "validation"
        parts.iloc[fold] = "test"
        yield parts


def pooled(runs: list[Run], key: str = "accuracy") -> float:
    """Accuracy over the clips of all runs, 0..1."""
    return float(np.average([getattr(result, key) for result in runs], weights=[result.n_test for result in runs]))


def difference(ours: list[Run], theirs: list[Run]) -> tuple[float, float]:
    """The difference in pooled accuracy, and the half-width of its 95 % interval (Student's t over the folds)."""
    values = [one.accuracy - other.accuracy for one, other in zip(ours, theirs, strict=True)]
    return pooled(ours) - pooled(theirs), half_interval(values)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.folds", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("changes", nargs="*", metavar="KEY=VALUE", help="each is compared with the recipe")
    recipe_arguments(parser)
    parser.add_argument("--protocol", choices=("artist", "random"), default="artist", help="default: %(default)s")
    parser.add_argument("--folds", type=int, default=5, metavar="N", help="default: %(default)s")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="seeds of folds and training; default: 0")
    arguments = parser.parse_args()

    defaults = params.load().train
    settings = {
        name: recipe(
            defaults,
            architecture=arguments.architecture,
            epochs=arguments.epochs,
            overrides=[*arguments.set, *changes],
        )
        for name, changes in {"the recipe": [], **{change: [change] for change in arguments.changes}}.items()
    }
    features = store.read(arguments.features)
    clips = selection_clips(features)
    results: dict[str, list[list[Run]]] = {name: [] for name in settings}
    for seed in arguments.seeds:
        splits = list(folds(clips, protocol=arguments.protocol, n_folds=arguments.folds, seed=seed))
        for name, chosen in settings.items():
            seeded = chosen.model_copy(update={"seed": seed})
            results[name].append([run(features, parts, seeded, protocol=arguments.protocol) for parts in splits])
            print(f"seed {seed}, {name}: {100 * pooled(results[name][-1]):.1f} %", flush=True)
    first = [result for by_seed in results["the recipe"] for result in by_seed]
    report = {}
    print("\n| setting | accuracy, % | against the recipe |\n|---|---|---|")
    for name, by_seed in results.items():
        report[name] = over_seeds("accuracy", [pooled(runs) for runs in by_seed])
        if by_seed[0][0].accuracy_without_refit is not None:
            report[name] |= over_seeds(
                "accuracy_without_refit", [pooled(runs, "accuracy_without_refit") for runs in by_seed]
            )
        cell = ""
        if name != "the recipe":
            mean, half = difference([result for runs in by_seed for result in runs], first)
            report[name] |= {"difference": round(mean, 4), "difference_half_interval": round(half, 4)}
            cell = f"{100 * mean:+.1f} ± {100 * half:.1f}"
        print(f"| {name} | {100 * report[name]['accuracy_mean']:.1f} | {cell} |")
    print(json.dumps({"folds": arguments.folds, "seeds": arguments.seeds, "clips": len(clips), "settings": report}))


if __name__ == "__main__":
    console.run(main)
