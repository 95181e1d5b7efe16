"""The training-job operations of SageMaker."""

from __future__ import annotations

import json
from typing import Any

from ..call import Call
from ..errors import ApiError, NotSimulated, Response
from ..sagemaker import create, effects, jobs, pools
from ..sagemaker.describe import describe
from ..sagemaker.jobs import Job
from ..world import World, world
from . import before


def reply(body: dict[str, Any]) -> Response:
    """A JSON 1.1 answer."""
    return Response(200, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.1"})


def job_arn(call: Call, name: str) -> str:
    """A job's ARN; SageMaker writes the name in lower case."""
    return f"arn:{call.partition}:sagemaker:{call.region}:{call.account}:training-job/{name.lower()}"


def not_found() -> ApiError:
    """hashicorp/aws matches this code and text to tell that a job is gone."""
    return ApiError("ValidationException", "Requested resource not found.")


def _find(call: Call) -> tuple[World, Job]:
    here = world(call.account)
    job = jobs.find(here, call.region, call.params["TrainingJobName"])
    if job is None:
        raise not_found()
    return here, job


@before("sagemaker", "CreateTrainingJob")
def create_training_job(call: Call) -> Response:
    """Check, then start the script."""
    from . import sagemaker_experiments

    here = world(call.account)
    name = call.params["TrainingJobName"]
    arn = job_arn(call, name)
    create.check(here, call, arn)
    sagemaker_experiments.record(call, arn)
    now = here.clock.now()
    job = here.jobs.setdefault(call.region, {})[name] = Job(
        request=call.params,
        region=call.region,
        arn=arn,
        created=now,
        modified=now,
        script=jobs.choose_script(here, call.region, name),
        principal=call.principal,
        tags={t["Key"]: t["Value"] for t in call.params.get("Tags") or []},
    )
    pools.start(here, job)
    return reply({"TrainingJobArn": arn})


@before("sagemaker", "DescribeTrainingJob")
def describe_training_job(call: Call) -> Response:
    """Answer, then (when the script is polled) move on."""
    here, job = _find(call)
    answer = describe(job)
    pool = pools.describe(here, job)
    if pool is not None:
        answer["WarmPoolStatus"] = pool
    jobs.poll(job)
    effects.settle(here)
    return reply(answer)


@before("sagemaker", "StopTrainingJob")
def stop_training_job(call: Call) -> Response:
    """SIGTERM: the job is Stopping at once."""
    here, job = _find(call)
    phase = job.phase()
    if phase.terminal or phase.job_status == "Stopping":
        # Quoted in AWS's own scheduler (amazon_sagemaker_jupyter_scheduler).
        raise ApiError(
            "ValidationException",
            f"The request was rejected because the training job is in status {phase.job_status}",
        )
    job.stop_at = job.elapsed
    job.modified = here.clock.now()
    return Response(200, b"", {"Content-Type": "application/x-amz-json-1.1"})


@before("sagemaker", "DeleteTrainingJob")
def delete_training_job(call: Call) -> Response:
    """Only jobs that have ended (API reference, DeleteTrainingJob: ResourceInUse)."""
    here, job = _find(call)
    phase = job.phase()
    if not phase.terminal:
        raise ApiError(
            "ResourceInUse",
            f"Training job {job.arn} is in status {phase.job_status} and cannot be deleted",
        )
    if pools.state(here, job) == "Available":
        raise ApiError("ResourceInUse", f"Training job {job.arn} retains a warm pool and cannot be deleted")
    del here.jobs[call.region][job.name]
    return Response(200, b"", {"Content-Type": "application/x-amz-json-1.1"})


@before("sagemaker", "UpdateTrainingJob")
def update_training_job(call: Call) -> Response:
    """What may change while a job runs (API reference, UpdateTrainingJob)."""
    here, job = _find(call)
    params = call.params
    running = not job.phase().terminal
    if "ResourceConfig" in params:
        pools.update(here, job, params["ResourceConfig"]["KeepAlivePeriodInSeconds"])
    if "RemoteDebugConfig" in params and job.phase().status not in ("Downloading", "Training"):
        raise NotSimulated("RemoteDebugConfig outside Downloading and Training: AWS refuses, its words are not known")
    if ("ProfilerConfig" in params or "ProfilerRuleConfigurations" in params) and not running:
        raise NotSimulated("ProfilerConfig of a job that has ended: AWS refuses, its words are not known")
    for key in ("ProfilerConfig", "ProfilerRuleConfigurations", "RemoteDebugConfig"):
        if key in params:
            job.request[key] = params[key]
    job.modified = here.clock.now()
    return reply({"TrainingJobArn": job.arn})


@before("sagemaker", "DescribeTrainingPlan")
def describe_training_plan(call: Call) -> Response:
    """One of `settings.training_plans`: answers of this call, each with its region."""
    name = call.params["TrainingPlanName"]
    for plan in world(call.account).settings.training_plans:
        if plan["TrainingPlanName"] == name and plan["region"] == call.region:
            answer = {key: value for key, value in plan.items() if key != "region"}
            return reply({"TrainingPlanArn": plan_arn(call, name), **answer})
    # API reference, DescribeTrainingPlan: ResourceNotFound; the words are ours.
    raise ApiError("ResourceNotFound", f"Training plan {name} does not exist")


def plan_arn(call: Call, name: str) -> str:
    """A training plan's ARN."""
    return f"arn:{call.partition}:sagemaker:{call.region}:{call.account}:training-plan/{name}"


@before("sagemaker", "ListTrainingJobs")
def list_training_jobs(call: Call) -> Response:
    """Filtered by status and name; newest first, as the default is."""
    here, params = world(call.account), call.params
    unknown = set(params) - {"StatusEquals", "NameContains", "MaxResults", "NextToken", "SortBy", "SortOrder"}
    if unknown or params.get("SortBy", "CreationTime") != "CreationTime":
        raise NotSimulated(f"ListTrainingJobs with {', '.join(sorted(params))}")
    found = [j for j in jobs.every(here) if j.region == call.region]
    if params.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    found = [
        j
        for j in found
        if params.get("NameContains", "") in j.name
        and params.get("StatusEquals", j.phase().job_status) == j.phase().job_status
    ]
    first = int(params.get("NextToken", "0"))
    size = params.get("MaxResults", 10)
    answer: dict[str, Any] = {"TrainingJobSummaries": [_summary(j) for j in found[first : first + size]]}
    if first + size < len(found):
        answer["NextToken"] = str(first + size)
    return reply(answer)


def _summary(job: Job) -> dict[str, Any]:
    full = describe(job)
    keys = (
        "TrainingJobName",
        "TrainingJobArn",
        "CreationTime",
        "TrainingEndTime",
        "LastModifiedTime",
        "TrainingJobStatus",
        "SecondaryStatus",
    )
    return {k: full[k] for k in keys if k in full}


@before("sagemaker", "Search")
def search(call: Call) -> Response | None:
    """moto does not see these jobs, so its answer would be wrong."""
    raise NotSimulated("Search")


@before("s3", "*")
def settle_before_s3(call: Call) -> None:
    """By the clock, a job may have ended since the last look."""
    effects.settle(world(call.account))


@before("logs", "*")
def settle_before_logs(call: Call) -> None:
    """The same for its log streams."""
    effects.settle(world(call.account))
