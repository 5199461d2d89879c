"""The released model's card: what card.json holds, as a page for people."""

from typing import Any

_TEMPLATE = """# The released model

`{file}` classifies music into {n_genres} genres: {genres}. It is what `genre predict` uses. This page and
`card.json` are written by the command at its end; nothing in them is typed by hand.

| | |
|---|---|
| network | `{architecture}`, {parameters:,} parameters, trained from scratch with the recipe of `params.yaml` |
| file | {megabytes:.2f} MB, LiteRT, {weights} weights; SHA-256 `{sha256}` |
| against Keras | largest difference of a probability over the test clips: {largest_difference:.1g} |
| input | 8-bit log-mel levels, {n_mels} bands, {frames_per_second:.1f} frames/s, from {sample_rate:,} Hz mono |
| output | {n_genres} probabilities, calibrated on the validation part (temperature {temperature:g}) |

## How good it is

Fault-filtered split of GTZAN (Kereliuk, Sturm and Larsen, 2015), its published lists: {train} clips to learn from,
{validation} to choose the epoch and the temperature by, {test} to test this very file on. No choice was based
on the test clips, {heard:.1f} % of which are by an artist who is also in the train part.

| | |
|---|---|
| test accuracy | **{accuracy:.1f} %** (95 % Wilson interval {low:.1f} to {high:.1f}, {test} clips) |
| macro F1 | {macro_f1:.3f} |
| true genre among the first three | {top3:.1f} % |
| expected calibration error | {calibration_error:.3f} |
| validation accuracy | {validation_accuracy:.1f} % (the epoch was chosen by the validation {select}) |

It was measured on {dataset}. The test part is fixed and small, and one training is one draw: the seeds' spread is
in [benchmarks/README.md](../../benchmarks/README.md).

Test clips by true genre (rows) and predicted genre (columns):

{confusion}

The most frequent confusions: {mistakes}.

## What it learned from, and its faults

GTZAN (Tzanetakis and Cook, 2002): 1,000 clips of 30 s, collected in 2000 and 2001 from CDs, radio and recordings.
[Sturm (2013)](https://arxiv.org/abs/1306.1461) lists its faults: repeated clips, few artists for a genre, disputable
labels, distortion. The lists used here drop 70 clips and most of the repetition; `jazz.00054` does not decode and is
left out. A genre is here what few artists play: GTZAN's blues has nine of them, and 35 of its 100 reggae clips are Bob
Marley's.

## What it is for

Trying out music classification on your own songs, and comparing with other models on the same split. It is not for
decisions about people or their music: not for royalties, moderation, or what gets recommended or paid.

- It always names one of its genres, also for speech, noise, or music of any other kind.
- The probabilities are calibrated on GTZAN's validation clips, and hold for music like it. How well they hold for
  newer, differently mastered or non-Western music was not measured; expect them to promise too much.
- A song is heard in windows of {seconds:g} s; its genre is the mean over them, not a musicologist's view.

## Licence

GTZAN's audio was collected without asking the rights' holders and has no licence; none of it is in this repository.
Whether weights learned from such audio may be used beyond research is not settled; use this file for research and
teaching, and train on music that you may use for anything else.

## Make it again

```sh
python -m benchmarks.release --logmel NPZ --tracks genre/dataset/gtzan.csv
```

gives the same bytes on the same kind of processor with {versions}.
"""


def model_card(card: dict[str, Any]) -> str:
    """The card as Markdown, from what `benchmarks.release.release` tells."""
    test, genres = card["test"], list(card["confusion"])
    extract = card["extract"]
    return _TEMPLATE.format(
        **{key: card[key] for key in ("file", "architecture", "parameters", "weights", "sha256", "temperature")},
        **{key: card[key] for key in ("largest_difference", "dataset")},
        **card["audit"]["sizes"],
        genres=", ".join(genres),
        n_genres=len(genres),
        megabytes=card["bytes"] / 1e6,
        n_mels=extract["n_mels"],
        sample_rate=extract["sample_rate"],
        select=card["recipe"]["select"],
        frames_per_second=extract["sample_rate"] / extract["hop_length"],
        seconds=extract["seconds"],
        heard=100 * card["audit"]["test_clips_with_artist_in_train"],
        accuracy=100 * test["accuracy"],
        low=100 * test["accuracy_low"],
        high=100 * test["accuracy_high"],
        macro_f1=test["macro_f1"],
        top3=100 * test["top3_accuracy"],
        calibration_error=test["expected_calibration_error"],
        validation_accuracy=100 * card["validation_accuracy"],
        confusion=_table(card["confusion"]),
        mistakes=_mistakes(card["confusion"]),
        versions=", ".join(f"{name} {number}" for name, number in card["versions"].items()),
    )


def _table(confusion: dict[str, dict[str, int]]) -> str:
    genres = list(confusion)
    lines = ["| | " + " | ".join(genres) + " |", "|---" * (len(genres) + 1) + "|"]
    for genre, row in confusion.items():
        cells = [f"**{row[name]}**" if name == genre else str(row[name] or "") for name in genres]
        lines.append(f"| {genre} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mistakes(confusion: dict[str, dict[str, int]], *, count: int = 5) -> str:
    wrong = [(n, true, told) for true, row in confusion.items() for told, n in row.items() if told != true and n]
    wrong.sort(key=lambda item: (-item[0], item[1], item[2]))
    return ", ".join(f"{true} for {told} ({n} of {sum(confusion[true].values())})" for n, true, told in wrong[:count])
