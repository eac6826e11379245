"""``Messages``: what users' vectors are made of, neighbour by neighbour."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal, Self, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.integer]
Kind = Literal["taste", "tie", "category"]


@dataclass(frozen=True, eq=False)
class Messages:
    """The part of every user's vector that comes from her neighbours of one kind, each by itself.

    User u hears the m entries ``pointers[u]`` to ``pointers[u + 1]``; entry e comes from ``senders[e]``, a row of
    ``table`` (n_senders, h * w), of which the share ``shares[e]`` (h,) is heard, head by head. ``opened`` (n_users,
    h * w) is how far the nonlinearity above lets each coordinate pass, None without one, and ``toward`` (d, h * w)
    makes of what passes a part of her vector, None where it is one. So entry e adds to u's vector

        ``toward @ (opened[u] * (shares[e], head by head, times table[senders[e]]))``.

    It is told as coming through its sender, a ``node_type`` that an ``edge`` joins to the user.
    """

    kind: Kind
    node_type: str
    edge: str
    pointers: Rows
    senders: Rows
    shares: Floats
    table: Floats
    toward: Floats | None = None
    opened: Floats | None = None

    @classmethod
    def along(cls, kind: Kind, node_type: str, edge: str, weights: sparse.csr_matrix, table: Floats) -> Self:
        """Every user hears the rows of ``table`` (n_senders, d) by her row of ``weights`` (n_users, n_senders)."""
        shares = weights.data[:, None].astype(np.float32)
        return cls(kind, node_type, edge, weights.indptr, weights.indices, shares, table.astype(np.float32))

    @property
    def exact(self) -> bool:
        """Whether the messages are the model's own, with no nonlinearity above them."""
        return self.opened is None

    def scaled(self, by: npt.NDArray[np.floating]) -> Self:
        """Return what each user hears times ``by`` (n_users,)."""
        shares = self.shares * np.repeat(by, np.diff(self.pointers))[:, None]
        return replace(self, shares=shares.astype(np.float32))

    def only(self, mask: npt.NDArray[np.bool_]) -> Self:
        """Return the entries where ``mask`` (m,) holds."""
        pointers = np.concatenate([[0], np.cumsum(mask)])[self.pointers]
        return replace(self, pointers=pointers, senders=self.senders[mask], shares=self.shares[mask])

    def to(self, user: int) -> tuple[Rows, npt.NDArray[np.float64]]:
        """Return through whom ``user`` hears (n,), each once, and the part of her vector that is each's (n, d)."""
        mine = slice(int(self.pointers[user]), int(self.pointers[user + 1]))
        senders, shares = self.senders[mine], self.shares[mine].astype(np.float64)
        width = self.table.shape[1] // shares.shape[1]
        heard = self.table[senders].astype(np.float64) * np.repeat(shares, width, axis=1)
        if self.opened is not None:
            heard = heard * self.opened[user]
        if self.toward is not None:
            heard = heard @ self.toward.T
        return senders, heard

    def weights(self) -> sparse.csr_matrix:
        """Return the shares (n_users, n_senders) of one head."""
        shape = (len(self.pointers) - 1, len(self.table))
        return sparse.csr_matrix((self.shares[:, 0].astype(np.float64), self.senders, self.pointers), shape)

    def state(self) -> dict[str, npt.NDArray | sparse.csr_matrix]:
        """Return what :meth:`restored` takes."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)[3:]}
        arrays["about"] = np.array([self.kind, self.node_type, self.edge])
        return {name: array for name, array in arrays.items() if array is not None}

    @classmethod
    def restored(cls, state: dict[str, npt.NDArray | sparse.csr_matrix]) -> Self:
        """The inverse of :meth:`state`."""
        arrays = dict(state)
        kind, node_type, edge = cast(npt.NDArray, arrays.pop("about")).tolist()
        return cls(kind, node_type, edge, **arrays)
