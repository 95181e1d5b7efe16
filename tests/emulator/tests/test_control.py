"""Faults, request log, enforcement, isolation, and honesty about gaps."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from jobs import TRUST, Setting, allow


def code(call: Any, **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


FAULTS = {
    ("refused", "sagemaker"): ("AccessDeniedException", 400),
    ("refused", "iam"): ("AccessDenied", 403),
    ("refused", "s3"): ("AccessDenied", 403),
    ("refused", "ec2"): ("UnauthorizedOperation", 403),
    ("throttled", "sagemaker"): ("ThrottlingException", 400),
    ("throttled", "iam"): ("Throttling", 400),
    ("throttled", "s3"): ("SlowDown", 503),
    ("server_error", "logs"): ("InternalFailure", 500),
    ("server_error", "s3"): ("InternalError", 500),
}
CALLS = {
    "sagemaker": "list_training_jobs",
    "iam": "list_roles",
    "s3": "list_buckets",
    "ec2": "describe_regions",
    "logs": "describe_log_groups",
}


@pytest.mark.parametrize(("kind", "service"), FAULTS)
def test_faults_in_each_protocol(aws: Any, kind: str, service: str) -> None:
    aws.control("POST", "faults", {"kind": kind, "service": service, "nth": 2})
    call = getattr(aws.client(service), CALLS[service])
    call()
    assert code(call) == FAULTS[kind, service]
    call()


def test_a_lost_answer_leaves_the_effect(aws: Any) -> None:
    at = Setting(aws)
    aws.control(
        "POST",
        "faults",
        [
            {"kind": "lost_before", "operation": "CreateTrainingJob"},
            {"kind": "lost_after", "operation": "CreateTrainingJob"},
            {"kind": "truncated", "operation": "ListTrainingJobs"},
            {"kind": "delay", "seconds": 0.2, "operation": "CreateTrainingJob"},
        ],
    )
    for _ in range(2):
        with pytest.raises(ConnectionClosedError):
            at.create()
    with pytest.raises(Exception, match=r"IncompleteRead|Connection broken|closed"):
        at.sagemaker.list_training_jobs()
    before = time.monotonic()
    assert code(at.sagemaker.create_training_job, **at.request())[0] == "ResourceInUse"
    assert time.monotonic() - before >= 0.2
    seen = aws.control("GET", "requests?operation=CreateTrainingJob")["requests"]
    assert [(r["fault"], r["status"], r["error"]) for r in seen] == [
        ("lost_before", 0, ""),
        ("lost_after", 200, ""),
        ("delay", 400, "ResourceInUse"),
    ]
    assert seen[0]["params"]["TrainingJobName"] == "bert-1"
    assert aws.control("GET", "requests?params.TrainingJobName=other")["count"] == 0


def test_what_nobody_knows_is_501(aws: Any) -> None:
    assert code(aws.client("sagemaker").list_mlflow_tracking_servers) == ("NotSimulated", 501)
    assert code(aws.client("fsx").describe_backups) == ("NotSimulated", 501)


def test_enforcement_goes_by_policy_resource_and_condition(aws: Any) -> None:
    at = Setting(aws)
    at.iam.create_user(UserName="ci")
    key = at.iam.create_access_key(UserName="ci")["AccessKey"]
    arn = f"arn:aws:sagemaker:eu-north-1:{aws.account}:training-job/bert-*"
    policy = allow(["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"], arn)
    policy["Statement"] += allow(
        "iam:PassRole", at.role, Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    )["Statement"]
    at.iam.put_user_policy(UserName="ci", PolicyName="p", PolicyDocument=json.dumps(policy))
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    aws.control("POST", "settings", {"enforce_iam": True})
    mine = aws.client("sagemaker", **keys)
    mine.create_training_job(**at.request())
    with pytest.raises(ClientError) as caught:
        mine.create_training_job(**at.request("other"))
    assert caught.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: arn:aws:iam::{aws.account}:user/ci is not authorized to perform: "
        "sagemaker:CreateTrainingJob on resource: "
        f"arn:aws:sagemaker:eu-north-1:{aws.account}:training-job/other because no identity-based "
        "policy allows the sagemaker:CreateTrainingJob action",
    }
    # Tags need a right of their own.
    tagged = at.request("bert-2", Tags=[{"Key": "a", "Value": "b"}])
    with pytest.raises(ClientError, match="sagemaker:AddTags"):
        mine.create_training_job(**tagged)
    assert code(aws.client("s3", **keys).list_objects_v2, Bucket=at.bucket) == ("AccessDenied", 403)
    assert code(aws.client("iam", **keys).list_roles) == ("AccessDenied", 403)
    keys["aws_secret_access_key"] = "wrong"
    assert code(aws.client("s3", **keys).list_buckets)[0] == "SignatureDoesNotMatch"


def test_assumed_roles_are_limited_by_their_boundary(aws: Any) -> None:
    at = Setting(aws)
    root = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{aws.account}:root"}, "Action": "sts:AssumeRole"}
        ],
    }
    boundary = at.iam.create_policy(PolicyName="b", PolicyDocument=json.dumps(allow("s3:GetObject", "*")))["Policy"][
        "Arn"
    ]
    role = at.iam.create_role(
        RoleName="limited", AssumeRolePolicyDocument=json.dumps(root), PermissionsBoundary=boundary
    )["Role"]["Arn"]
    at.iam.put_role_policy(RoleName="limited", PolicyName="p", PolicyDocument=json.dumps(allow("s3:*", "*")))
    sts = aws.client("sts")
    assert code(sts.assume_role, RoleArn=at.role, RoleSessionName="ci") == ("AccessDenied", 403)
    assert code(sts.assume_role, RoleArn=role, RoleSessionName="ci", DurationSeconds=7200)[0] == "ValidationError"
    made = sts.assume_role(RoleArn=role, RoleSessionName="ci")["Credentials"]
    keys = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }
    aws.control("POST", "settings", {"enforce_iam": True})
    assert (
        aws.client("sts", **keys).get_caller_identity()["Arn"] == f"arn:aws:sts::{aws.account}:assumed-role/limited/ci"
    )
    s3 = aws.client("s3", **keys)
    assert s3.get_object(Bucket=at.bucket, Key="data/a.csv")["Body"].read() == b"1,2\n"
    assert code(s3.put_object, Bucket=at.bucket, Key="x", Body=b"") == ("AccessDenied", 403)
    # A missing key is 403 to whom may not list.
    assert code(s3.get_object, Bucket=at.bucket, Key="none") == ("AccessDenied", 403)


def test_a_user_with_one_policy(aws: Any) -> None:
    at = Setting(aws)
    arn = at.create(Tags=[{"Key": "ManagedBy", "Value": "us"}])
    other = at.create("other")
    user = aws.control(
        "POST",
        "users",
        {
            "policy": allow(
                "sagemaker:StopTrainingJob", "*", Condition={"StringEquals": {"aws:ResourceTag/ManagedBy": "us"}}
            )
        },
    )
    mine = aws.client("sagemaker", aws_access_key_id=user["access_key"], aws_secret_access_key=user["secret_key"])
    mine.stop_training_job(TrainingJobName=arn.split("/")[1])
    assert code(mine.stop_training_job, TrainingJobName=other.split("/")[1]) == ("AccessDeniedException", 400)


def test_tags_at_creation_need_rights_of_their_own(aws: Any) -> None:
    user = aws.control("POST", "users", {"policy": allow(["s3:CreateBucket", "iam:CreateRole"], "*")})
    keys = {"aws_access_key_id": user["access_key"], "aws_secret_access_key": user["secret_key"]}
    tags = [{"Key": "ManagedBy", "Value": "us"}]
    place = {"LocationConstraint": "eu-north-1"}
    create = aws.client("s3", **keys).create_bucket
    create(Bucket=f"plain-{aws.account}", CreateBucketConfiguration=place)
    with pytest.raises(ClientError, match="s3:TagResource"):
        create(Bucket=f"tagged-{aws.account}", CreateBucketConfiguration={**place, "Tags": tags})
    with pytest.raises(ClientError, match="iam:TagRole"):
        aws.client("iam", **keys).create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=tags)


def test_inventory_and_reset(aws: Any) -> None:
    at = Setting(aws)
    at.create()
    at.s3.put_object(Bucket=at.bucket, Key="sustainable/claims/bert.json", Body=b'{"nonce": "n"}')
    there = aws.control("GET", "inventory")
    assert [b["name"] for b in there["buckets"]] == [at.bucket]
    assert there["buckets"][0]["objects"] == ["data/a.csv", "sustainable/claims/bert.json"]
    assert there["claims"][0]["claim"] == {"nonce": "n"}
    assert [(r["name"], r["trust"]) for r in there["roles"]] == [("trainer", TRUST)]
    assert [(j["name"], j["status"]) for j in there["jobs"]] == [("bert-1", "InProgress")]
    aws.control("POST", "reset")
    left = aws.control("GET", "inventory")
    assert {k: v for k, v in left.items() if v} == {"account": aws.account}
    Setting(aws)


def test_mistakes_in_the_control_plane_are_told(aws: Any) -> None:
    for path, body in {
        "jobs": {"steps": ["Dancing"]},
        "faults": {"kind": "odd"},
        "settings": {"no_such": 1},
        "jobs/advance": {"name": "x"},
    }.items():
        with pytest.raises(AssertionError, match="error"):
            aws.control("POST", path, body)


def test_unknown_members_are_refused_since_aws_would_ignore_them(aws: Any) -> None:
    at = Setting(aws)
    client = at.sagemaker
    client.meta.events.register(
        "before-call.sagemaker.CreateTrainingJob",
        lambda params, **_: params.update(body=json.dumps({**json.loads(params["body"]), "Enviroment": {}}).encode()),
    )
    assert code(client.create_training_job, **at.request())[0] == "EmulatorUnknownMember"
