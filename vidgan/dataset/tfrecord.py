"""TFRecord files of ``tf.train.Example`` messages, written and checked without TensorFlow.

Importing TensorFlow costs seconds and half a gigabyte in every worker process. A record is
``length · crc(length) · data · crc(data)``; the checksums are CRC-32C, masked (rotated, plus a
constant) as in TensorFlow.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from vidgan.errors import DatasetError

Feature = list[bytes] | list[float] | list[int]

# Wire types of protocol buffers.
_VARINT, _BYTES = 0, 2
# Field numbers in tensorflow/core/example/feature.proto.
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3
_MASK_DELTA = 0xA282EAD8


def encode_example(features: Mapping[str, Feature]) -> bytes:
    """Serialise a ``tf.train.Example``.

    Args:
        features: lists by name, each of bytes, of floats (stored as float32) or of ints (int64).

    Raises:
        TypeError: a list is mixed, empty or of another type.
    """
    entries = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, _feature(values)))
        for name, values in sorted(features.items())
    )
    return _field(1, entries)


def _feature(values: Feature) -> bytes:
    kinds = {type(value) for value in values}
    if kinds == {bytes}:
        return _field(_BYTES_LIST, b"".join(_field(1, value) for value in values))  # type: ignore[arg-type]
    if kinds == {float}:
        return _field(_FLOAT_LIST, _field(1, struct.pack(f"<{len(values)}f", *values)))
    if kinds == {int}:
        return _field(_INT64_LIST, _field(1, b"".join(_varint(value) for value in values)))  # type: ignore[arg-type]
    raise TypeError(f"a feature is a list of bytes, of float or of int, not of {kinds}")


def _varint(value: int) -> bytes:
    # Negative numbers are encoded in 64-bit two's complement.
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def masked_crc(data: bytes) -> int:
    """Return TFRecord's form of the CRC-32C of ``data``."""
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def write_record(file: BinaryIO, data: bytes) -> None:
    """Append one record to an open file."""
    length = struct.pack("<Q", len(data))
    file.write(length + struct.pack("<I", masked_crc(length)))
    file.write(data)
    file.write(struct.pack("<I", masked_crc(data)))


def write_records(path: Path, records: Iterable[bytes]) -> int:
    """Write a whole file and return its size in bytes."""
    with path.open("wb") as file:
        for record in records:
            write_record(file, record)
        return file.tell()


def read_records(path: Path) -> Iterator[bytes]:
    """Yield the records of a file, verifying their checksums.

    Raises:
        DatasetError: the file is missing, cut short or damaged.
    """
    try:
        with path.open("rb") as file:
            while head := file.read(12):
                if len(head) < 12:
                    raise _damaged(path, "is cut short")
                length, crc = struct.unpack("<QI", head)
                if crc != masked_crc(head[:8]):
                    raise _damaged(path, "is damaged")
                _check_length(path, file, length)
                body = file.read(length + 4)
                if len(body) < length + 4:
                    raise _damaged(path, "is cut short")
                if struct.unpack("<I", body[-4:])[0] != masked_crc(body[:-4]):
                    raise _damaged(path, "is damaged")
                yield body[:-4]
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot be read ({error.strerror}); run vidgan preprocess --overwrite again"
        ) from None


def check_lengths(path: Path) -> None:
    """Check that no record is longer than the file, without reading the records.

    TensorFlow allocates what a record declares.

    Raises:
        DatasetError: one is, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            while head := file.read(12):
                if len(head) < 12:
                    raise _damaged(path, "is cut short")
                (length,) = struct.unpack("<Q", head[:8])
                _check_length(path, file, length)
                file.seek(length + 4, os.SEEK_CUR)
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot be read ({error.strerror}); run vidgan preprocess --overwrite again"
        ) from None


def _check_length(path: Path, file: BinaryIO, length: int) -> None:
    if length + 4 > os.fstat(file.fileno()).st_size - file.tell():
        raise _damaged(path, "is cut short")


def _damaged(path: Path, what: str) -> DatasetError:
    return DatasetError(f"{path}: {what}; run vidgan preprocess --overwrite again")
