"""Images looked at by the machines of a Ray cluster, in the order and to the rows of one machine.

Ray Data schedules, holds back, retries and survives lost machines. This module hands it blocks of
names and takes blocks of answers.
"""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cellclf.engines.engine import KERAS
from cellclf.errors import BundleError, RunError
from cellclf.inference.actor import ANSWER, Actor, Answer, Orders
from cellclf.inference.chunks import chunk_length
from cellclf.inference.classifier import Classifier
from cellclf.inference.inputs import Inputs
from cellclf.inference.parts import Part
from cellclf.inference.sent import sent
from cellclf.network.backend import meant
from cellclf.processors import processor_count
from cellclf.progress import Progress, Silent

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RayWorkers", "Share", "share"]

BLOCK = 2048
"""Images of a block, at most: what is looked at again where a machine is lost."""

BLOCKS_EACH = 8
"""Blocks for each actor, at least, where there are images enough, so that all end together."""

MOST_PROCESSORS = 8
"""Processors of an actor, at most: on a large machine, one reads while another computes."""

OUT_OF_ORDER = "Ray gave answers twice, out of order or not at all: go on with --resume"
"""It promises not to; nothing that would break the promise is written."""

CONNECT_SECONDS = 10

STANDARD_ERROR = 2

LOCAL = "local"
"""What Ray calls a cluster that it starts on this machine and ends again."""


@dataclass(frozen=True)
class RayWorkers:
    """Machines of a Ray cluster, for `cellclf.predict`.

    Args:
        address: Where the cluster is, as `ray.init` takes it, such as `"10.0.0.1:6379"` or
            `"auto"`; by default what `RAY_ADDRESS` says, and without that this machine alone, on
            which Ray is started and ended again.

    Raises:
        RunError: Ray is not installed.
    """

    address: str | None = None

    def __post_init__(self) -> None:
        try:
            version("ray")  # imports nothing: that takes seconds
        except PackageNotFoundError:
            raise RunError(
                "workers on Ray need Ray, which is not installed: pip install 'cellclf[ray]'"
            ) from None

    def stream(
        self,
        classifier: Classifier,
        inputs: Inputs,
        *,
        batch: int | None = None,
        done: int = 0,
        progress: Progress | None = None,
    ) -> Generator[Part, None, None]:
        """Classify images as `Classifier.stream` does, on the cluster.

        Args:
            classifier: What each actor loads again, from the bytes of its bundles.
            inputs: The images, where every machine can read them.
            batch: See `Classifier.stream`.
            done: See `Classifier.stream`.
            progress: Told of each chunk of images.

        Yields:
            What came of each chunk, in the order of the images.

        Raises:
            RunError: The cluster does not answer, a machine does not see the images, or a worker
                failed.
            BundleError: A bundle cannot be read any more.
        """
        if not len(inputs):  # all are done
            return
        listener = Silent() if progress is None else progress
        batch = classifier.engine.batch_size if batch is None else batch
        contents = [_content(path) for path in classifier.paths]
        with _connected(self.address):
            import ray

            shared = share(
                (node["Resources"] for node in ray.nodes() if node["Alive"]),
                graphics=KERAS in classifier.engine.name,
            )
            held = ray.put(contents)
            orders = Orders(
                names=[path.name for path in classifier.paths],
                bundles=lambda: ray.get(held),
                sha256=classifier.sha256,
                engine=classifier.engine.name,
                views=classifier.combined.views,
                batch=batch,
                backend=meant(),
                processors=shared.processors,
            )
            listener.say(str(shared))
            length = chunk_length(batch)
            blocks = _blocks(inputs, chunk=length, actors=shared.actors, done=done)
            wanted = inputs.ids()
            with (
                listener.task("Classifying", done + len(inputs)) as task,
                closing(_answers([*blocks], orders, shared)) as answers,
            ):
                task.advance(done)
                for answer in answers:
                    _check(answer)
                    for part in answer.parts:
                        if tuple(islice(wanted, len(part.asked))) != part.asked:
                            raise RunError(OUT_OF_ORDER)
                        yield part
                        task.advance(len(part.asked))
            if next(wanted, None) is not None:
                raise RunError(OUT_OF_ORDER)


@dataclass(frozen=True, kw_only=True)
class Share:
    """How the resources of a cluster are divided.

    Attributes:
        actors: How many processes load the model.
        processors: Of each.
        graphics: Graphics cards of each.
    """

    actors: int
    processors: int
    graphics: int = 0

    def __str__(self) -> str:
        cards = ", 1 graphics card" if self.graphics else ""
        return f"Ray: {self.actors} workers, each with processors: {self.processors}{cards}"


