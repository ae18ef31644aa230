"""What an export was asked for: its format, where it goes, and what only some formats take."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ....models.configuration import nearest
from ....models.errors import UserError


class ExportFormat(StrEnum):
    """The formats of ``earmark export``."""

    CSV = "csv"
    PARQUET = "parquet"
    LATEX = "latex"
    MARKDOWN = "markdown"
    EVERY_EVAL_EVER = "every-eval-ever"
    MODEL_CARD = "model-card"
    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"
    WANDB = "wandb"


ENDINGS: Mapping[str, ExportFormat] = {
    ".csv": ExportFormat.CSV,
    ".parquet": ExportFormat.PARQUET,
    ".tex": ExportFormat.LATEX,
    ".md": ExportFormat.MARKDOWN,
}
TIDY = (ExportFormat.CSV, ExportFormat.PARQUET)
# These write a folder; MLflow also takes the address of a server.
FOLDERS = (
    ExportFormat.EVERY_EVAL_EVER,
    ExportFormat.TENSORBOARD,
    ExportFormat.MLFLOW,
    ExportFormat.WANDB,
)
_OF_SYSTEMS = (ExportFormat.EVERY_EVAL_EVER, ExportFormat.MODEL_CARD)


@dataclass(frozen=True)
class ExportWish:
    """One export.

    ``baselines`` are names with commas between them, '' for the benchmark file's.
    ``systems`` are those to write records or a card of, by default the systems under test.
    ``organization`` and ``developer`` are who measured and who made them; empty for unknown.
    """

    format: ExportFormat
    out: str
    baselines: str = ""
    systems: tuple[str, ...] = ()
    organization: str = ""
    developer: str = ""

    @property
    def path(self) -> Path:
        """``out`` as a path."""
        return Path(self.out)

    def checked(self) -> "ExportWish":
        """The same, where every option belongs to the format and ``out`` can be written.

        Raises:
            UserError: with what to give instead.
        """
        given = {
            "--baseline": (bool(self.baselines), tuple(f for f in ExportFormat if f not in TIDY)),
            "--system": (bool(self.systems), _OF_SYSTEMS),
            "--organization": (bool(self.organization), (ExportFormat.EVERY_EVAL_EVER,)),
            "--developer": (bool(self.developer), (ExportFormat.EVERY_EVAL_EVER,)),
        }
        for option, (there, formats) in given.items():
            if there and self.format not in formats:
                raise UserError(
                    f"{option}: has no meaning for --format {self.format}, only for "
                    f"{', '.join(formats)}; leave it out"
                )
        if not self.out.strip():
            raise UserError("--out '': give the file or folder to write")
        if self.is_address:
            if self.format is not ExportFormat.MLFLOW:
                raise UserError(
                    f"--out {self.out}: --format {self.format} writes to this machine; give a path"
                )
            return self
        if self.format in FOLDERS and self.path.exists() and not self.path.is_dir():
            raise UserError(
                f"{self.out}: is a file, but --format {self.format} writes a folder; choose "
                "another --out"
            )
        if self.format not in FOLDERS and self.path.is_dir():
            example = self.path / f"export{_ending(self.format)}"
            raise UserError(f"{self.out}: is a folder; give a file, such as --out {example}")
        return self

    @property
    def is_address(self) -> bool:
        """Whether ``out`` is the address of a server instead of a path."""
        return "://" in self.out


def folder_at(path: Path) -> None:
    """Make a folder.

    Raises:
        UserError: if it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be made ({error.strerror}); choose another --out"
        ) from None


def choose_format(asked: str | None, out: str) -> ExportFormat:
    """The format of that name, or that of the ending of ``out``.

    Raises:
        UserError: if there is no such format, or the ending tells none.
    """
    known = [str(one) for one in ExportFormat]
    if asked is not None:
        if asked not in known:
            raise UserError(f"--format {asked!r}: unknown{nearest(asked, known)}")
        return ExportFormat(asked)
    ending = Path(out).suffix.lower()
    if ending not in ENDINGS or "://" in out:
        endings = ", ".join(f"{end} ({name})" for end, name in ENDINGS.items())
        raise UserError(
            f"--out {out}: its ending tells no format, as {endings} do; say --format with one of "
            f"{', '.join(known)}"
        )
    return ENDINGS[ending]


def _ending(name: ExportFormat) -> str:
    return next((end for end, known in ENDINGS.items() if known is name), ".md")
