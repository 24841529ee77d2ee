"""`cellclf cache`: what was kept to save time, and how to be rid of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellclf.cli.output import GIGABYTE, JsonOption, in_megabytes, print_json

if TYPE_CHECKING:
    from cellclf.data.cache import Entry

__all__ = ["app"]

app = typer.Typer(
    help="See and remove what is kept to save time: all of it can be made again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_entries(
    as_json: JsonOption = False,
) -> None:
    """List what is in the cache, longest unused first.

    \b
    cellclf cache list
    cellclf cache list --json
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.data.cache import entries
    from cellclf.files import cache_folder

    found = entries()
    if as_json:
        print_json([_described(entry) for entry in found])
        return
    total = in_megabytes(sum(entry.bytes for entry in found))
    typer.echo(f"{cache_folder()}: {len(found)} entries, {total}")
    for entry in found:
        typer.echo(_line(entry))


@app.command("prune")
def prune_entries(
    older_than: Annotated[
        float | None,
        typer.Option(metavar="DAYS", min=0, help="Remove what was not used for so many days."),
    ] = None,
    max_size: Annotated[
        float | None,
        typer.Option(
            metavar="GB", min=0, help="Remove what was used longest ago, until so much is left."
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Remove all.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove entries, but none that a running process uses.

    \b
    cellclf cache prune --older-than 30
    cellclf cache prune --max-size 5
    cellclf cache prune --all
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.data.cache import prune

    if older_than is None and max_size is None and not everything:
        raise typer.BadParameter("say what to remove: --older-than DAYS, --max-size GB or --all")
    done = prune(
        older_than=older_than,
        max_bytes=None if max_size is None else int(max_size * GIGABYTE),
        everything=everything,
    )
    if as_json:
        print_json(
            {
                "removed": [_described(entry) for entry in done.removed],
                "in_use": [_described(entry) for entry in done.in_use],
            }
        )
        return
    freed = in_megabytes(sum(entry.bytes for entry in done.removed))
    typer.echo(f"removed {len(done.removed)} entries, {freed}")
    for entry in done.in_use:
        typer.echo(f"in use, and left: {_line(entry)}")


def _described(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "path": str(entry.path),
        "bytes": entry.bytes,
        "images": entry.images,
        "used": _when(entry).isoformat(timespec="seconds"),
        "in_use": entry.in_use,
    }


def _line(entry: Entry) -> str:
    images = "" if entry.images is None else f", {entry.images:,} images"
    in_use = ", in use" if entry.in_use else ""
    size = in_megabytes(entry.bytes)
    used = f"{_when(entry):%Y-%m-%d %H:%M}"
    return f"{entry.kind}/{entry.path.name}  {size}{images}, last used {used}{in_use}"


def _when(entry: Entry) -> datetime:
    return datetime.fromtimestamp(entry.used).astimezone()
