"""What a run takes of the pipelines, and with which runner: refused before any work, or run."""

from collections.abc import Iterable, Mapping
from typing import Any

from kedro.framework.project import pipelines
from kedro.pipeline import Pipeline
from kedro.runner import AbstractRunner, ParallelRunner
from kedro.utils import load_obj

from mpls311.configuration import unknown
from mpls311.errors import Mistake

_RUNNERS = ("SequentialRunner", "ThreadRunner")

_FILTERS = {
    "tags": "tags",
    "from_nodes": "from_nodes",
    "to_nodes": "to_nodes",
    "node_names": "node_names",
    "from_inputs": "from_inputs",
    "to_outputs": "to_outputs",
    "namespaces": "node_namespaces",
}
"""What `KedroSession.run` calls a choice, and what `Pipeline.filter` calls it."""


def check_selection(chosen: Mapping[str, Any]) -> None:
    """Refuse what does not exist, what leaves nothing to run, and a runner that cannot do it.

    Args:
        chosen: Arguments of `KedroSession.run` by their names.

    Raises:
        Mistake: With what may be meant.
    """
    names = chosen.get("pipeline_names") or [chosen.get("pipeline_name") or "__default__"]
    pipelines.set_requested(None)
    check_names("pipeline", names, pipelines)
    whole = sum((pipelines[name] for name in names), Pipeline([]))
    datasets = {name.partition("@")[0] for name in whole.datasets()} | whole.datasets()
    nodes = [node.name for node in whole.nodes]
    namespaces = {node.namespace for node in whole.nodes if node.namespace}
    for kind, choice, there in (
        ("node", "node_names", nodes),
        ("node", "from_nodes", nodes),
        ("node", "to_nodes", nodes),
        ("tag", "tags", sorted({tag for node in whole.nodes for tag in node.tags})),
        ("dataset", "from_inputs", sorted(datasets)),
        ("dataset", "to_outputs", sorted(datasets)),
        ("dataset", "load_versions", sorted(datasets)),
        ("namespace", "namespaces", sorted(namespaces)),
    ):
        check_names(kind, chosen.get(choice) or (), there)
    try:
        whole.filter(**{theirs: chosen.get(ours) or None for ours, theirs in _FILTERS.items()})
    except ValueError:
        raise Mistake(
            "These filters together leave no node to run. Leave one of them out; "
            f"`kedro registry describe {names[0]}` lists the nodes in order."
        ) from None
    if runner := chosen.get("runner"):
        _check_runner(runner)


def check_names(kind: str, names: Iterable[str], there: Iterable[str]) -> None:
    """Refuse names of what is not there.

    Raises:
        Mistake: With what may be meant.
    """
    known = list(there)
    for name in names:
        if name not in known:
            raise Mistake(unknown(kind, name, known))


def check_runner_name(name: str | None, options: Mapping[str, Any]) -> None:
    """Refuse a runner by its name, before Kedro makes one.

    Args:
        name: As `kedro run --runner` takes it.
        options: What `--runner-params` gives it.

    Raises:
        Mistake: There is none, it cannot be made so, or cannot run this project.
    """
    try:
        made = load_obj(name or _RUNNERS[0], "kedro.runner")
    except (ImportError, AttributeError, ValueError):
        raise Mistake(unknown("runner", str(name), _RUNNERS)) from None
    if not (isinstance(made, type) and issubclass(made, AbstractRunner)):
        raise Mistake(unknown("runner", str(name), _RUNNERS))
    if issubclass(made, ParallelRunner):
        raise _refused()
    try:
        _check_runner(made(**options))
    except (TypeError, ValueError) as exc:
        raise Mistake(f"--runner-params do not fit {made.__name__}: {exc}.") from None


def _check_runner(runner: AbstractRunner) -> None:
    if isinstance(runner, ParallelRunner) or runner._is_async:
        raise _refused()


def _refused() -> Mistake:
    return Mistake(
        "Processes and --async cannot share the order in which this job writes files, manifests "
        f"and tables: leave them out. The years are read side by side as it is; --runner takes "
        f"{' or '.join(_RUNNERS)}."
    )
