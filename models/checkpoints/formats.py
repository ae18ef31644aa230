"""Tells what a model file is by its content, never by its suffix."""

import json
import zipfile
from enum import StrEnum
from pathlib import Path

from ..errors import UserError


class ModelFormat(StrEnum):
    """The formats of files with a graph of their own."""

    TORCHSCRIPT = "torchscript"
    PT2 = "pt2"
    ONNX = "onnx"


IN_WORDS = {
    ModelFormat.TORCHSCRIPT: "a TorchScript archive",
    ModelFormat.PT2: "a program of torch.export",
    ModelFormat.ONNX: "an ONNX model",
}
# An ONNX file is a protocol buffer whose field 1, the version of the format, is a small number.
_ONNX_FIELD, _ONNX_VERSIONS = 0x08, range(3, 20)
_LARGEST_HEADER = 100_000_000


def model_format(path: Path) -> ModelFormat | None:
    """The format of a file with a graph of its own; None for everything else.

    Raises:
        UserError: if the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(16)
        if head[:2] == b"PK":
            return _of_archive(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if len(head) > 3 and head[0] == _ONNX_FIELD and head[1] in _ONNX_VERSIONS:
        return ModelFormat.ONNX
    return None


def _of_archive(path: Path) -> ModelFormat | None:
    try:
        with zipfile.ZipFile(path) as archive:
            # Below one folder of any name.
            names = {name.partition("/")[2] or name for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError):
        return None
    if any(name.startswith("code/") for name in names) and "data.pkl" in names:
        return ModelFormat.TORCHSCRIPT
    programs = {"archive_format", "serialized_exported_program.json", "models/model.json"}
    return ModelFormat.PT2 if programs & names else None


def what_it_is(path: Path) -> str:
    """A file in words, for messages: what it is by its content."""
    if path.is_dir():
        return "a folder"
    found = model_format(path)
    if found is not None:
        return IN_WORDS[found]
    with path.open("rb") as stream:
        head = stream.read(16)
    size = int.from_bytes(head[:8], "little")
    if head[8:9] == b"{" and 0 < size < _LARGEST_HEADER:
        return "a safetensors file"
    if head[:2] == b"PK":
        return "a PyTorch checkpoint"
    if head[:1] == b"\x80":
        return "a pickle, or a PyTorch checkpoint of an old form"
    if head[:1] == b"{":
        return _of_json(path)
    return "nothing that Earmark knows"


def _of_json(path: Path) -> str:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "nothing that Earmark knows"
    if isinstance(data, dict) and {"architecture", "weights"} <= data.keys():
        return "a file of Neural Amp Modeler (.nam)"
    if isinstance(data, dict) and {"model_data", "state_dict"} <= data.keys():
        return "a file of GuitarML"
    return "a JSON file"
