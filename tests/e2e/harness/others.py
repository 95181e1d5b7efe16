"""What is somebody else's in an account, of every service that a run touches: it must stay as it is, to the last byte.

Most of it was made by this same provider for another training, so that tags tell whose it is and nothing else does.
"""

import json

from .emulator import ACCOUNT, Emulator

THEIRS = "somebody-elses"
"""In every name."""
TAGS = {
    "ManagedBy": "terraform-provider-sustainable",
    "sustainable:training": "another",
    "sustainable:run": "0123456789abcdef0123456789abcdef",
}
BUCKETS = {
    "training-data": ("us-east-1", {"data/part-0": b"0123456789", "notes/mine.txt": b"not yours"}),
    "another-bucket": ("eu-north-1", {"sustainable/claims/other.json": b"{}"}),
}
USERS = ("another-bucket",)
"""Buckets in which everything is theirs; of `training-data` all but what a run puts there."""
OURS = ("sustainable/", "copies/")
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/other:1"


def seed(emulator: Emulator) -> None:
    """Puts it there."""
    for bucket, (region, objects) in BUCKETS.items():
        emulator.seed(bucket, region, objects)
    role = _role(emulator)
    _training(emulator, role)
    _watching(emulator)
    _scheduling(emulator, role)
    _tracking(emulator)
    emulator.client("fsx").create_file_system(
        FileSystemType="LUSTRE",
        FileSystemTypeVersion="2.15",
        StorageCapacity=1200,
        SubnetIds=["subnet-0123456789abcdef0"],
        LustreConfiguration={"DeploymentType": "SCRATCH_2"},
        Tags=_pairs({**TAGS, "Name": THEIRS}),
    )


def contents(emulator: Emulator) -> dict:
    """All of it, by kind and name, as it is now."""
    found = emulator.control("GET", "inventory")
    kept = {}
    for kind, things in found.items():
        for thing in things if isinstance(things, list) else []:
            if kind == "buckets":
                kept |= _bucket(thing)
            elif isinstance(thing, dict) and (THEIRS in thing.get("name", "") or _tagged(thing)):
                name = " ".join(
                    [kind, thing.get("kind", ""), thing.get("region", ""), thing.get("name") or thing["id"]]
                )
                # A file system becomes available by itself.
                kept[name] = {key: value for key, value in thing.items() if key != "lifecycle"}
    return kept


def difference(before: dict, now: dict) -> str:
    """What has become of it, in words; empty where nothing has."""
    said = [f"{name} is gone" for name in before if name not in now]
    said += [f"{name} is new" for name in now if name not in before]
    said += [
        f"{name}: {now[name]} instead of {before[name]}"
        for name in before
        if now.get(name, before[name]) != before[name]
    ]
    return "; ".join(said)


def _tagged(thing: dict) -> bool:
    return (thing.get("tags") or {}).get("sustainable:training") == TAGS["sustainable:training"]


def _bucket(bucket: dict) -> dict:
    """Objects with all versions, and how the bucket is set up."""
    name = bucket["name"]
    if name not in BUCKETS:
        return {}
    kept = {f"bucket {name}": [bucket["region"], bucket["versioning"], bucket["tags"]]}
    for version in bucket["versions"]:
        if name in USERS or not version["key"].startswith(OURS):
            kept.setdefault(f"{name}/{version['key']}", []).append([version["version"], version["etag"]])
    return kept


def _role(emulator: Emulator) -> str:
    services = ["sagemaker.amazonaws.com", "scheduler.amazonaws.com"]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": ["s3:*", "logs:*", "sagemaker:*", "iam:PassRole"], "Resource": "*"}
    iam = emulator.client("iam")
    role = iam.create_role(RoleName=THEIRS, AssumeRolePolicyDocument=_policy(trust), Tags=_pairs(TAGS))
    iam.put_role_policy(RoleName=THEIRS, PolicyName="all", PolicyDocument=_policy(allow))
    return role["Role"]["Arn"]


def _request(name: str, role: str) -> dict:
    return {
        "TrainingJobName": name,
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://another-bucket/other/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "Tags": _pairs(TAGS),
    }


def _training(emulator: Emulator, role: str) -> None:
    request = _request(THEIRS, role)
    request["OutputDataConfig"] = {"S3OutputPath": "s3://training-data/other/"}
    emulator.client("sagemaker").create_training_job(**request)


def _watching(emulator: Emulator) -> None:
    watch, events = emulator.client("cloudwatch"), emulator.client("events")
    widget = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 3, "properties": {"markdown": "theirs"}}
    watch.put_dashboard(DashboardName=THEIRS, DashboardBody=json.dumps({"widgets": [widget]}))
    watch.put_metric_alarm(
        AlarmName=THEIRS,
        ComparisonOperator="LessThanThreshold",
        EvaluationPeriods=1,
        Threshold=1,
        Metrics=[
            {
                "Id": "m1",
                "MetricStat": {
                    "Metric": {"Namespace": "theirs", "MetricName": "use", "Dimensions": []},
                    "Period": 60,
                    "Stat": "Average",
                },
            }
        ],
        Tags=_pairs(TAGS),
    )
    pattern = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Training Job State Change"]}
    events.put_rule(Name=THEIRS, EventPattern=json.dumps(pattern), Tags=_pairs(TAGS))
    events.put_targets(Rule=THEIRS, Targets=[{"Id": "topic", "Arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:theirs"}])


def _scheduling(emulator: Emulator, role: str) -> None:
    queue = emulator.client("sqs").create_queue(QueueName=THEIRS, tags=TAGS)["QueueUrl"].rsplit("/", 1)[1]
    scheduler = emulator.client("scheduler")
    scheduler.create_schedule_group(Name=THEIRS, Tags=_pairs(TAGS))
    scheduler.create_schedule(
        Name=THEIRS,
        GroupName=THEIRS,
        ScheduleExpression="at(2099-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createTrainingJob",
            "RoleArn": role,
            "Input": json.dumps(_request(f"{THEIRS}-later", role)),
            "DeadLetterConfig": {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"},
        },
    )


def _tracking(emulator: Emulator) -> None:
    sagemaker = emulator.client("sagemaker")
    sagemaker.create_experiment(ExperimentName=THEIRS, Tags=_pairs(TAGS))
    sagemaker.create_trial(TrialName=THEIRS, ExperimentName=THEIRS, Tags=_pairs(TAGS))
    sagemaker.create_model_package_group(ModelPackageGroupName=THEIRS, Tags=_pairs(TAGS))


def _pairs(tags: dict) -> list[dict]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
