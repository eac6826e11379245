"""``Checkpoint``: all that a training needs to go on as if it had never stopped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from graphrec_neo4j.errors import ModelError


@dataclass(frozen=True)
class Checkpoint:
    """A file that only the run with the same ``fingerprint`` (model, settings, seed, graph) goes on from."""

    path: Path
    fingerprint: str

    def write(self, state: dict[str, Any]) -> None:
        """Replace the file at once, so that a crash leaves the one before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        torch.save({"fingerprint": self.fingerprint, **state}, beside)
        beside.replace(self.path)

    def read(self) -> dict[str, Any] | None:
        """Return what was written last, None without a file; raises ModelError if another run wrote it."""
        if not self.path.exists():
            return None
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise ModelError(f"{self.path} cannot be read as a checkpoint; remove it to begin again.") from error
        if state["fingerprint"] != self.fingerprint:
            raise ModelError(
                f"{self.path} is the checkpoint of another training (model, settings, seed or graph differ); "
                "remove it or name another file."
            )
        return state
