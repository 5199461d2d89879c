"""Two queued experiments run at the same time, compared with the same two run one after another."""

import pytest

from tests.projects import copy_of, run

SEEDS = (1, 2)


def experiment(project, seed: int, *how: str) -> None:
    settings = ["-S", f"train.seed={seed}", "-S", "train.epochs=1"]
    run(project, "dvc", "exp", "run", *how, "--name", f"seed-{seed}", *settings, "evaluate")


def results(project, seed: int) -> str:
    """dvc.lock, with the md5 of every input and output, and the metrics of an experiment."""
    refs = run(project, "git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    (ref,) = (ref for ref in refs if ref.endswith(f"/seed-{seed}"))
    return run(project, "git", "show", f"{ref}:dvc.lock", f"{ref}:metrics/train.json", f"{ref}:metrics/evaluate.json")


@pytest.mark.slow
def test_two_queued_experiments_at_a_time_give_what_they_give_one_after_another(finished, tmp_path):
    queued, serial = (copy_of(finished, tmp_path / name) for name in ("queued", "serial"))
    for seed in SEEDS:
        experiment(queued, seed, "--queue")
    assert "Started '2'" in run(queued, "dvc", "queue", "start", "-j", "2")
    for seed in SEEDS:
        experiment(serial, seed)
    for _ in range(200):  # each query takes a second or more
        status = run(queued, "dvc", "queue", "status")
        if "Queued" not in status and "Running" not in status:
            break
    assert status.count("Success") == len(SEEDS) and "Failed" not in status, status
    for seed in SEEDS:
        assert results(queued, seed) == results(serial, seed)
    assert len({results(serial, seed) for seed in SEEDS}) == len(SEEDS)
