"""The command line: one verb a command, one command a file."""

from __future__ import annotations

import codecs
import io
import json
import os
import signal
import sys
from importlib import import_module
from typing import Any

import click

from graphrec_neo4j import __version__
from graphrec_neo4j.errors import BadInputError, GraphRecError, Interrupted

COMMANDS = {
    "demo": "demo:demo",
    "server": "server:server_command",
    "init": "init:init",
    "load": "load:load",
    "sync": "sync:sync",
    "status": "status:status",
    "verify": "verify:verify",
    "doctor": "doctor:doctor",
    "rollback": "rollback:rollback",
    "forget": "forget:forget",
    "train": "train:train",
    "models": "models:models",
    "evaluate": "evaluate:evaluate",
    "recommend": "recommend:recommend",
    "similar": "similar:similar",
    "explain": "explain:explain",
    "query": "query:query",
    "browser": "browser:browser",
}


class _Terminated(KeyboardInterrupt):
    """SIGTERM, which ends what runs as Ctrl-C does, in place of leaving it where it is."""


class _LazyGroup(click.Group):
    """A group that imports a command's module only when that command, or the list of all, is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name].split(":")
        return getattr(import_module(f"graphrec_neo4j.cli.{module}"), attribute)

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        for argument in arguments:
            try:
                os.fsencode(argument)
            except UnicodeEncodeError as error:
                # No file has such a name, and click says so in a traceback.
                from graphrec_neo4j.failures import unsendable

                raise BadInputError(unsendable(error, f"the argument {argument!r}")) from None
        return super().parse_args(context, arguments)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except _Terminated:
            raise Interrupted("asked to end by SIGTERM; nothing that readers see is half done.", 143) from None
        except KeyboardInterrupt:
            raise Interrupted("interrupted; nothing that readers see is half done.") from None


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="graphrec-neo4j")
def cli() -> None:
    """Explained recommendations from the graph in your Neo4j, published back into it.

    The database is the one that NEO4J_URI, NEO4J_USERNAME, NEO4J_PASSWORD and NEO4J_DATABASE (or --uri and so
    on) name; without them, a local server that this package starts by itself.

    Example: graphrec-neo4j demo
    """


def _terminate(*_: object) -> None:
    raise _Terminated


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _escape_what_a_stream_cannot_show() -> None:
    """Print what the encoding of a terminal, or of a cron job's pipe, lacks as ``\\u00e9``, which JSON can hold."""
    codecs.register_error("graphrec-neo4j", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="graphrec-neo4j")


def main() -> None:
    """Run the command line; an error of ours ends in one sentence on stderr and its exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    _escape_what_a_stream_cannot_show()
    try:
        cli(prog_name="graphrec-neo4j")
    except GraphRecError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
