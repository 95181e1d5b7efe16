"""What is not seen everywhere at once: new roles, and the configuration of new buckets.

Sources: IAM user guide, "Changes that I make are not always immediately visible": IAM is eventually consistent. S3 user
guide, "Amazon S3 data consistency model": objects and their tags have been strongly consistent since December 2020, bucket
configurations are eventually consistent. Which call answers what meanwhile is not documented: the codes here are those
that hashicorp/aws retries on (NoSuchEntity; NoSuchBucket). How long is a setting.
"""

from __future__ import annotations

from ..call import Call
from ..errors import ApiError, Response
from ..world import world
from . import after, before

_CONFIGURATION = (
    "PutBucketTagging",
    "PutPublicAccessBlock",
    "PutBucketEncryption",
    "PutBucketVersioning",
    "PutBucketPolicy",
    "PutBucketLifecycleConfiguration",
    "GetBucketLifecycleConfiguration",
)


@after("s3", "CreateBucket")
def born(call: Call, response: Response) -> None:
    """From now on it settles."""
    here = world(call.account)
    if response.status == 200:
        here.bucket_born.setdefault(call.params["Bucket"], here.clock.now())


@after("s3", "DeleteBucket")
def gone(call: Call, response: Response) -> None:
    """The next one of this name settles anew."""
    world(call.account).bucket_born.pop(call.params["Bucket"], None)


@before("s3", *_CONFIGURATION)
def settling(call: Call) -> None:
    """A bucket that was made a moment ago."""
    here = world(call.account)
    at = here.bucket_born.get(call.params["Bucket"])
    if at is not None and here.clock.now() < at + here.settings.bucket_settling_seconds:
        raise ApiError("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=call.params["Bucket"])


@before("iam", "GetRole", "PutRolePolicy", "UpdateAssumeRolePolicy", "TagRole")
def visible(call: Call) -> None:
    """A role that was made a moment ago."""
    here = world(call.account)
    name = call.params["RoleName"]
    at = here.role_born.get(name)
    if at is not None and here.clock.now() < at + here.settings.iam_visibility_seconds:
        raise ApiError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
