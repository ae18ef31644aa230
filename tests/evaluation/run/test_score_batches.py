"""The renders of a song are scored together, and each keeps its own scores and failures."""

from pathlib import Path

import torch

from earmark.evaluation.run.score import ScoreBatch, ScoreTask, batched, score_batch
from earmark.models.audio.files import write

RATE = 22050
METRICS = ("mae", "lufs_integrated", "mrstft_music")


def task(
    folder: Path, number: int, reference: str = "r", metrics: tuple[str, ...] = METRICS
) -> ScoreTask:
    path = folder / f"{number}.wav"
    if not path.exists():
        generator = torch.Generator().manual_seed(number)
        write(path, 0.1 * torch.randn(2, 12000, generator=generator), RATE)
    return ScoreTask(f"render {number}", path, reference, folder / "0.wav", metrics)


def test_tasks_of_one_reference_and_the_same_metrics_are_together(tmp_path: Path) -> None:
    tasks = [task(tmp_path, n) for n in range(1, 6)]
    other = task(tmp_path, 6, reference="s")
    fewer = task(tmp_path, 7, metrics=("mae",))
    found = batched([*tasks[:3], other, fewer, *tasks[3:]], "cpu", 2)
    assert [[one.subject[-1] for one in batch.tasks] for batch in found] == [
        ["1", "2"],
        ["3", "4"],
        ["5"],
        ["6"],
        ["7"],
    ]
    assert [len(one.tasks) for one in batched(tasks * 4, "cpu")] == [8, 8, 4]
    assert [len(one.tasks) for one in batched(tasks * 4, "cuda")] == [20]


def test_a_batch_gives_each_render_the_scores_that_it_has_alone(tmp_path: Path) -> None:
    tasks = tuple(task(tmp_path, n) for n in range(5))
    (tmp_path / "3.wav").write_bytes(b"RIFF, broken")
    together = score_batch(ScoreBatch(tasks, "cpu", 3))
    assert len(together) == len(tasks)
    for one, found in zip(tasks, together, strict=True):
        (alone,) = score_batch(ScoreBatch((one,)))
        assert found == alone
    assert {len(one.scores) for one in together} == {0, 5}
    assert set(together[3].failures) == {f"score:{name}" for name in METRICS}
    assert "3.wav" in together[3].failures["score:mae"]


def test_without_its_reference_no_render_of_a_batch_has_scores(tmp_path: Path) -> None:
    tasks = tuple(task(tmp_path, n) for n in range(1, 3))
    (tmp_path / "0.wav").unlink(missing_ok=True)
    for found in score_batch(ScoreBatch(tasks)):
        assert not found.scores
        assert "no such file" in found.failures["score:mae"]
