"""`cellclf plugins`: what is installed, what it offers, and why something is missing."""

from __future__ import annotations

from collections import defaultdict
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellclf.cli import completion
from cellclf.cli.exit_codes import ExitCode
from cellclf.cli.new_plugin import new
from cellclf.cli.output import JsonOption, in_megabytes, print_json
from cellclf.cli.plugin_files import may_load_plugin_files, may_name_plugin_files
from cellclf.cli.plugins_doctor import plugins_doctor

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from cellclf.registry import Offer, Plugin
    from cellclf.specs import PretrainedSpec, Spec

__all__ = ["app"]

app = typer.Typer(
    help="See what is installed and what it offers, and begin a plugin.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("new")(new)


@app.command("list")
@may_name_plugin_files
def list_plugins(
    as_json: JsonOption = False,
) -> None:
    """List every plugin found, working or not, with the reason where it is not.

    \b
    cellclf plugins list
    cellclf plugins list --json
    cellclf plugins list --plugin my_cells.py
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.registry import installed

    plugins = installed().plugins
    if as_json:
        print_json([_described(plugin) for plugin in plugins])
    else:
        typer.echo("\n".join(line for plugin in plugins for line in _lines(plugin)))


@app.command("check")
@may_load_plugin_files
def check(
    name: Annotated[
        str,
        typer.Argument(
            help="A plugin or distribution, for all that it offers, a name on offer, or "
            "distribution/name.",
            autocompletion=completion.names,
        ),
    ],
    root: Annotated[
        Path | None, typer.Option(help="The folder or file that a dataset reads, or a tiny one.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="A parameter to try it with, such as filters=4; may be given again.",
        ),
    ] = None,
    own_images: Annotated[
        bool,
        typer.Option(
            "--own-images", help="A dataset reads the user's own images: it cites nobody."
        ),
    ] = False,
    zipped: Annotated[
        bool, typer.Option("--zipped", help="Try a dataset with a zip file of the folder too.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Try everything that cellclf will ask of a plugin; the status is 3 where a check fails.

    \b
    cellclf plugins check custom_cnn
    cellclf plugins check cellclf/image_folder --root my_cells --own-images
    cellclf plugins check my_cells --plugin my_cells.py --param size=64
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.cli.check_table import print_outcomes
    from cellclf.cli.settings import overridden
    from cellclf.testing.checking import tried

    outcomes = tried(
        name,
        params=overridden({}, {}, param or ()),
        root=root,
        published=not own_images,
        zipped=zipped,
    )
    if not print_outcomes(outcomes, as_json=as_json):
        raise typer.Exit(ExitCode.NOT_REACHED)


@app.command("show")
@may_name_plugin_files
def show_plugin(
    name: Annotated[
        str,
        typer.Argument(
            help="A name on offer, or distribution/name.", autocompletion=completion.names
        ),
    ],
) -> None:
    """Show what a name stands for and the parameters it takes; of a trained model its card.

    \b
    cellclf plugins show rotation
    cellclf plugins show cellclf-vgg/vgg16
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.errors import PluginError
    from cellclf.registry import HOOKS, installed

    registry = installed()
    bare = name.rpartition("/")[2]
    kinds = [kind for kind in HOOKS.values() if bare in registry.names(kind)]
    if not kinds:
        known = {offered for kind in HOOKS.values() for offered in registry.names(kind)}
        raise PluginError(
            registry.unknown(
                "dataset, augmentation, model, metric, callback, engine or trained model",
                name,
                sorted(known),
            )
        )
    typer.echo(
        "\n\n".join(
            "\n".join(_shown(offer)) for kind in kinds for offer in [registry.offer(kind, name)]
        )
    )


app.command("doctor")(may_name_plugin_files(plugins_doctor))


def _offers(plugin: Plugin) -> dict[str, list[str]]:
    offered: dict[str, list[str]] = defaultdict(list)
    for spec in plugin.specs:
        offered[spec.kind].append(spec.name)
    return dict(offered)


def _described(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "status": plugin.status,
        "reason": plugin.reason,
        "place": plugin.place,
        "offers": _offers(plugin),
        "import_seconds": round(plugin.import_seconds, 4),
    }


def _lines(plugin: Plugin) -> list[str]:
    milliseconds = plugin.import_seconds * 1000
    head = f"{plugin.name}  {plugin.distribution} {plugin.version}"
    lines = [f"{head}  {plugin.status}  {milliseconds:.0f} ms"]
    if plugin.reason:
        lines.append(f"    {plugin.reason_and_place}")
    lines += [f"    {kind}: {', '.join(names)}" for kind, names in _offers(plugin).items()]
    return lines


def _shown(offer: Offer[Spec]) -> list[str]:
    from cellclf.specs import PretrainedSpec

    spec = offer.spec
    lines = [
        f"{spec.kind} {spec.name}  ({offer.distribution} {offer.version})",
        f"    {spec.summary}",
    ]
    known = {
        name: getattr(spec, name, "") for name in ("licence", "citation", "homepage", "obtain")
    }
    lines += [f"    {name}: {value}" for name, value in known.items() if value]
    if getattr(spec, "fetch", None) is not None:
        lines.append(f"    fetch: cellclf fetch {spec.name} --to FOLDER")
    if classes := getattr(spec, "classes", ()):
        lines.append(f"    classes: {', '.join(classes)}")
    if isinstance(spec, PretrainedSpec):
        return [*lines, *_shipped(spec)]
    lines.append("    parameters:" if spec.params.model_fields else "    no parameters")
    for name, about in spec.params.model_fields.items():
        lines += _parameter(name, about)
    return lines


def _shipped(spec: PretrainedSpec) -> list[str]:
    from cellclf.packaged import packaged_file

    bundle, card, experiment = map(packaged_file, (spec.bundle, spec.card, spec.experiment))
    return [
        f"    use: cellclf predict {spec.name} IMAGES",
        f"    bundle: {bundle}, {in_megabytes(bundle.stat().st_size)}",
        f"    made again by: cellclf run {experiment} --data FOLDER",
        "",
        unescape(card.read_text(encoding="utf-8")).rstrip(),
    ]


def _parameter(name: str, about: FieldInfo) -> list[str]:
    from cellclf.settings_text import default_in_words, kind_in_words

    default = default_in_words(about)
    if not about.is_required():
        default = "may be left out" if about.default is None else f"default {default}"
    lines = [f"        {name}: {kind_in_words(about)}; {default}"]
    return [*lines, f"            {about.description}"] if about.description else lines
