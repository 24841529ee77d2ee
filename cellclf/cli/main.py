"""The `cellclf` command: its sub-commands, and how a refusal is said."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cellclf import __version__
from cellclf.cli.audit import audit
from cellclf.cli.cache import app as cache_app
from cellclf.cli.compare import compare
from cellclf.cli.differential import differential
from cellclf.cli.doctor import doctor
from cellclf.cli.evaluate import evaluate
from cellclf.cli.exit_codes import ExitCode
from cellclf.cli.export import export
from cellclf.cli.fetch import fetch
from cellclf.cli.init import init
from cellclf.cli.loudness import (
    Loudness,
    QuietOption,
    VerboseOption,
    be_heard,
    loudness,
    may_be_quiet,
)
from cellclf.cli.output import print_error
from cellclf.cli.plugin_files import may_load_plugin_files, may_name_plugin_files
from cellclf.cli.plugins import app as plugins_app
from cellclf.cli.predict import predict
from cellclf.cli.run import run
from cellclf.cli.stopping import told_when_stopped
from cellclf.errors import CellclfError

__all__ = ["app", "main"]


class _Commands(TyperGroup):
    """All commands; each ends with the same status where a person stops it."""

    def invoke(self, ctx: Any) -> Any:
        with told_when_stopped():
            return super().invoke(ctx)


app = typer.Typer(
    name="cellclf",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain help: drawing it with rich doubles the time that it takes.
    rich_markup_mode=None,
    add_completion=True,
)
app.command()(may_load_plugin_files(init))
app.command()(may_be_quiet(may_load_plugin_files(run)))
app.command()(may_be_quiet(may_load_plugin_files(audit)))
app.command()(may_be_quiet(may_load_plugin_files(predict)))
app.command()(may_be_quiet(may_load_plugin_files(export)))
app.command()(may_be_quiet(may_load_plugin_files(evaluate)))
app.command()(may_be_quiet(compare))
app.command()(differential)
app.command()(may_be_quiet(may_load_plugin_files(fetch)))
app.command()(may_be_quiet(may_name_plugin_files(doctor)))
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
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Train, judge and use classifiers of cell images.

    -q and -v may stand before the name of a command or after it.

    \b
    cellclf init my_cells
    cellclf run experiment.toml
    cellclf predict runs/first new_images --out new.csv
    cellclf doctor
    """  # noqa: D301  click wants the character, not the two that stand for it
    del version
    be_heard(quiet=quiet, verbose=verbose)


def main() -> None:
    """Run the command line; a user's mistake is one message and a non-zero exit."""
    try:
        app()
    # An OSError: a name too long, a folder that may not be looked into.
    except (CellclfError, OSError) as error:
        if loudness() is Loudness.VERBOSE:
            traceback.print_exc()
        print_error(error)
        sys.exit(error.exit_code if isinstance(error, CellclfError) else ExitCode.FAILED)
    except KeyboardInterrupt:  # before or after the command itself
        sys.exit(ExitCode.INTERRUPTED)
