"""Two gloo processes, as torchrun starts them, against one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toy_graphs import communities

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

from graphrec_neo4j.models import create  # noqa: E402
from graphrec_neo4j.training.parallel import averaged, share_of  # noqa: E402

SCRIPT = """
import os, sys
from pathlib import Path
from toy_graphs import communities
from graphrec_neo4j.models import create
for model, loss in (("mf", "softmax"), ("lightgcn", "softmax"), ("lightgcn", "bpr")):
    fitted = create(model, loss=loss, epochs=4, batches=5).fit(communities())
    fitted.save(Path(sys.argv[1]) / model / loss / os.environ["RANK"])
"""
USERS = np.arange(45)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where both processes have saved what they ended with, one training after another."""
    folder = tmp_path_factory.mktemp("parallel")
    script = folder / "fit.py"
    script.write_text(SCRIPT, encoding="utf-8")
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    here = Path(__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [here.parent, here / "models"]))}
    done = subprocess.run(
        [*start, str(script), str(folder)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return folder


def scores_of_both(folder: Path, model: str, loss: str) -> list[np.ndarray]:
    return [create(model, loss=loss).restore(folder / model / loss / rank).scores(USERS) for rank in "01"]


@pytest.mark.parametrize("model", ["mf", "lightgcn"])
def test_two_processes_learn_what_one_learns(folder: Path, model: str) -> None:
    """With shared negatives, up to the order in which floats are added."""
    first, second = scores_of_both(folder, model, "softmax")
    np.testing.assert_array_equal(first, second)
    alone = create(model, epochs=4, batches=5).fit(communities()).scores(USERS)
    np.testing.assert_allclose(first, alone, atol=2e-3)


def test_two_processes_agree_where_each_draws_negatives_of_its_own(folder: Path) -> None:
    first, second = scores_of_both(folder, "lightgcn", "bpr")
    np.testing.assert_array_equal(first, second)


def test_alone_nothing_is_shared_or_averaged() -> None:
    batch = torch.arange(5)
    assert share_of(batch) is batch
    loss = torch.tensor(2.0)
    assert averaged(loss, [], 3.0) is loss
