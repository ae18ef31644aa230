"""Writes TensorFlow V2 checkpoints, by the format's description, for the tests of the reader."""

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.models.embeddings.musicnn_vgg import MusicnnVgg
from earmark.models.embeddings.tf_bundle import _crc32c, _masked


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries: list[tuple[bytes, bytes]], restart_every: int = 4) -> bytes:
    """An SSTable block; keys share the beginning of the one before, but for restarts."""
    out, restarts, before = b"", [], b""
    for index, (key, value) in enumerate(entries):
        shared = 0
        if index % restart_every == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(key), len(before)) and key[shared] == before[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out += key[shared:] + value
        before = key
    return (
        out
        + b"".join(struct.pack("<I", at) for at in restarts or [0])
        + struct.pack("<I", max(len(restarts), 1))
    )


def write_bundle(
    index: Path, tensors: Mapping[str, NDArray[np.float32]], *, per_block: int = 7
) -> None:
    """``index`` and its data file; several blocks, with a header and a fixed-width checksum."""
    data, entries = b"", [(b"", field(1, 1))]
    for name, value in sorted(tensors.items()):
        raw = value.astype("<f4").tobytes()
        shape = b"".join(field(2, field(1, size)) for size in value.shape)
        message = field(1, 1) + field(2, shape) + field(4, len(data)) + field(5, len(raw))
        message += varint(6 << 3 | 5) + struct.pack("<I", _masked(_crc32c(raw[:64])))
        entries.append((name.encode(), message))
        data += raw
    table, handles = b"", []

    def add(content: bytes) -> bytes:
        nonlocal table
        handle = varint(len(table)) + varint(len(content))
        table += content + b"\0" + struct.pack("<I", _masked(_crc32c(content + b"\0")))
        return handle

    for start in range(0, len(entries), per_block):
        part = entries[start : start + per_block]
        handles.append((part[-1][0], add(block(part))))
    footer = add(block([])) + add(block(handles, restart_every=1))
    table += footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    index.parent.mkdir(parents=True, exist_ok=True)
    index.write_bytes(table)
    index.with_name(index.name.removesuffix(".index") + ".data-00000-of-00001").write_bytes(data)


def tensorflow_names(network: MusicnnVgg) -> dict[str, NDArray[np.float32]]:
    """The weights of a network as TensorFlow stores them, with an optimiser's slot beside each."""
    parts = {"weight": "gamma", "bias": "beta"}
    parts |= {"running_mean": "moving_mean", "running_var": "moving_variance"}
    found: dict[str, NDArray[np.float32]] = {}
    for name, value in network.state_dict().items():
        array = value.numpy()
        group, *rest = name.split(".")
        if group == "dense":
            kernel = rest[0] == "weight"
            found[f"dense/{'kernel' if kernel else 'bias'}"] = array.T if kernel else array
        elif group == "convolutions":
            kernel = rest[1] == "weight"
            label = f"{int(rest[0]) + 1}CNN/{'kernel' if kernel else 'bias'}"
            found[label] = array.transpose(2, 3, 1, 0) if kernel else array
        elif rest[1] in parts:
            suffix = "" if rest[0] == "0" else f"_{rest[0]}"
            found[f"batch_normalization{suffix}/{parts[rest[1]]}"] = array
    return found | {f"{name}/Adam": np.zeros_like(value) for name, value in found.items()}
