"""Tags of training jobs; those of other resources stay with moto."""

from __future__ import annotations

from types import SimpleNamespace

from ..call import Call
from ..errors import ApiError, Response
from ..sagemaker import create, jobs
from ..sagemaker.jobs import Job
from ..world import world
from . import before
from .sagemaker_jobs import not_found, reply


def _job(call: Call) -> Job | SimpleNamespace | None:
    """The job of a training-job ARN, or what else is kept here; None for ARNs of other things."""
    arn = call.params["ResourceArn"]
    here = world(call.account)
    for thing in [*here.model_groups.values(), *here.experiments.values()]:
        if thing["arn"] == arn and thing["region"] == call.region:
            return SimpleNamespace(**thing)
    if ":training-job/" not in arn:
        return None
    for job in jobs.every(world(call.account)):
        if job.arn == arn and job.region == call.region:
            return job
    raise not_found()


@before("sagemaker", "ListTags")
def list_tags(call: Call) -> Response | None:
    """In pages of `MaxResults`."""
    job = _job(call)
    if job is None:
        return None
    tags = [{"Key": k, "Value": v} for k, v in job.tags.items()]
    first = int(call.params.get("NextToken", "0"))
    size = call.params.get("MaxResults", 50)
    body: dict[str, object] = {"Tags": tags[first : first + size]}
    if first + size < len(tags):
        body["NextToken"] = str(first + size)
    return reply(body)


@before("sagemaker", "AddTags")
def add_tags(call: Call) -> Response | None:
    """Adds or overwrites (API reference, AddTags)."""
    job = _job(call)
    if job is None:
        return None
    new = call.params["Tags"]
    create.check_tags(new)
    merged = {**job.tags, **{t["Key"]: t["Value"] for t in new}}
    if len(merged) > create.MAX_TAGS:
        # API reference, Tag: at most 50 per resource.
        raise ApiError(
            "ResourceLimitExceeded",
            f"The maximum number of tags allowed on a resource is {create.MAX_TAGS}.",
        )
    job.tags.clear()
    job.tags.update(merged)
    return reply({"Tags": [{"Key": k, "Value": v} for k, v in merged.items()]})


@before("sagemaker", "DeleteTags")
def delete_tags(call: Call) -> Response | None:
    """A key that is not there is no error."""
    job = _job(call)
    if job is None:
        return None
    for key in call.params["TagKeys"]:
        job.tags.pop(key, None)
    return reply({})
