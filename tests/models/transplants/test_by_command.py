"""Published weights are shown, imported and rendered by the commands."""

from pathlib import Path

import pytest
from command_line import typed
from small_songs import save, song
from transplanted import CASES, golden, written


@pytest.mark.slow
@pytest.mark.parametrize("name", ["microtcn_film_causal", "npm_1b", "signaltrain", "demucs2019"])
def test_published_weights_are_shown_imported_and_rendered(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = written(tmp_path, golden(name), "lightning.ckpt").name
    shown = typed("models", "show", path, cwd=tmp_path)
    assert f"use architecture: {case.architecture}" in shown.stdout
    told = ("--set", f"hyperparameters={dict(case.told)}")
    given = ("--set", f"architecture={case.architecture}", *(told if case.told else ()))
    done = typed("models", "import", path, "mine", *given, cwd=tmp_path)
    assert done.status == 0, done.stderr
    save(tmp_path / "mix.wav", song(0, 1.0))
    outs: list[bytes] = []
    for system, settings in (("mine", ()), (path, given)):
        out = tmp_path / f"out-{len(outs)}.wav"
        words = ("master", "mix.wav", "--system", system, "--out", out.name, *settings)
        made = typed(*words, "--device", "cpu", cwd=tmp_path)
        assert made.status == 0, made.stderr
        outs.append(out.read_bytes())
    assert outs[0] == outs[1]
