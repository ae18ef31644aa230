"""What do MR-STFT, loudness error, SNR and FAD follow on your copy of a listening test?

Nothing is downloaded and no figures are shipped: take a public set of ratings with its stimuli, or
your own. Stimuli lie in ``AUDIO/PASSAGE/SYSTEM.wav``. The reference is the system that
``--reference`` names, or ``AUDIO/PASSAGE/reference.wav`` with ``--references AUDIO``. FAD has one
value per system: it compares all of its stimuli with all references. Every other argument goes to
``earmark validate``:

    python examples/which_metric.py ratings.csv --audio stimuli --reference original --out report

FAD of so few excerpts is biased, for all systems alike, and needs three seconds of each;
``--no-fad`` leaves it out.
"""

import csv
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from earmark.evaluation.distances.between import fad
from earmark.models.errors import UserError

METRICS = "mrstft_music,lufs_error,snr_db,si_sdr_db,logmel_db"
ENDINGS = (".wav", ".flac", ".mp3", ".ogg")


def by_system(audio: Path, reference: str) -> tuple[list[Path], dict[str, list[Path]]]:
    """The reference files, and those of each other system, of ``audio/PASSAGE/SYSTEM.wav``."""
    references: list[Path] = []
    systems: dict[str, list[Path]] = {}
    for path in sorted(audio.glob("*/*")):
        if path.suffix.lower() not in ENDINGS:
            continue
        if path.stem in (reference, "reference"):
            references.append(path)
        else:
            systems.setdefault(path.stem, []).append(path)
    return references, systems


def set_distances(audio: Path, reference: str, scratch: Path) -> Path:
    """A table of each system's FAD from the references, for ``earmark validate --scores``."""

    def folder(name: str, files: list[Path]) -> Path:
        place = scratch / name
        place.mkdir()
        for path in files:
            shutil.copyfile(path, place / f"{path.parent.name}{path.suffix}")
        return place

    references, systems = by_system(audio, reference)
    against = folder("references", references)
    rows = []
    for at, (system, files) in enumerate(systems.items()):
        found = fad(against, folder(f"system-{at}", files), channels="m", results=scratch / "cache")
        rows.append([system, found.channels[0].fad])
    table = scratch / "fad.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["system", "fad"], *rows])
    return table


def option(arguments: list[str], name: str, usual: str) -> str:
    """The value that follows an option, else the usual one."""
    return arguments[arguments.index(name) + 1] if name in arguments else usual


def main(arguments: list[str]) -> int:
    """Measure FAD per system, then let Earmark measure the rest and judge all."""
    if "--audio" not in arguments:
        sys.exit("which_metric.py: give RATINGS and --audio DIR, as for earmark validate")
    audio = Path(option(arguments, "--audio", "."))
    with tempfile.TemporaryDirectory() as scratch:
        asked = [one for one in arguments if one != "--no-fad"]
        if asked == arguments:
            reference = option(asked, "--reference", "reference")
            try:
                table = set_distances(audio, reference, Path(scratch))
            except UserError as error:
                sys.exit(f"FAD: {error}; --no-fad leaves it out")
            asked += ["--scores", str(table)]
        if "--metrics" not in asked:
            asked += ["--metrics", METRICS]
        return subprocess.call([sys.executable, "-m", "earmark", "validate", *asked])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
