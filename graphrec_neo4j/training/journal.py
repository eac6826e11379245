"""``Journal``: what every epoch came to, in a file of one JSON object a line, and in TensorBoard if it is installed."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graphrec_neo4j.training.options import Epoch


class Journal:
    """Appends to ``path``; with TensorBoard also to the folder of that name without its suffix.

    A journal of a training that begins anew, its first epoch being 1, replaces the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._board: Any = None

    def note(self, epoch: Epoch) -> None:
        """Write an epoch down; what is not known of it is left out."""
        known = {name: value for name, value in asdict(epoch).items() if not math.isnan(value)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("w" if epoch.number == 1 else "a", encoding="utf-8") as lines:
            lines.write(json.dumps(known) + "\n")
        self._show({name: value for name, value in known.items() if name not in ("number", "of")}, epoch.number)

    def _show(self, values: dict[str, float], number: int) -> None:
        if self._board is None:
            self._board = _board(self.path.with_suffix(""))
        for name, value in values.items():
            self._board and self._board.add_scalar(name, value, number)


def _board(folder: Path) -> Any:
    """A writer for TensorBoard, or False where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return False
    return SummaryWriter(str(folder))
