"""RecBole's own LightGCN, run by ``trained_peers.py`` in an environment of its own.

    pip install recbole==1.2.1 "numpy<2" "scipy<1.13"
    python recbole_steps.py TRAIN.txt BATCH

Reads an adjacency list, says how many batches an epoch has, and then for each line of its input makes one batch's step
of RecBole's training (negatives drawn, loss, backward, Adam) and prints its seconds. It imports nothing of ours.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from pathlib import Path

from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, init_logger, init_seed


def main(path: Path, batch: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Config(model="LightGCN", dataset="graph", config_dict=settings(folder, batch))
        init_seed(config["seed"], True)
        init_logger(config)
        write_interactions(path, Path(folder) / "graph" / "graph.inter")
        batches, _, _ = data_preparation(config, create_dataset(config))
        model = get_model("LightGCN")(config, batches.dataset)
    import torch

    optimiser = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    print(len(batches), flush=True)
    endless = itertools.chain.from_iterable(itertools.repeat(batches))
    for _ in sys.stdin:
        start = time.perf_counter()
        optimiser.zero_grad()
        model.calculate_loss(next(endless)).backward()
        optimiser.step()
        print(time.perf_counter() - start, flush=True)


def settings(folder: str, batch: int) -> dict[str, object]:
    """RecBole's defaults for LightGCN, but 3 layers, the paper's."""
    return {
        "data_path": folder,
        "n_layers": 3,
        "train_batch_size": batch,
        "use_gpu": False,
        "show_progress": False,
        "state": "ERROR",
        "load_col": {"inter": ["user_id", "item_id"]},
        "eval_args": {"split": {"RS": [0.998, 0.001, 0.001]}, "order": "RO", "group_by": "none", "mode": "full"},
    }


def write_interactions(path: Path, target: Path) -> None:
    target.parent.mkdir()
    with path.open() as lines, target.open("w") as written:
        written.write("user_id:token\titem_id:token\n")
        for user, *items in map(str.split, lines):
            written.writelines(f"{user}\t{item}\n" for item in items)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
