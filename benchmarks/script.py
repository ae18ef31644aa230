"""``earmark measure`` beside the script that people write: nine values of every system of a song.

Run with ``python benchmarks/script.py [--systems 8] [--seconds 30] [--rounds 2]``. The audio is
SIMULATED. Both are whole processes, begun and ended in the run, with one thread; their processor
time counts, with imports. The script takes auraloss, pyloudnorm and scipy file by file, as their
documentation shows. Ours is measured twice: the values as they are, and as the command has them,
with all six distances once more after alignment.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import soundfile
import torch
from metrics import RATE, processor, simulated

THEIRS = """
import sys
import auraloss, numpy as np, pyloudnorm, soundfile, torch
from scipy.signal import resample_poly
torch.set_num_threads(1)
plain = auraloss.freq.MultiResolutionSTFTLoss()
stereo = auraloss.freq.SumAndDifferenceSTFTLoss(
    fft_sizes=[1024, 2048, 512], hop_sizes=[120, 240, 50], win_lengths=[600, 1200, 240]
)
esr, sisdr, snr = auraloss.time.ESRLoss(), auraloss.time.SISDRLoss(), auraloss.time.SNRLoss()
for path in sys.argv[2:]:
    data, rate = soundfile.read(path)
    target, _ = soundfile.read(sys.argv[1])
    meter = pyloudnorm.Meter(rate)
    one, other = (torch.from_numpy(x.T.copy()).float()[None] for x in (data, target))
    print(
        path,
        meter.integrated_loudness(data),
        meter.loudness_range(data),
        20 * np.log10(np.abs(resample_poly(data, 4, 1)).max()),
        float(np.abs(data - target).mean()),
        *(float(loss(one, other)) for loss in (esr, snr, sisdr, plain, stereo)),
    )
"""
OURS = """
import dataclasses, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from earmark.evaluation.measure import Reference, choose, measure_files
names = ("lufs_integrated lra true_peak_dbtp mae esr snr_db si_sdr_db "
         "mrstft_auraloss mrstft_sum_diff").split()
metrics = choose(names, compares=True)
if sys.argv[1] == "raw":
    metrics = [dataclasses.replace(one, variants=("raw",)) for one in metrics]
reference = Reference(Path(sys.argv[2]))
for done in measure_files(map(Path, sys.argv[3:]), metrics, reference):
    print(done.path, *(one.value for one in done.measurements))
"""


def seconds(code: str, *arguments: str) -> float:
    """Processor time of a whole process, in s."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@click.command()
@click.option("--systems", default=8, show_default=True)
@click.option("--seconds", "length", default=30.0, show_default=True)
@click.option("--rounds", default=2, show_default=True, help="Times that each is run.")
def main(systems: int, length: float, rounds: int) -> None:
    """Time both on the same files."""
    with tempfile.TemporaryDirectory() as name:
        target = simulated(0, length)
        files = [str(Path(name) / "reference.wav")]
        soundfile.write(files[0], target.T.numpy(), RATE, subtype="FLOAT")
        for number in range(systems):
            files.append(str(Path(name) / f"{number}.wav"))
            audio = (1 + 0.05 * number) * target + 0.05 * simulated(number + 1, length)
            soundfile.write(files[-1], audio.T.numpy(), RATE, subtype="FLOAT")
        tasks = {"script": (THEIRS, ()), "raw": (OURS, ("raw",)), "both": (OURS, ("both",))}
        best = dict.fromkeys(tasks, float("inf"))
        for _ in range(rounds):
            for task, (code, first) in tasks.items():
                best[task] = min(best[task], seconds(code, *first, *files))
    click.echo(f"{systems} systems of {length:g} s of stereo, SIMULATED, one thread, {processor()}")
    click.echo(f"torch {torch.__version__}, best of {rounds}, processor time of whole processes")
    said = {"script": "script, nine values", "raw": "ours, the same", "both": "raw and aligned"}
    for task, took in best.items():
        click.echo(f"{said[task]:20} {took:6.1f} s, script / this {best['script'] / took:.1f}")


if __name__ == "__main__":
    main()
