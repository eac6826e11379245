"""Files, plain or gzipped, read in bounded memory: what is made to fill it is refused while it is read."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import IO, cast

from graphrec_neo4j.errors import BadInputError

LONGEST_LINE = 16 * 2**20
"""Bytes of one line; a user with a million items in an adjacency list has half of that."""

LARGEST_RATIO = 200
"""How many times its packed size a file may have; tables come to 20, and what is made to harm to 1,000."""

SMALL = 64 * 2**20
"""Bytes of an unpacked file that are taken whatever the ratio."""


def bounded(path: Path) -> IO[bytes]:
    """Open a file for reading, unpacked if its name ends in ``.gz``.

    Reading raises BadInputError at a line of more than 16 MiB, and where a packed file has more than 200 times its
    size. Opening does for what is no file, such as a device.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise BadInputError(f"{path} is no file but a device or a pipe; save what it gives into a file and load that.")
    packed = path.stat().st_size if path.suffix == ".gz" else None
    stream = path.open("rb") if packed is None else gzip.GzipFile(path)
    return io.BufferedReader(cast(io.RawIOBase, _Bounded(cast(IO[bytes], stream), path, packed)), 2**16)


class _Bounded(io.RawIOBase):
    """Counts what is read, by block, so that it costs nothing by line."""

    def __init__(self, stream: IO[bytes], path: Path, packed: int | None) -> None:
        self._stream, self._path, self._packed = stream, path, packed
        self._read = self._since_line_end = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        block = self._stream.read(len(buffer))
        buffer[: len(block)] = block
        self._read += len(block)
        end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        self._since_line_end = len(block) - end - 1 if end >= 0 else self._since_line_end + len(block)
        if self._since_line_end > LONGEST_LINE:
            raise BadInputError(
                f"{self._path.name} has a line of more than {LONGEST_LINE // 2**20} MiB; is it a file of lines at all?"
            )
        if self._packed is not None and self._read > max(SMALL, LARGEST_RATIO * self._packed):
            raise BadInputError(
                f"{self._path.name} holds more than {LARGEST_RATIO} times its own size, as no table does; unpack it "
                "yourself if it is to be trusted."
            )
        return len(block)

    def close(self) -> None:
        self._stream.close()
        super().close()
