"""Holding an experiment against the installed plugins, before anything heavy is imported.

Every reason why an experiment cannot run is gathered first and said together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from cellclf.chosen import Chosen
from cellclf.errors import DataError, ExperimentError, PluginError, Problem, did_you_mean
from cellclf.experiment import Experiment
from cellclf.gates import Gate, require_known
from cellclf.registry import Registry
from cellclf.schema_problems import schema_problems
from cellclf.settings import DataSettings, ModelChoice
from cellclf.specs import AugmentationSpec, CallbackSpec, DatasetSpec, MetricSpec, ModelSpec, Spec

__all__ = ["Plan", "choose", "data_plan", "plan"]

SpecT = TypeVar("SpecT", bound=Spec)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An experiment with every name resolved and every default filled in.

    Attributes:
        experiment: The experiment in full: it means the same on its own as the one it came from.
        dataset: The data set.
        augmentations: The training part's random changes, by name, in order.
        models: The networks, by label.
        metrics: The figures, by name.
        callbacks: What watches the training, by name, in order.
    """

    experiment: Experiment
    dataset: Chosen[DatasetSpec]
    augmentations: Mapping[str, Chosen[AugmentationSpec]]
    models: Mapping[str, Chosen[ModelSpec]]
    metrics: Mapping[str, Chosen[MetricSpec]]
    callbacks: Mapping[str, Chosen[CallbackSpec]]


def plan(raw: Mapping[str, Any], registry: Registry, *, source: str = "the experiment") -> Plan:
    """Check everything about an experiment and resolve it.

    Args:
        raw: The experiment as plain tables, as read from TOML.
        registry: Where names are looked up.
        source: What the message calls the experiment.

    Raises:
        ExperimentError: With every problem, not only the first.
    """
    experiment, problems = _parse(raw)
    desk = _Desk(registry, problems)
    dataset = desk.dataset(experiment)
    augmentations = desk.augmentations(experiment)
    models = desk.models(experiment)
    metrics = desk.metrics(experiment)
    callbacks = desk.callbacks(experiment)
    desk.check_gates(experiment.evaluation.gates, metrics)
    if problems or dataset is None:
        raise ExperimentError(problems, source=source)
    return Plan(
        experiment=_filled_in(experiment, dataset, augmentations, models, metrics, callbacks),
        dataset=dataset,
        augmentations=augmentations,
        models=models,
        metrics=metrics,
        callbacks=callbacks,
    )


def data_plan(
    raw: Mapping[str, Any], registry: Registry, *, source: str = "the experiment"
) -> Plan:
    """Like `plan`, for work that ends with the data: no network, augmentation or metric is chosen.

    Args:
        raw: The experiment as plain tables; all of its settings are checked, and no names but that
            of the dataset are looked up.
        registry: Where that name is looked up.
        source: What the message calls the experiment.

    Raises:
        ExperimentError: With every problem, not only the first.
    """
    experiment, problems = _parse(raw)
    dataset = _Desk(registry, problems).dataset(experiment)
    if problems or dataset is None:
        raise ExperimentError(problems, source=source)
    return Plan(
        experiment=_filled_in(experiment, dataset, {}, {}, {}, {}),
        dataset=dataset,
        augmentations={},
        models={},
        metrics={},
        callbacks={},
    )


def choose(
    kind: type[SpecT],
    name: str,
    params: Mapping[str, Any],
    registry: Registry,
    *,
    at: str,
    params_at: str,
) -> Chosen[SpecT]:
    """Resolve one name outside of an experiment, and check its parameters.

    Args:
        kind: What it is the name of.
        name: The name, or `distribution/name`.
        params: Its parameters as plain values.
        registry: Where it is looked up.
        at: What a message calls the place of the name.
        params_at: What a message calls the place of the parameters.

    Raises:
        PluginError: Nothing, or more than one thing, is offered under that name.
        ExperimentError: The parameters are wrong.
    """
    registry.offer(kind, name)
    problems: list[Problem] = []
    found = _Desk(registry, problems)._choose(kind, name, params, at=at, params_at=params_at)
    if found is None:
        raise ExperimentError(problems, source=f"{kind.kind} {name!r}")
    return found


def _parse(raw: Mapping[str, Any]) -> tuple[Experiment, list[Problem]]:
    """Read the settings; faulty ones are noted and left out, so that names can be checked too."""
    try:
        return Experiment.model_validate(dict(raw)), []
    except ExperimentError as error:
        faulty = {tuple(problem.place.split(".")) for problem in error.problems}
        try:
            return Experiment.model_validate(_without(raw, faulty)), list(error.problems)
        except ExperimentError:
            return Experiment(), list(error.problems)


def _without(
    table: Mapping[str, Any], faulty: set[tuple[str, ...]], here: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        name: _without(value, faulty, (*here, name)) if isinstance(value, Mapping) else value
        for name, value in table.items()
        if (*here, name) not in faulty
    }


