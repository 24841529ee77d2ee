"""Custom CNN, EfficientNetB4 and VGG16 on the same real images: trained, kept, shown.

    python -m benchmarks.three_architectures train PBC --out DIR --reduced
    python -m benchmarks.three_architectures keep DIR
    python -m benchmarks.three_architectures show

PBC is the folder of the PBC set (Acevedo et al., 2020; CC BY 4.0). Each architecture is trained
from random weights with the same budget of epochs and with the same budget of time, the small one
with several seeds, all on one division, so that all are judged on the same test images. `train`
goes on where it was stopped; `--only` names runs, so that they can be started one by one. `keep`
copies what the figures need, without weights and images, and `show` makes the tables and the plots
of the documentation from that alone.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from benchmarks.three_architectures.keeping import finished, keep
from benchmarks.three_architectures.page import show
from benchmarks.three_architectures.runs import FULL, REDUCED, Asked, chosen, planned
from benchmarks.three_architectures.training import measure_speeds, train
from cellclf.errors import CellclfError

TERMINATED = 143
"""Exit status of a command ended by SIGTERM, as shells have it: 128 + SIGTERM."""

RESULTS = Path("benchmarks/results/three_architectures")
PAGE = Path("docs/explanation/three-architectures.md")


def main() -> None:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.three_architectures",
        description=__doc__,
        formatter_class=formatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_train(commands)
    _add_speeds(commands)
    _add_keep(commands)
    _add_show(commands)
    asked = parser.parse_args()
    # Ends the training that goes on beside, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        asked.call(asked)
    except CellclfError as error:
        raise SystemExit(str(error)) from None


def _add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("train", help="train what is not trained yet")
    parser.add_argument("images", type=Path, metavar="PBC", help="folder of the images")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run directories")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument(
        "--full",
        dest="kind",
        action="store_const",
        const=FULL,
        help="examples/three_architectures.toml as it stands, for a graphics card",
    )
    kind.add_argument(
        "--reduced",
        dest="kind",
        action="store_const",
        const=REDUCED,
        help="64 px, 4 %% of the images to train on, 87 %% to test on, weighted classes",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="RUN",
        help="these runs, such as epochs-vgg16-0 or 'seconds-*'",
    )
    parser.add_argument("--seeds", type=int, default=3, help="of custom_cnn [3]")
    parser.add_argument(
        "--seconds", type=float, default=120, help="the budget of time, of each training [120]"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of every experiment, such as data.image_size=96; may be given again",
    )
    parser.add_argument("--list", action="store_true", help="name the runs, and train none")
    parser.set_defaults(call=_train)


def _train(asked: argparse.Namespace) -> None:
    comparison = Asked(
        kind=asked.kind, settings=asked.set, seeds=asked.seeds, seconds=asked.seconds
    )
    runs = chosen(planned(comparison), asked.only)
    if asked.list:
        print(*(run.name for run in runs), sep="\n")
        return
    train(comparison, runs, asked.images, asked.out)


def _add_speeds(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "speeds", help="measure images a second again, of all finished runs one after the other"
    )
    parser.add_argument("out", type=Path, metavar="DIR", help="folder of the run directories")
    parser.set_defaults(call=lambda asked: measure_speeds(finished(asked.out)))


def _add_keep(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("keep", help="copy what the figures need of all finished runs")
    parser.add_argument("out", type=Path, metavar="DIR", help="folder of the run directories")
    _add_results(parser)
    parser.set_defaults(call=lambda asked: keep(asked.out, asked.results))


def _add_show(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("show", help="make tables and plots from what is kept")
    _add_results(parser)
    parser.add_argument("--page", type=Path, default=PAGE, help=f"page that shows them [{PAGE}]")
    parser.set_defaults(call=lambda asked: show(asked.results, asked.page))


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help=f"folder of what is kept [{RESULTS}]"
    )


if __name__ == "__main__":
    main()
