"""How like two sets are, from a product of the two: the weighings of products that are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST_DIVISOR = 1e-12


class Kind(IntEnum):
    """What a product is turned into; the kernel knows them by number."""

    PRODUCT = 0
    COSINE = 1
    JACCARD = 2
    POWER = 3


@dataclass(frozen=True, eq=False)
class Likeness:
    """A weighing of the product of a row and a column, from one number of each and a constant.

    ``of_rows`` (n_rows,) and ``of_columns`` (n_columns,) are empty where the kind needs none.
    """

    kind: Kind = Kind.PRODUCT
    constant: float = 0.0
    of_rows: Floats = field(default_factory=lambda: np.zeros(0))
    of_columns: Floats = field(default_factory=lambda: np.zeros(0))


def cosine(of_rows: Floats, of_columns: Floats, shrinkage: float = 0.0) -> Likeness:
    """Divide a product of two vectors by their lengths (n_rows,) and (n_columns,), plus ``shrinkage``."""
    return Likeness(Kind.COSINE, shrinkage, of_rows, of_columns)


def jaccard(of_rows: Floats, of_columns: Floats, shrinkage: float = 0.0) -> Likeness:
    """Divide what two sets share by what is in either, from their sizes (n_rows,) and (n_columns,)."""
    return Likeness(Kind.JACCARD, shrinkage, of_rows, of_columns)


def power(exponent: float) -> Likeness:
    """Raise a product to ``exponent``."""
    return Likeness(Kind.POWER, exponent)
