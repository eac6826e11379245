"""What the pages of docs/ say, kept true."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from graphrec_neo4j.cli import COMMANDS
from graphrec_neo4j.schema import EdgeType, GraphSchema
from graphrec_neo4j.training.loss_settings import LOSSES, SAMPLINGS
from graphrec_neo4j.training.settings import SCHEDULES, TrainingSettings
from graphrec_neo4j.training.task_settings import TASKS

DOCS = Path(__file__).resolve().parent.parent / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", blocks("schema.md", "toml"))
def test_every_schema_of_the_page_parses_and_can_be_walked(text: str) -> None:
    schema = GraphSchema.parse(text)
    assert [schema.meta_path(path).target for path in schema.default_meta_paths().values()]


def test_every_entry_of_an_edge_is_described() -> None:
    page = (DOCS / "schema.md").read_text(encoding="utf-8")
    for name, entry in EdgeType.model_fields.items():
        assert f"`{entry.alias or name}`" in page, name


def test_every_command_is_in_the_architecture_table() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"`{command}" in page, command


def test_every_shared_setting_loss_and_sampling_of_trained_models_is_described() -> None:
    page = (DOCS / "training.md").read_text(encoding="utf-8")
    names = [setting.name for setting in fields(TrainingSettings)]
    for name in (*names, *LOSSES, *SAMPLINGS, *SCHEDULES, *TASKS, "feature_mixup"):
        assert f"`{name}`" in page, name
