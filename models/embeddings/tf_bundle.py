"""Reads a TensorFlow V2 checkpoint (a "tensor bundle") without TensorFlow.

``NAME.index`` is an SSTable of the LevelDB format: blocks of entries whose keys share prefixes, a
block that lists the blocks, and a footer of 48 bytes that ends in a magic number. Keys are names of
variables, values are ``BundleEntryProto`` messages (tensor_bundle.proto) which say where in
``NAME.data-00000-of-00001`` the raw little-endian numbers lie. Only what such checkpoints hold is
read: one shard, uncompressed blocks, float32. Blocks are checked against their CRC-32C.
"""

import functools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import UserError

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_TRAILER = 5  # compression type and checksum after each block
_FLOAT32 = 1  # DT_FLOAT of types.proto


@dataclass(frozen=True)
class _Entry:
    shape: tuple[int, ...]
    dtype: int
    offset: int
    size: int


class _DamagedError(Exception):
    """The bytes are not what the format says."""


def data_path(index: Path) -> Path:
    """The file with the numbers that belongs to an index file."""
    return index.with_name(index.name.removesuffix(".index") + ".data-00000-of-00001")


def read_bundle(index: Path) -> dict[str, Tensor]:
    """The float32 variables of the bundle with this ``.index`` file, by name.

    Raises:
        UserError: if a file is missing, truncated or something else.
    """
    data = data_path(index)
    try:
        entries = dict(_entries(index.read_bytes()))
        size = data.stat().st_size
        end = max((entry.offset + entry.size for entry in entries.values()), default=0)
        if size < end:
            raise UserError(
                f"{data}: truncated: {size} bytes of {end}; install or copy the checkpoint again"
            )
        numbers = np.fromfile(data, dtype=np.uint8)
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read ({error.strerror})") from None
    except (_DamagedError, IndexError, struct.error, UnicodeDecodeError) as error:
        reason = f": {error}" if isinstance(error, _DamagedError) else ""
        raise UserError(
            f"{index}: truncated, or not the index of a TensorFlow checkpoint{reason}"
        ) from None
    return {
        name: _tensor(numbers, entry) for name, entry in entries.items() if entry.dtype == _FLOAT32
    }


def _tensor(numbers: np.ndarray, entry: _Entry) -> Tensor:
    raw = numbers[entry.offset : entry.offset + entry.size].tobytes()
    return torch.from_numpy(np.frombuffer(raw, dtype="<f4").reshape(entry.shape).copy())


def _entries(table: bytes) -> Iterator[tuple[str, _Entry]]:
    """The names and places of all tensors of an index file."""
    footer = table[-_FOOTER:]
    if len(footer) < _FOOTER or struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
        raise _DamagedError("the magic number at its end is missing")
    _, _, at = _handle(footer, 0)
    start, length, _ = _handle(footer, at)
    for _, handle in _block(table, start, length):
        start, length, _ = _handle(handle, 0)
        for key, value in _block(table, start, length):
            if key:  # the empty key holds the header of the bundle
                yield key.decode(), _entry(value)


def _handle(data: bytes, at: int) -> tuple[int, int, int]:
    """Where a block lies: offset and length, and the position after the handle."""
    start, at = _varint(data, at)
    length, at = _varint(data, at)
    return start, length, at


def _block(table: bytes, start: int, length: int) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of one block."""
    data, trailer = table[start : start + length], table[start + length : start + length + _TRAILER]
    if len(trailer) < _TRAILER:
        raise _DamagedError("a block is missing")
    if trailer[0]:
        raise _DamagedError("it is compressed, which checkpoints are not")
    if struct.unpack("<I", trailer[1:])[0] != _masked(_crc32c(data + trailer[:1])):
        raise _DamagedError("the checksum of a block is wrong")
    restarts = struct.unpack("<I", data[-4:])[0]
    end, at, key = len(data) - 4 * (restarts + 1), 0, b""
    while at < end:
        shared, at = _varint(data, at)
        own, at = _varint(data, at)
        size, at = _varint(data, at)
        key = key[:shared] + data[at : at + own]
        yield key, data[at + own : at + own + size]
        at += own + size


def _entry(message: bytes) -> _Entry:
    fields = dict(_fields(message))
    if fields.get(3, 0):
        raise _DamagedError("its numbers are spread over several files, which is not read")
    # Fields 1 to 5 of BundleEntryProto: dtype, shape, shard, offset, size.
    shape = tuple(
        _number(dict(_fields(_bytes(dimension))).get(1, 0))
        for tag, dimension in _fields(_bytes(fields.get(2, b"")))
        if tag == 2
    )
    dtype, offset, size = (_number(fields.get(tag, 0)) for tag in (1, 4, 5))
    if dtype == _FLOAT32 and 4 * int(np.prod(shape, dtype=np.int64)) != size:
        raise _DamagedError(f"a tensor of shape {shape} has {size} bytes")
    return _Entry(shape, dtype, offset, size)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protocol buffer, in its wire format."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
        elif kind == 2:
            size, at = _varint(message, at)
            yield number, message[at : at + size]
            at += size
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4  # fixed width: only the tensors' checksums
        else:
            raise _DamagedError(f"wire type {kind} is not known")


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise _DamagedError("a number is missing")
    return value


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise _DamagedError("a message is missing")
    return value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _masked(crc: int) -> int:
    """As LevelDB stores a checksum, so that checksums of checksums are no trouble."""
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _crc32c(data: bytes) -> int:
    table, crc = _crc_table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@functools.cache
def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)  # Castagnoli, reflected
        table.append(value)
    return tuple(table)
