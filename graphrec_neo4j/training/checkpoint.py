"""``Checkpoint``: all that a training needs to go on as if it had never stopped.

One safetensors file: the tensors, and in its header what else there is, as JSON. Reading it runs nothing, whoever
wrote it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from graphrec_neo4j.errors import MissingExtraError, ModelError

Encoded = Any
"""What JSON knows: a plain value as it is, a list as a list, anything else as an object with one entry for its kind."""

_HEADER = "state"


@dataclass(frozen=True)
class Checkpoint:
    """A file that only the run with the same ``fingerprint`` (model, settings, seed, graph) goes on from."""

    path: Path
    fingerprint: str

    def write(self, state: dict[str, Any]) -> None:
        """Replace the file at once, so that a crash leaves the one before.

        ``state`` may hold tensors, numbers, texts, None, and dictionaries, lists and tuples of these.
        """
        save_file = _safetensors().torch.save_file
        tensors: dict[str, torch.Tensor] = {}
        text = json.dumps(_encoded({"fingerprint": self.fingerprint, **state}, _Keeper(tensors)))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        save_file(tensors, beside, {_HEADER: text})
        beside.replace(self.path)

    def read(self) -> dict[str, Any] | None:
        """Return what was written last, None without a file; raises ModelError if another run wrote it."""
        if not self.path.exists():
            return None
        safe_open = _safetensors().safe_open
        try:
            with safe_open(self.path, framework="pt", device="cpu") as file:
                text = (file.metadata() or {})[_HEADER]
                # Copies, as the file behind them is replaced while they are used.
                state = _decoded(json.loads(text), lambda name: file.get_tensor(name).clone())
            fingerprint = state["fingerprint"]
        except Exception as error:
            raise ModelError(f"{self.path} cannot be read as a checkpoint; remove it to begin again.") from error
        if fingerprint != self.fingerprint:
            raise ModelError(
                f"{self.path} is the checkpoint of another training (model, settings, seed or graph differ); "
                "remove it or name another file."
            )
        return state


class _Keeper:
    """Puts tensors into ``tensors`` under numbers; two that share memory are stored twice."""

    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        self.tensors = tensors
        self._memory: set[int] = set()

    def __call__(self, tensor: torch.Tensor) -> str:
        name = str(len(self.tensors))
        held = tensor.detach().cpu().contiguous()
        at = held.untyped_storage().data_ptr()
        self.tensors[name] = held.clone() if at in self._memory else held
        self._memory.add(at)
        return name


def _encoded(value: Any, keep: Callable[[torch.Tensor], str]) -> Encoded:
    if isinstance(value, torch.Tensor):
        return {"tensor": keep(value)}
    if isinstance(value, Mapping):
        return {"dict": [[_encoded(key, keep), _encoded(held, keep)] for key, held in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_encoded(held, keep) for held in value]}
    if isinstance(value, list):
        return [_encoded(held, keep) for held in value]
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise ModelError(f"a checkpoint cannot hold a {type(value).__name__}; it holds tensors and plain values.")


def _decoded(value: Encoded, tensor: Callable[[str], torch.Tensor]) -> Any:
    if isinstance(value, list):
        return [_decoded(held, tensor) for held in value]
    if not isinstance(value, dict):
        return value
    [(kind, held)] = value.items()
    if kind == "tensor":
        return tensor(held)
    if kind == "tuple":
        return tuple(_decoded(part, tensor) for part in held)
    if kind == "dict":
        return {_decoded(key, tensor): _decoded(part, tensor) for key, part in held}
    raise ValueError(kind)


def _safetensors() -> Any:
    try:
        import safetensors
        import safetensors.torch
    except ImportError:
        raise MissingExtraError("a checkpoint", "gnn") from None
    return safetensors
