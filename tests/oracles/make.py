"""Has R fit the models of the tests, and stores its values in ``tests/data/oracles``.

``make oracles`` runs this. It needs R with the packages lme4, lmerTest, ordinal and jsonlite
(Debian: r-base-core r-cran-lme4 r-cran-lmertest r-cran-ordinal r-cran-jsonlite). The tests need
no R: they read what is stored here.
"""

import csv
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np

from earmark.analysis.ratings.reading.table import Floats
from earmark.analysis.ratings.result.names import Scope

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "data" / "oracles"
sys.path.append(str(HERE.parent / "fixtures" / "ratings"))


def written(path: Path, cells: Floats) -> Path:
    """``cells`` as rows of listener, passage, system and rating, with names that sort alike."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow("lpsy")
        for at, value in np.ndenumerate(cells):
            if not np.isnan(value):
                rows.writerow(
                    [f"{side}{i:03}" for side, i in zip("LPS", at, strict=True)] + [value]
                )
    return path


def by_r(script: str, cells: Floats, *words: str) -> dict[str, Any]:
    """What a script in R says of ``cells``."""
    with tempfile.TemporaryDirectory() as folder:
        data = written(Path(folder) / "data.csv", cells)
        out = Path(folder) / "out.json"
        subprocess.run(["Rscript", str(HERE / script), str(data), *words, str(out)], check=True)
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return found


def stored(name: str, found: list[dict[str, Any]]) -> None:
    """Write one file of values."""
    DATA.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (DATA / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    click.echo(f"{name}: {len(found)} fits")


def linear() -> None:
    """Linear mixed models in both scopes, where every system was rated on every passage."""
    from mixed_designs import DESIGNS

    found = []
    for design in DESIGNS:
        cells = design.cells
        for scope in (Scope.MUSIC, Scope.PASSAGES):
            if scope is Scope.PASSAGES and np.isnan(cells).all(axis=0).any():
                continue
            values = by_r("linear_mixed.R", cells, scope.value)
            found.append({"design": design.name, "scope": scope.value, **values})
            click.echo(f"{design.name}, {scope}: {values['criterion']}")
    stored("linear_mixed", found)


if __name__ == "__main__":
    if shutil.which("Rscript") is None:
        click.echo("R is not installed; the stored values stay (see tests/oracles/make.py)")
    else:
        linear()
