"""The main job: an experiment in, trained, judged and reported models out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from cellclf import __version__
from cellclf.checking import Plan, plan
from cellclf.errors import DataError, ExperimentError, PluginError, Problem, RunError
from cellclf.experiment import Experiment, laid_over, read_toml
from cellclf.files import write_json, write_text
from cellclf.gates import Gate, require_known
from cellclf.network.distribution import check_distribution, join, launched
from cellclf.pipeline.earlier import refuse_earlier
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.prepare import Prepared, prepare_data
from cellclf.pipeline.record import Stopwatch, record_of
from cellclf.pipeline.taken_over import over_earlier, require_same_images, require_same_settings
from cellclf.pipeline.work import Work
from cellclf.plugin_files import HASHED, how_to_load
from cellclf.progress import Progress, Silent
from cellclf.registry import installed
from cellclf.run_directory import COMPLETE, RUNNING, RunDirectory

__all__ = ["run"]


def run(
    experiment: Experiment | Mapping[str, Any] | str | Path | None = None,
    *,
    progress: Progress | None = None,
    before_network: Callable[[], None] | None = None,
    source: str | None = None,
    **settings: Any,
) -> FinishedRun:
    """Train, judge and report the models of an experiment.

    A run that was stopped, in whatever way, goes on when it is asked for again with the same
    directory, at the batch that it had reached; one that is complete is returned as it is. With
    `trained_in`, the networks of another run are judged anew, by other settings of `evaluation`.

    Args:
        experiment: An experiment, the same as plain tables, the path of a TOML file, or a run
            directory, whose run goes on.
        progress: Hears how far the work has come.
        before_network: Called once everything that needs no network has succeeded, before Keras is
            imported. The command line passes `cellclf.prepare_backend`, which sets environment
            variables; a program that has Keras set up its own way leaves it out.
        source: What messages call the experiment; the path of the file by default.
        **settings: Sections of the experiment laid over it: `data=...`, `models=...`, `seed=...`.

    Returns:
        The finished run, read from its directory.

    Raises:
        ExperimentError: The experiment cannot be run; every reason is named.
        DataError: The images cannot be used.
        LeakageError: The given split leaks, or a model starts from one that was trained on what is
            to judge it.
        TrainingError: Training diverged.
        RunError: The run directory, or that of `trained_in`, cannot be used.
    """
    listener = progress or Silent()
    raw, name = _raw(experiment)
    wanted = over_earlier(laid_over(raw, settings))
    _require_plugin_files(wanted.get("out"))
    planned = plan(wanted, installed(), source=source or name)
    check_distribution(planned.experiment.training.distribution)
    directory = RunDirectory(_place(planned))
    require_same_settings(planned, directory.path)
    watch = Stopwatch()
    leads = launched()[0] == 0
    with directory.claimed(planned.experiment) if leads else nullcontext():
        listener.say(f"run directory: {directory.path}")
        prepared = prepare_data(planned, listener)
        _require_classes(planned, prepared)
        if not directory.is_complete():
            _require_honest(planned, prepared, listener)
    watch.lap("data")
    # Whoever follows may find the record that the first has begun: `agree` compares the images.
    if leads:
        _require_same_images(directory, prepared)
    if directory.is_complete() and directory.card() == planned.experiment.card.stated:
        listener.say("this run is complete already")
        return FinishedRun(directory.path)
    if leads:
        begun = directory.record()
        write_json(directory.record_file, record_of(planned, prepared, begun, status=RUNNING))
        write_text(directory.experiment_file, planned.experiment.to_toml())
    if before_network is not None:
        before_network()
    share = join(planned.experiment.training.distribution)
    share.require_divides(planned.experiment.training.batch_size)
    share.agree(
        experiment=planned.experiment.fingerprint,
        images=prepared.fingerprint,
        version_of_cellclf=__version__,
        trained_in="" if planned.experiment.trained_in is None else "another run",
    )
    work = Work(
        plan=planned, prepared=prepared, directory=directory, progress=listener, share=share
    )
    if share.leads:
        _train_and_tell(work, watch)
    else:
        from cellclf.pipeline.follow import follow

        follow(work)
    return FinishedRun(directory.path)


def _raw(
    experiment: Experiment | Mapping[str, Any] | str | Path | None,
) -> tuple[dict[str, Any], str]:
    if isinstance(experiment, str | Path):
        path = Path(experiment)
        if path.is_dir():
            return RunDirectory(path).experiment(), str(path)
        return read_toml(path), str(path)
    if isinstance(experiment, Experiment):
        # Defaults would lie over what an earlier run was trained with.
        over = experiment.trained_in is not None
        return experiment.model_dump(exclude_none=True, exclude_unset=over), "the experiment"
    return dict(experiment or {}), "the experiment"


def _place(planned: Plan) -> Path:
    """The run directory that was asked for, or one that the same experiment finds again."""
    wanted = planned.experiment.out
    if wanted is not None:
        return wanted
    return Path("runs") / f"{planned.dataset.spec.name}-{planned.experiment.fingerprint[:8]}"


def _require_plugin_files(out: Any) -> None:
    """Make sure that the plugin files of a run that goes on are loaded, and are what they were."""
    if not isinstance(out, str | Path):
        return
    directory = RunDirectory(Path(out))
    loaded = {
        plugin.file.name: plugin.sha256 for plugin in installed().plugins if plugin.file is not None
    }
    for known in directory.record().get("plugin_files", ()):
        sha256 = loaded.get(Path(known["file"]).name)
        begun = f"the run in {out} was begun with the plugin file {known['file']}"
        if sha256 is None:
            raise PluginError(f"{begun}: {how_to_load(known['file'])}")
        if sha256 != known["sha256"] and not directory.is_complete():
            raise RunError(
                f"{begun} as it was then ({HASHED}{known['sha256']}), and it has changed: give "
                "another directory with --out, or bring the file back"
            )


def _require_honest(planned: Plan, prepared: Prepared, progress: Progress) -> None:
    """Make sure that networks start from, or are, what they may be on these images."""
    if planned.experiment.trained_in is None:
        refuse_earlier(planned, prepared, progress)
    else:  # with the same parts, what it started from was held against them when it was trained
        require_same_images(planned, prepared, progress)


def _require_same_images(directory: RunDirectory, prepared: Prepared) -> None:
    record = directory.record()
    if record.get("data_fingerprint", prepared.fingerprint) != prepared.fingerprint:
        raise RunError(
            f"the images are no longer those that {directory.path} was begun with: give another "
            "directory with --out, or remove this one"
        )


def _require_classes(planned: Plan, prepared: Prepared) -> None:
    """Make sure, before training, that gates are about classes that there are."""
    limits = {name: metric.spec.limits for name, metric in planned.metrics.items()}
    for text in planned.experiment.evaluation.gates:
        try:
            require_known(Gate.parsed(text), metrics=limits, classes=prepared.samples.classes)
        except DataError as error:
            raise ExperimentError(
                [Problem(place="evaluation.gates", expected=str(error))]
            ) from error


def _train_and_tell(work: Work, watch: Stopwatch) -> None:
    """Train, judge and report every model: what the first process of a run does."""
    # Imported here: from here on Keras is needed, and a mistake in the data was said without it.
    from cellclf.network import backend
    from cellclf.pipeline.metrics import bound_metrics
    from cellclf.pipeline.sources import sources_of, write_division
    from cellclf.pipeline.tell import write_account
    from cellclf.pipeline.train import train
    from cellclf.pipeline.verdict import judge_models

    planned, prepared, directory = work.plan, work.prepared, work.directory
    metrics = bound_metrics(planned.metrics)
    sources = sources_of(prepared)
    write_division(directory, sources)
    backend.deterministic()
    trained = [train(label, work) for label in planned.models]
    watch.lap("models")
    verdict = judge_models(
        metrics,
        trained,
        prepared.samples.classes,
        sources=sources,
        gates=planned.experiment.evaluation.gates,
        seed=planned.experiment.seed,
        leaky=prepared.leaky,
    )
    write_json(directory.metrics_file, verdict.as_json())
    network = backend.versions()
    record = record_of(
        planned,
        prepared,
        directory.record(),
        status=COMPLETE,
        network=network,
        seconds=watch.laps,
    )
    record["calibrated"] = all(model.facts.get("promises") for model in trained)
    write_account(work, trained, verdict, record)
    watch.lap("report")
    write_json(directory.record_file, record | {"seconds": watch.laps})
