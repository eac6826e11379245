"""``Encoder``: what every trained network promises."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn


class Encoder(nn.Module):
    """Turns its parameters, over a graph that it was built on, into a vector for every user and item.

    It draws random numbers (initial values, dropout) from torch's global generator, which training seeds.
    """

    @abstractmethod
    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the vectors of all users (n_users, d) and of all items (n_items, d)."""

    def auxiliary(self, users: Tensor, items: Tensor, batch: Tensor) -> Tensor | None:
        """Return what is added to the loss of ``batch``, a scalar, or None for nothing.

        ``users`` and ``items`` are what :meth:`forward` returned, ``batch`` (b,) the user rows of this step.
        """
        return None

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return the vectors of users and items after each layer, to see how smooth they become; or none."""
        return []
