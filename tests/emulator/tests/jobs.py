"""A bucket, a role and a request for a training job."""

from __future__ import annotations

import json
from typing import Any

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def allow(actions: Any, resources: Any, **more: Any) -> dict[str, Any]:
    """A policy of one statement."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources, **more}],
    }


class Setting:
    """What a job needs; names carry the account, since bucket names are global."""

    def __init__(self, aws: Any):
        self.bucket = f"data-{aws.account}"
        self.s3, self.iam = aws.client("s3"), aws.client("iam")
        self.sagemaker = aws.client("sagemaker")
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
        self.s3.put_object(Bucket=self.bucket, Key="data/a.csv", Body=b"1,2\n")
        self.role = self.iam.create_role(RoleName="trainer", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        self.policy(
            allow(
                ["s3:ListBucket", "s3:GetObject", "s3:PutObject"],
                [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"],
            )
        )

    def policy(self, document: dict[str, Any]) -> None:
        """Replace the role's policy."""
        self.iam.put_role_policy(RoleName="trainer", PolicyName="training", PolicyDocument=json.dumps(document))

    def request(self, name: str = "bert-1", **changes: Any) -> dict[str, Any]:
        """A request that SageMaker takes."""
        return {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": {
                "TrainingImage": "111122223333.dkr.ecr.eu-north-1.amazonaws.com/own:1",
                "TrainingInputMode": "File",
            },
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/data/"}},
                }
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/out"},
            "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
            **changes,
        }

    def create(self, name: str = "bert-1", **changes: Any) -> str:
        """Create a job, and its ARN."""
        request = self.request(name, **changes)
        return self.sagemaker.create_training_job(**request)["TrainingJobArn"]

    def describe(self, name: str = "bert-1") -> dict[str, Any]:
        """One poll."""
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def finish(self, name: str = "bert-1") -> list[str]:
        """Poll to the end; the secondary statuses seen."""
        seen = []
        while True:
            answer = self.describe(name)
            seen.append(answer["SecondaryStatus"])
            if answer["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"):
                return seen