def share(machines: Iterable[Mapping[str, float]], *, graphics: bool) -> Share:
    """Divide machines among actors: as few actors as keep every processor in use.

    Args:
        machines: Resources of each, as Ray has them: `CPU`, and `GPU` where there are any.
        graphics: Whether the engine computes on graphics cards where there are any: one actor a
            card then, on machines that have some.

    Raises:
        RunError: No machine has a processor for this.

    Example:
        >>> share([{"CPU": 4}, {"CPU": 16}], graphics=False)
        Share(actors=5, processors=4, graphics=0)
        >>> share([{"CPU": 4}, {"CPU": 16, "GPU": 2}], graphics=True)
        Share(actors=2, processors=8, graphics=1)
    """
    found = [(int(one.get("CPU", 0)), int(one.get("GPU", 0))) for one in machines]
    able = [one for one in found if one[0]]
    if not able:
        raise RunError("no machine of the cluster offers a processor to work with")
    with_cards = [(cpus, cards) for cpus, cards in able if 0 < cards <= cpus]
    if graphics and with_cards:
        each = min(MOST_PROCESSORS, *(cpus // cards for cpus, cards in with_cards))
        return Share(actors=sum(cards for _, cards in with_cards), processors=each, graphics=1)
    each = min(MOST_PROCESSORS, *(cpus for cpus, _ in able))
    return Share(actors=sum(cpus // each for cpus, _ in able), processors=each)


def _content(bundle: Path) -> bytes:
    try:
        return bundle.read_bytes()
    except OSError as error:
        raise BundleError(f"{bundle} cannot be read: {error.strerror or error}") from error


def _blocks(inputs: Inputs, *, chunk: int, actors: int, done: int) -> Iterator[pa.Table]:
    """Names of images, in blocks of whole chunks: the chunks of one machine."""
    import pyarrow as pa

    chunks = -(-len(inputs) // chunk)
    length = chunk * max(1, min(BLOCK // chunk, chunks // (BLOCKS_EACH * actors)))
    for start in range(0, len(inputs), length):
        block = sent(inputs[start : start + length])
        places = range(done + start, done + start + len(block))
        yield block.append_column("place", pa.array(places, pa.int64()))


def _answers(
    blocks: list[pa.Table], orders: Orders, shared: Share
) -> Generator[Answer, None, None]:
    """What the actors of a cluster say of each block, in order."""
    import ray.data
    from ray.exceptions import RayError

    names = ray.data.from_arrow(blocks)
    context = names.context
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    answered = names.map_batches(
        Actor,
        fn_constructor_args=(orders,),
        batch_size=None,  # a block as it is
        batch_format="pyarrow",
        # One actor is enough to go on: Ray Data starts those of lost machines again where there is
        # room, and what they were at is looked at again, however often.
        compute=ray.data.ActorPoolStrategy(
            min_size=1, max_size=shared.actors, initial_size=shared.actors
        ),
        num_cpus=shared.processors,
        num_gpus=shared.graphics,
    )
    try:
        for row in answered.iter_rows():
            yield row[ANSWER]
    except RayError as error:
        raise RunError(f"a worker on Ray failed: {_reason(error)}") from error


def _check(answer: Answer) -> None:
    if answer.failed:
        raise RunError(f"a worker on {answer.machine} failed: {answer.failed}")
    if answer.unseen and os.path.exists(answer.unseen):  # noqa: PTH110 - names that are no text
        raise RunError(
            f"{answer.machine} does not see {answer.unseen}. Put images where every machine of the "
            "cluster reads them under the same name: on a shared drive, or at an address such as "
            "s3://cells"
        )


@contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """Be connected to a cluster for a block; a program's own connection is used and kept."""
    # Ray reads these when it is imported: unless told, it reports its use to its makers, and its
    # core writes to the terminal what is of interest to them alone.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray

    with _quiet():
        if ray.is_initialized():
            yield
            return
        wanted = address or os.environ.get("RAY_ADDRESS") or LOCAL
        with TemporaryDirectory(prefix="cellclf-ray-", ignore_cleanup_errors=True) as folder:
            _connect(wanted, folder)
            try:
                yield
            finally:
                ray.shutdown()


def _connect(address: str, folder: str) -> None:
    import ray
    from ray.exceptions import RayError

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        options |= {"num_cpus": processor_count(), "include_dashboard": False, "_temp_dir": folder}
    try:
        _require_listening(address)
        with warnings.catch_warnings(), _without_core_log():
            warnings.simplefilter("ignore")  # of what a later version of Ray will do
            ray.init(address=address, **options)
    except (RayError, RuntimeError, ValueError, OSError) as error:
        raise RunError(f"no Ray cluster answers at {address}: {_reason(error)}") from error


def _require_listening(address: str) -> None:
    """Make sure that something listens at an address: Ray itself tries for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "://" not in host:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()


@contextmanager
def _without_core_log() -> Iterator[None]:
    """Keep Ray's core, which is no Python, from telling at which level it logs."""
    kept = os.dup(STANDARD_ERROR)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), STANDARD_ERROR)
    try:
        yield
    finally:
        os.dup2(kept, STANDARD_ERROR)
        os.close(kept)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Ray Data from writing to the terminal."""
    import ray.data  # sets up its logging when it is imported

    logger = logging.getLogger(ray.data.__name__)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _reason(error: BaseException) -> str:
    """The last line of what Ray says, which is the one without a traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else repr(error)
