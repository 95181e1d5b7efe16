"""Keys, network and isolation: what is written down reaches every object, the job and the role that it runs with."""

from harness.config import training
from harness.steps import step

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-north-1:{ACCOUNT}:key/objects"
VOLUME_KEY = f"arn:aws:kms:eu-north-1:{ACCOUNT}:key/volumes"
VPC = {"subnets": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
WRITING = ("PutObject", "CopyObject", "CreateMultipartUpload")

CLOSED = training(
    preferred_training_regions=["eu-north-1"],
    preferred_instance_types=["ml.m5.4xlarge"],
    reference_instance_type="ml.m5.4xlarge",
    model_type="tabular_data",
    regional={"eu-north-1": {"vpc_config": VPC, "kms_key_arn": KEY, "volume_kms_key_arn": VOLUME_KEY}},
    enable_network_isolation=True,
    encrypt_inter_container_traffic=True,
    supports_checkpointing=True,
    resume_from="previous_run",
    on_change="rerun",
    on_destroy="delete",
    force_destroy=True,
    source_dir="train",
    entry_point="train.py",
    training_image=None,
)


def of(statements: list, sid: str) -> dict:
    return next(statement for statement in statements if statement["Sid"] == sid)


def test_everything_is_closed(scene):
    """In another region: staged copies, index, users, marks of purges, source, manifest, checkpoints, output and volume."""
    folder = scene.workdir.folder / "train"
    folder.mkdir()
    (folder / "train.py").write_text("print('training')\n")
    scene.emulator.large_object("training-data", "data/huge", gigabytes=6)
    scene.keep()
    mark = scene.emulator.mark()

    def as_closed_as_written(seen):
        job = seen.emulator.jobs()[-1]["request"]
        assert job["OutputDataConfig"]["KmsKeyId"] == KEY
        assert job["ResourceConfig"]["VolumeKmsKeyId"] == VOLUME_KEY
        assert job["VpcConfig"] == {"Subnets": VPC["subnets"], "SecurityGroupIds": VPC["security_group_ids"]}
        assert job["EnableNetworkIsolation"] is True
        assert job["EnableInterContainerTrafficEncryption"] is True
        code = next(c for c in job["InputDataConfig"] if c["ChannelName"] == "code")
        assert code["DataSource"]["S3DataSource"]["S3Uri"].endswith("/sourcedir.tar.gz")
        [role] = seen.emulator.control("GET", "inventory")["roles"]
        [policy] = role["inline_policies"].values()
        statements = policy["Statement"]
        assert sorted(of(statements, "Keys")["Resource"]) == sorted([KEY, VOLUME_KEY])
        assert of(statements, "VolumeKey")["Resource"] == VOLUME_KEY
        assert "ec2:CreateNetworkInterface" in of(statements, "Vpc")["Action"]

    def checkpoint():
        job = scene.emulator.jobs()[-1]["request"]["CheckpointConfig"]["S3Uri"].removeprefix("s3://")
        bucket, _, prefix = job.partition("/")
        client = scene.emulator.client("s3", "eu-north-1")
        client.put_object(Bucket=bucket, Key=f"{prefix}last", Body=b"0")

    scene.run(
        step(CLOSED.with_(dataset_size_gb=7), state=[as_closed_as_written]),
        step(
            CLOSED.with_(dataset_size_gb=7, hyperparameters={"epochs": "4"}),
            before=checkpoint,
            state=[as_closed_as_written],
        ),
        destroy=False,
    )
    seen = set()
    for request in scene.emulator.requests(mark):
        if request["service"] != "s3" or request["operation"] not in WRITING:
            continue
        params = request["params"]
        # The claim lies beside the data, in a region that the key is not in.
        expected = None if params["Bucket"] == "training-data" else KEY
        assert params.get("SSEKMSKeyId") == expected, params
        seen.add(params["Key"].split("/")[1])
    assert seen == {"claims", "users", "staged", "source", "checkpoints", "runs", "purges"}
    scene.destroy()


def test_the_claim_too(scene):
    """In the data's own region the key holds for the claim as well, also when it is confirmed and renewed."""
    key = KEY.replace("eu-north-1", "us-east-1")
    scene.run(step(training(kms_key_arn=key)))
    for request in scene.emulator.requests():
        if request["service"] == "s3" and request["operation"] in WRITING:
            assert request["params"].get("SSEKMSKeyId") == key, request