class _Desk:
    """Looks up what an experiment names, noting each problem and going on."""

    def __init__(self, registry: Registry, problems: list[Problem]) -> None:
        self._registry = registry
        self._problems = problems

    def dataset(self, experiment: Experiment) -> Chosen[DatasetSpec] | None:
        data = experiment.data
        known = len(self._problems)
        chosen = self._choose(
            DatasetSpec, data.dataset, data.params, at="data.dataset", params_at="data.params"
        )
        self._problems[known:] = [_for_any_dataset(one) for one in self._problems[known:]]
        if chosen is not None and chosen.spec.needs_path and data.path is None:
            wanted = f"must be given (--data): where {data.dataset!r} finds its images"
            self._problems.append(Problem(place="data.path", expected=wanted))
        return chosen

    def augmentations(self, experiment: Experiment) -> dict[str, Chosen[AugmentationSpec]]:
        wanted = experiment.augmentation
        return self._choose_all(AugmentationSpec, wanted.steps, wanted.params, "augmentation.steps")

    def metrics(self, experiment: Experiment) -> dict[str, Chosen[MetricSpec]]:
        wanted = experiment.evaluation
        return self._choose_all(MetricSpec, wanted.metrics, wanted.params, "evaluation.metrics")

    def check_gates(self, gates: Iterable[str], metrics: Mapping[str, Chosen[MetricSpec]]) -> None:
        """Note the gates that are about no metric of the experiment, or cannot be reached."""
        limits = {name: metric.spec.limits for name, metric in metrics.items()}
        for number, text in enumerate(gates):
            try:
                require_known(Gate.parsed(text), metrics=limits)
            except DataError as error:
                place = f"evaluation.gates.{number}"
                self._problems.append(Problem(place=place, expected=str(error)))

    def callbacks(self, experiment: Experiment) -> dict[str, Chosen[CallbackSpec]]:
        wanted = experiment.training
        return self._choose_all(
            CallbackSpec,
            wanted.callbacks,
            wanted.callback_params,
            "training.callbacks",
            params_at="training.callback_params",
        )

    def models(self, experiment: Experiment) -> dict[str, Chosen[ModelSpec]]:
        choices = experiment.models or {
            name: ModelChoice() for name in self._registry.names(ModelSpec)
        }
        if not choices:
            nothing = "must name an architecture: no plugin that offers one is installed"
            self._problems.append(Problem(place="models", expected=nothing))
        found = {}
        for label, choice in choices.items():
            place = f"models.{label}"
            chosen = self._choose(
                ModelSpec, choice.use or label, choice.params, at=place, params_at=f"{place}.params"
            )
            if chosen is not None:
                found[label] = chosen
                self._check_image_size(experiment.data.image_size, label, chosen.spec)
        return found

    def _check_image_size(self, size: int, label: str, spec: ModelSpec) -> None:
        if size < spec.min_image_size:
            wanted = f"must be at least {spec.min_image_size} for the model {label!r}"
            self._problems.append(
                Problem(place="data.image_size", expected=wanted, received=str(size))
            )

    def _choose_all(
        self,
        kind: type[SpecT],
        wanted: Iterable[str] | None,
        params: Mapping[str, Mapping[str, Any]],
        place: str,
        *,
        params_at: str = "",
    ) -> dict[str, Chosen[SpecT]]:
        if wanted is None:
            names = self._registry.core_names(kind)
            wanted = [self._registry.reference(kind, name) for name in names]
        wanted = tuple(wanted)
        params_at = params_at or f"{place.partition('.')[0]}.params"
        for name in params:
            if name not in wanted:
                self._problems.append(
                    Problem(
                        place=f"{params_at}.{name}",
                        expected=f"must belong to one of {place}: {', '.join(wanted) or 'none'}",
                        nearest=did_you_mean(name, wanted),
                    )
                )
        found = {
            name: self._choose(
                kind, name, params.get(name, {}), at=place, params_at=f"{params_at}.{name}"
            )
            for name in wanted
        }
        return {name: chosen for name, chosen in found.items() if chosen is not None}

    def _choose(
        self,
        kind: type[SpecT],
        name: str,
        params: Mapping[str, Any],
        *,
        at: str,
        params_at: str,
    ) -> Chosen[SpecT] | None:
        try:
            offer = self._registry.offer(kind, name)
        except PluginError as error:
            self._problems.append(Problem(place=at, expected=str(error)))
            return None
        try:
            typed = offer.spec.params.model_validate(dict(params))
        except ValidationError as error:
            self._problems += schema_problems(error, root=offer.spec.params, within=params_at)
            return None
        return Chosen(
            spec=offer.spec, params=typed, distribution=offer.distribution, version=offer.version
        )


def _for_any_dataset(problem: Problem) -> Problem:
    """Point a parameter that is none of the plugin's to the setting that every dataset has."""
    name = problem.place.removeprefix("data.params.")
    if problem.nearest is None and name in DataSettings.model_fields:
        return replace(problem, nearest=f"data.{name}")
    return problem


def _filled_in(
    experiment: Experiment,
    dataset: Chosen[DatasetSpec],
    augmentations: Mapping[str, Chosen[AugmentationSpec]],
    models: Mapping[str, Chosen[ModelSpec]],
    metrics: Mapping[str, Chosen[MetricSpec]],
    callbacks: Mapping[str, Chosen[CallbackSpec]],
) -> Experiment:
    """Return the experiment with every default written out."""
    choices = {
        label: ModelChoice(
            use=experiment.models.get(label, ModelChoice()).use or label, params=chosen.settings
        )
        for label, chosen in models.items()
    }
    path, table = experiment.data.path, experiment.data.group_table
    return experiment.model_copy(
        update={
            "data": experiment.data.model_copy(
                update={
                    "path": path and path.absolute(),
                    "params": dataset.settings,
                    "group_table": table.model_copy(
                        update={"path": table.path and table.path.absolute()}
                    ),
                }
            ),
            "augmentation": experiment.augmentation.model_copy(
                update={"steps": tuple(augmentations), "params": _settings(augmentations)}
            ),
            "models": choices,
            "training": experiment.training.model_copy(
                update={"callbacks": tuple(callbacks), "callback_params": _settings(callbacks)}
            ),
            "evaluation": experiment.evaluation.model_copy(
                update={"metrics": tuple(metrics), "params": _settings(metrics)}
            ),
        }
    )


def _settings(chosen: Mapping[str, Chosen[Any]]) -> dict[str, dict[str, Any]]:
    return {name: choice.settings for name, choice in chosen.items() if choice.settings}
