"""``--set``: settings of models, as ``sync`` and ``evaluate`` take them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

Settings = Mapping[str, Any]


def _parsed(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    """Turn ``name=value`` into settings; a value is JSON where it is, else a text."""
    settings: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", context, parameter)
        try:
            settings[name] = json.loads(value)
        except json.JSONDecodeError:
            settings[name] = value
    return settings


settings_option = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", callback=_parsed, help="A setting of the model."
)


def settings_by_model(settings: Settings, asked: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Say whose ``settings`` are whose: MODEL.NAME says it, a mere NAME belongs to the one model that is ``asked`` for.

    Raises UsageError for a model that is not asked for, or a mere name where there is not one model.
    """
    found: dict[str, dict[str, Any]] = {}
    for text, value in settings.items():
        model, dot, name = text.rpartition(".")
        if not dot and len(asked) != 1:
            raise click.UsageError(f"--set {text} needs one --model; with more of them, say MODEL.{text}=VALUE.")
        if dot and model not in asked:
            raise click.UsageError(f"--set {text} is of {model}, which no --model names.")
        found.setdefault(model or asked[0], {})[name] = value
    return found
