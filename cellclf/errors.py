"""Everything that can be refused, and how it is said.

Every mistake that a user can make is a subclass of `CellclfError`: its message says what was
expected, what came, and what to do next. The command line prints that message and nothing else.

    CellclfError
    ├── ExperimentError      one or many things wrong with what was asked for
    ├── PluginError          a plugin, or a name that no plugin offers
    ├── DataError            the images or their description
    │   ├── ImageError       one file that is no usable image
    │   ├── SplitError       no honest train / validation / test division exists
    │   └── LeakageError     something to be judged on was trained on
    ├── TrainingError        training could not start or had to stop
    ├── BundleError          a model file that cannot be trusted or rebuilt
    ├── EngineError          a runtime that cannot be used, or gives other numbers
    └── RunError             the run directory
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = [
    "BundleError",
    "CellclfError",
    "DataError",
    "EngineError",
    "ExperimentError",
    "ImageError",
    "LeakageError",
    "LeakageWarning",
    "PluginError",
    "Problem",
    "RunError",
    "SplitError",
    "TrainingError",
    "did_you_mean",
    "hint",
    "sentences",
]


class CellclfError(Exception):
    """Base of every error that a user can cause; its text is meant to be read by that user."""

    exit_code = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with an experiment.

    Attributes:
        place: Dotted address of the setting, such as `training.epochs`.
        expected: What would have been right, as half a sentence.
        received: The offending value as the user wrote it, or `None` where nothing was written.
        nearest: The closest right name, where the mistake looks like a misspelling.
    """

    place: str
    expected: str
    received: str | None = None
    nearest: str | None = None

    def __str__(self) -> str:
        received = "" if self.received is None else f". Received: {self.received}"
        nearest = "" if self.nearest is None else f". Did you mean {self.nearest!r}?"
        return f"{self.place}: {self.expected}{received}{nearest}"


class ExperimentError(CellclfError):
    """An experiment that cannot be run; `problems` holds every reason, not only the first."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem], *, source: str = "the experiment") -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.source = source
        count = len(self.problems)
        headline = f"{source} has {count} problem{'s' if count != 1 else ''}:"
        super().__init__("\n".join([headline, *(f"  - {problem}" for problem in self.problems)]))


class PluginError(CellclfError):
    """A plugin that does not work, or a name that no working plugin offers."""

    exit_code = 2


class DataError(CellclfError):
    """Images, or the description of images, that cannot be used."""


class ImageError(DataError):
    """One file that is no usable image; the message is the reason, without the file's name."""


class SplitError(DataError):
    """Samples that cannot be divided into parts that judge each other honestly."""


class LeakageError(DataError):
    """A sample to be judged on shares a unit with one that was, or would be, trained on."""


class LeakageWarning(UserWarning):
    """A model whose figures come from a split that leaks, or that is shown what it was trained on.

    No `CellclfError`: nothing is refused. `warnings.simplefilter("error", LeakageWarning)` refuses.
    """


class TrainingError(CellclfError):
    """Training that could not start or had to stop."""


class BundleError(CellclfError):
    """A model file that is damaged, unknown, or whose architecture is not installed."""


class EngineError(CellclfError):
    """A runtime that cannot be used for a model, or that gives other numbers than Keras."""


class RunError(CellclfError):
    """A run directory that cannot be written, read or resumed."""


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to `name`, or `None` when none is close.

    Example:
        >>> did_you_mean("custm_cnn", ["custom_cnn", "vgg16"])
        'custom_cnn'
    """
    candidates: Sequence[str] = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return candidates[0] if candidates else None


def hint(name: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the closest known one, or nothing.

    Example:
        >>> hint("custm_cnn", ["custom_cnn", "vgg16"])
        " Did you mean 'custom_cnn'?"
    """
    near = did_you_mean(name, known)
    return f" Did you mean {near!r}?" if near else ""


def sentences(*parts: str) -> str:
    """Join parts of a message, each one or more sentences, whether they end in a full stop or not.

    The last is left as it is: it may end in a path.

    Example:
        >>> sentences("no connection", "It may be back.", "Try again")
        'no connection. It may be back. Try again'
    """
    *before, last = parts
    ended = (part if part.endswith((".", "!", "?")) else f"{part}." for part in before)
    return " ".join([*ended, last])
