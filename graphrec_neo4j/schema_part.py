"""``Part``: what every section of a ``graphrec.toml`` has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A section that does not change and takes no entry that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
