"""The `cellclf` command: its sub-commands, and how a refusal is said."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cellclf import __version__
from cellclf.cli.audit import audit
from cellclf.cli.cache import app as cache_app
from cellclf.cli.compare import compare
from cellclf.cli.differential import differential
from cellclf.cli.evaluate import evaluate
from cellclf.cli.export import export
from cellclf.cli.fetch import fetch
from cellclf.cli.plugin_files import may_load_plugin_files
from cellclf.cli.plugins import app as plugins_app
from cellclf.cli.predict import predict
from cellclf.cli.run import run
from cellclf.errors import CellclfError

__all__ = ["app", "main"]

app = typer.Typer(
    name="cellclf",
    help="Train, judge and use classifiers of cell images.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain help: drawing it with rich doubles the time that it takes.
    rich_markup_mode=None,
    add_completion=True,
)
app.command()(may_load_plugin_files(run))
app.command()(may_load_plugin_files(audit))
app.command()(may_load_plugin_files(predict))
app.command()(may_load_plugin_files(export))
app.command()(may_load_plugin_files(evaluate))
app.command()(compare)
app.command()(differential)
app.command()(may_load_plugin_files(fetch))
app.add_typer(cache_app, name="cache")
app.add_typer(plugins_app, name="plugins")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cellclf {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command line; a user's mistake is one message and a non-zero exit."""
    try:
        app()
    except CellclfError as error:
        typer.secho(f"Error: {error}", err=True, fg=typer.colors.RED)
        sys.exit(error.exit_code)
    except OSError as error:  # a name too long, a folder that may not be looked into
        typer.secho(f"Error: {error}", err=True, fg=typer.colors.RED)
        sys.exit(CellclfError.exit_code)
