"""UltraGCN: what an endless LightGCN would come to, as a loss, without any propagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.item_products import ties_bytes
from graphrec_neo4j.models.taste import pattern
from graphrec_neo4j.models.trained_model import TrainedModel
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.settings import TrainingSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.co_occurrence import CoOccurrenceEmbeddings
    from graphrec_neo4j.training.graph import TrainingGraph


@dataclass(frozen=True)
class UltraGCNSettings(TrainingSettings):
    """``neighbours`` that go best with each item draw its users too, ``item_pull`` times as much as they count.

    Odds of dot products are learnt slowly, first how popular an item is and then who likes it, so there are more and
    longer steps than for other models. On a graph of many interactions more ``batches`` pay.
    """

    loss: str = "constraint"
    epochs: int = 64
    learning_rate: float = 0.05
    negative_weight: float = 30.0
    neighbours: int = 10
    item_pull: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.neighbours < 1 or self.item_pull < 0:
            raise ModelError("ultragcn needs at least 1 neighbour and an item_pull of 0 or more.")


class UltraGCN(TrainedModel):
    """``score(u, i) = e_u . e_i``, made to satisfy what LightGCN's layers would tend to.

    ``L = L_C + item_pull * L_I``: odds of liked and other items, weighted by
    ``beta_ui = sqrt((d_u + 1) / (d_i + 1)) / d_u``, and odds of the items that go best with the liked ones.
    """

    name = "ultragcn"
    line = "the limit of endless propagation as a loss, with the items that go with those of the history"
    paper = "Mao, Zhu, Xiao, Lu, Wang, He: UltraGCN, CIKM 2021 (arXiv 2110.15114)"
    uses = ("interactions",)
    cost = "every pair of items with a user in common, once; epochs x batches steps, each over a batch of users"
    settings: UltraGCNSettings
    settings_class: ClassVar[type] = UltraGCNSettings

    def _network(self, graph: TrainingGraph) -> CoOccurrenceEmbeddings:
        from graphrec_neo4j.models.networks.co_occurrence import CoOccurrenceEmbeddings, co_occurrence

        settings = self.settings
        neighbours = co_occurrence(pattern(graph.snapshot.interactions), settings.neighbours)
        return CoOccurrenceEmbeddings(graph.known, neighbours, settings.dimensions, settings.item_pull)

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """As for every trained model, and the items that go with each."""
        of_ties = ties_bytes(self.n_items, self.n_items, self.settings.neighbours)
        return super()._memory(snapshot, pairs) + of_ties
