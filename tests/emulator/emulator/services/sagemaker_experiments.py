"""SageMaker Experiments: experiments, trials in them, and the components that record jobs.

The rules are the API reference's: what has to exist, and what has to be empty before it may be deleted. The sentence
that a name is taken is matched by sagemaker-python-sdk (experiments/experiment.py: ValidationException, "already
exists"); the other words are ours.
"""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import ApiError, NotSimulated, Response
from ..world import World, world
from . import before
from .sagemaker_jobs import reply

KINDS = {"Experiment": "experiment", "Trial": "experiment-trial", "TrialComponent": "experiment-trial-component"}


def _arn(call: Call, kind: str, name: str) -> str:
    return f"arn:{call.partition}:sagemaker:{call.region}:{call.account}:{KINDS[kind]}/{name.lower()}"


def _key(call: Call, kind: str, name: str) -> tuple[str, str, str]:
    """Names are not case-sensitive."""
    return call.region, kind, name.lower()


def _find(call: Call, kind: str) -> tuple[World, dict[str, Any]]:
    here = world(call.account)
    name = call.params[f"{kind}Name"]
    found = here.experiments.get(_key(call, kind, name))
    if found is None:
        raise ApiError("ResourceNotFound", f"{kind} '{_arn(call, kind, name)}' does not exist.")
    return here, found


def _make(call: Call, kind: str, **more: Any) -> Response:
    here, name = world(call.account), call.params[f"{kind}Name"]
    arn = _arn(call, kind, name)
    if _key(call, kind, name) in here.experiments:
        raise ApiError("ValidationException", f"{kind} '{arn}' already exists.")
    here.experiments[_key(call, kind, name)] = {
        "kind": kind,
        "name": name,
        "region": call.region,
        "arn": arn,
        "tags": {t["Key"]: t["Value"] for t in call.params.get("Tags") or []},
        "created": here.clock.now(),
        **more,
    }
    return reply({f"{kind}Arn": arn})


def _every(call: Call, kind: str) -> list[dict[str, Any]]:
    things = world(call.account).experiments.values()
    return [t for t in things if t["kind"] == kind and t["region"] == call.region]


@before("sagemaker", "CreateExperiment")
def create_experiment(call: Call) -> Response:
    """An experiment."""
    return _make(call, "Experiment")


@before("sagemaker", "CreateTrial")
def create_trial(call: Call) -> Response:
    """A trial of an experiment that exists (API reference: ResourceNotFound)."""
    _, experiment = _find(call, "Experiment")
    return _make(call, "Trial", experiment=experiment["name"])


@before("sagemaker", "DescribeExperiment")
def describe_experiment(call: Call) -> Response:
    """Name, ARN, date."""
    _, found = _find(call, "Experiment")
    return reply({"ExperimentName": found["name"], "ExperimentArn": found["arn"], "CreationTime": found["created"]})


@before("sagemaker", "DescribeTrial")
def describe_trial(call: Call) -> Response:
    """The same, with its experiment."""
    _, found = _find(call, "Trial")
    return reply(
        {
            "TrialName": found["name"],
            "TrialArn": found["arn"],
            "ExperimentName": found["experiment"],
            "CreationTime": found["created"],
        }
    )


@before("sagemaker", "ListTrials")
def list_trials(call: Call) -> Response:
    """The trials of an experiment."""
    if set(call.params) - {"ExperimentName", "MaxResults"}:
        raise NotSimulated(f"ListTrials with {', '.join(sorted(call.params))}")
    _, experiment = _find(call, "Experiment")
    found = [t for t in _every(call, "Trial") if t["experiment"].lower() == experiment["name"].lower()]
    found = found[: call.params.get("MaxResults", 10)]
    return reply({"TrialSummaries": [{"TrialName": t["name"], "TrialArn": t["arn"]} for t in found]})


@before("sagemaker", "ListTrialComponents")
def list_components(call: Call) -> Response:
    """The components of a trial, or those of a source."""
    if set(call.params) not in ({"TrialName", "MaxResults"}, {"SourceArn", "MaxResults"}):
        raise NotSimulated(f"ListTrialComponents with {', '.join(sorted(call.params))}")
    found = _every(call, "TrialComponent")
    if "SourceArn" in call.params:
        found = [c for c in found if c["source"] == call.params["SourceArn"]]
    else:
        _, trial = _find(call, "Trial")
        found = [c for c in found if trial["name"].lower() in c["trials"]]
    return reply(
        {
            "TrialComponentSummaries": [
                {
                    "TrialComponentName": c["name"],
                    "TrialComponentArn": c["arn"],
                    "TrialComponentSource": {"SourceArn": c["source"], "SourceType": "SageMakerTrainingJob"},
                }
                for c in found[: call.params.get("MaxResults", 10)]
            ]
        }
    )


@before("sagemaker", "DisassociateTrialComponent")
def disassociate(call: Call) -> Response:
    """Takes a component out of a trial."""
    _, component = _find(call, "TrialComponent")
    _, trial = _find(call, "Trial")
    component["trials"].discard(trial["name"].lower())
    return reply({"TrialComponentArn": component["arn"], "TrialArn": trial["arn"]})


@before("sagemaker", "DeleteTrialComponent")
def delete_component(call: Call) -> Response:
    """Only one that is in no trial."""
    return _delete(call, "TrialComponent", lambda component: bool(component["trials"]))


@before("sagemaker", "DeleteTrial")
def delete_trial(call: Call) -> Response:
    """Only one without components."""
    components = _every(call, "TrialComponent")
    return _delete(call, "Trial", lambda trial: any(trial["name"].lower() in c["trials"] for c in components))


@before("sagemaker", "DeleteExperiment")
def delete_experiment(call: Call) -> Response:
    """Only one without trials."""
    trials = _every(call, "Trial")
    return _delete(call, "Experiment", lambda one: any(t["experiment"].lower() == one["name"].lower() for t in trials))


def _delete(call: Call, kind: str, held: Any) -> Response:
    here, found = _find(call, kind)
    if held(found):
        raise NotSimulated(f"Delete{kind} of one that is in use: AWS refuses, its words are not known")
    del here.experiments[_key(call, kind, found["name"])]
    return reply({f"{kind}Arn": found["arn"]})


def record(call: Call, arn: str) -> None:
    """The component of a job that is made with an ExperimentConfig; experiment and trial have to exist (API reference)."""
    config = call.params.get("ExperimentConfig")
    if not config:
        return
    here = world(call.account)
    for kind in ("Experiment", "Trial"):
        name = config.get(f"{kind}Name")
        if not name or _key(call, kind, name) not in here.experiments:
            raise NotSimulated(f"ExperimentConfig with a {kind} that does not exist, or none")
    name = f"{call.params['TrainingJobName']}-aws-training-job"
    here.experiments[_key(call, "TrialComponent", name)] = {
        "kind": "TrialComponent",
        "name": name,
        "region": call.region,
        "arn": _arn(call, "TrialComponent", name),
        "tags": {},
        "created": here.clock.now(),
        "source": arn,
        "trials": {config["TrialName"].lower()},
    }
