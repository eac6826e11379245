"""Where a model computes: on the processor, or on a GPU that torch sees. Importing this module imports no torch."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib.util import find_spec

from graphrec_neo4j.errors import MissingExtraError

MANY = 512


def device_for(wanted: str, users: int) -> str:
    """Return ``wanted``, or for ``"auto"`` a GPU where there is one and ``users`` enough to be worth going there.

    Raises MissingExtraError where anything but the processor is wanted and torch is not installed.
    """
    if wanted == "auto":
        return "cuda" if users >= MANY and gpu_is_there() else "cpu"
    if wanted != "cpu" and find_spec("torch") is None:
        raise MissingExtraError(f"computing on {wanted!r}", "gnn")
    return wanted


@cache
def gpu_is_there() -> bool:
    """Whether torch is installed and sees a CUDA device.

    Importing torch takes seconds, so it is asked only where an NVIDIA driver can be loaded.
    """
    if find_spec("torch") is None or not driver_is_there():
        return False
    import torch

    return torch.cuda.is_available()


def driver_is_there() -> bool:
    """Whether the library of the NVIDIA driver, without which CUDA sees nothing, can be loaded."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True
