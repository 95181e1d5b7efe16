"""A job of another provider's making: an `aws_sagemaker_training_job` that is moved, and an import of a job that
nobody but SageMaker knows."""

import pytest
from harness.cli import Workdir
from harness.config import SETTINGS, Block, Item, Raw, resource, training
from harness.expect import changes, expect_action, expect_calls, expect_jobs, expect_known_value, expect_warning
from harness.steps import Scene, step
from test_examples import STAND_IN_SCHEMA

JOB = "xgb-2026-11-02"
ARN = f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{JOB}"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/other:1"
ROLE = "arn:aws:iam::123456789012:role/someone-elses"
WITH_AWS = SETTINGS.replace(
    "  }\n}\n", '    aws = {\n      source  = "hashicorp/aws"\n      version = "6.0.0"\n    }\n  }\n}\n'
)


def theirs(scene, running: bool = True) -> None:
    """A job with inputs, hyperparameters and tags, made with nothing of ours."""
    scene.emulator.client("sagemaker").create_training_job(
        TrainingJobName=JOB,
        RoleArn=scene.emulator.make_role("someone-elses"),
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        HyperParameters={"max_depth": "6"},
        Environment={"MODE": "fast"},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": "s3://training-data/data/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        OutputDataConfig={"S3OutputPath": "s3://training-data/results"},
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        StoppingCondition={"MaxRuntimeInSeconds": 7200},
        Tags=[{"Key": "team", "Value": "risk"}],
    )
    if not running:
        scene.emulator.finish_jobs("Completed")
    scene.keep()


OURS = training(
    model_type="tabular_data",
    reference_instance_type=None,
    preferred_instance_types=["ml.m5.4xlarge"],
    training_image=IMAGE,
    hyperparameters={"max_depth": "6"},
    environment={"MODE": "fast"},
    output_s3_uri="s3://training-data/results",
    volume_size_gb=50,
    max_runtime_hours=2,
    role_arn=ROLE,
    tags={"team": "risk"},
)
"""The same job in our words, under a name of its own."""


def others(**changed) -> Item:
    """The same job as hashicorp/aws has it in its state."""
    return resource(
        "aws_sagemaker_training_job",
        "old",
        **{
            "arn": ARN,
            "training_job_name": JOB,
            "role_arn": ROLE,
            "hyper_parameters": {"max_depth": "6"},
            "environment": {"MODE": "fast"},
            "tags": {"team": "risk"},
            "algorithm_specification": Block({"training_image": IMAGE, "training_input_mode": "File"}),
            "input_data_config": Block(
                {
                    "channel_name": "train",
                    "data_source": Block(
                        {"s3_data_source": Block({"s3_uri": "s3://training-data/data/", "s3_data_type": "S3Prefix"})}
                    ),
                }
            ),
            "output_data_config": Block({"s3_output_path": "s3://training-data/results"}),
            "resource_config": Block({"instance_type": "ml.m5.xlarge", "instance_count": 1, "volume_size_in_gb": 50}),
            "stopping_condition": Block({"max_runtime_in_seconds": 7200}),
            **changed,
        },
    )


MOVED = Item("moved", "", {"from": Raw("aws_sagemaker_training_job.old"), "to": Raw("sustainable_ml_training.bert")})


@pytest.fixture
def both(tmp_path, cli, cli_config_with_aws, emulator) -> Scene:
    """A scene with a stand-in for hashicorp/aws beside the provider."""
    workdir = Workdir(tmp_path / "module", cli, cli_config_with_aws)
    workdir.environment["STAND_IN_SCHEMA"] = str(STAND_IN_SCHEMA)
    emulator.seed("training-data")
    scene = Scene(workdir, emulator)
    scene.settings = WITH_AWS
    return scene


@pytest.mark.parametrize("running", [True, False], ids=["running", "ended"])
def test_a_moved_job_goes_on(both, running):
    """The switch starts nothing; afterwards everything is as with any other run."""
    theirs(both, running)
    status = "InProgress" if running else "Completed"
    none = expect_calls(CreateTrainingJob=0, StopTrainingJob=0, PutObject=0, CreateRole=0, PutDashboard=0)
    both.run(
        step(others()),
        step(
            OURS,
            MOVED,
            plan=[expect_action("update"), expect_known_value("training_job_name", JOB)],
            state=[
                none,
                expect_jobs(status),
                expect_known_value("id", "training-data/bert"),
                expect_known_value("arn", ARN),
                expect_known_value("training_job_status", status),
                expect_known_value("selected_instance_type", "ml.m5.xlarge"),
                expect_known_value("outcome", "pending" if running else "succeeded"),
            ],
        ),
        step(OURS.with_(tags={"team": "risk", "cost": "1"}), state=[none]),
        destroy=False,
    )
    tags = both.emulator.client("sagemaker").list_tags(ResourceArn=ARN)["Tags"]
    assert {t["Key"]: t["Value"] for t in tags} == {"team": "risk", "cost": "1"}
    calls = both.calls_while(both.destroy)
    assert calls["StopTrainingJob"] == running and not calls["DeleteTrainingJob"] and not calls["DeleteObject"], calls


def test_a_moved_job_and_another_configuration(both):
    """Differences are recorded and named, not trained; a later change starts a run, and asks first."""
    theirs(both)
    other = OURS.with_(hyperparameters={"max_depth": "9"})
    both.run(
        step(others()),
        step(
            other,
            MOVED,
            plan=[expect_action("update")],
            state=[expect_calls(CreateTrainingJob=0), expect_jobs("InProgress")],
            warnings=[expect_warning("made with other settings", "hyperparameters is not what|of hyperparameters")],
        ),
        step(
            other.with_(rerun_triggers={"again": "1"}, on_change="rerun"),
            state=[expect_calls(CreateTrainingJob=1, StopTrainingJob=1), expect_jobs("Stopped", "InProgress")],
        ),
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (others(arn=None), "has neither an arn nor a region"),
        (resource("aws_sagemaker_model", "old", execution_role_arn=ROLE), "this is a aws_sagemaker_model of "),
    ],
    ids=["incomplete", "another-type"],
)
def test_what_cannot_be_moved(both, source, said):
    """Said, with the way by import."""
    theirs(both)
    both.write(source)
    assert both.apply().code == 0
    both.write(OURS, MOVED.with_(**{"from": Raw(source.address)}))
    result, _ = both.plan()
    assert result.code != 0
    errors = " ".join(" ".join(f"{e.summary} {e.detail}".split()) for e in result.errors)
    assert said in errors and "import block with the training job's ARN" in errors, errors


def test_a_foreign_job_is_imported(scene):
    """What SageMaker tells becomes the arguments; the first apply records the rest."""
    theirs(scene)
    block = Item("import", "", {"to": Raw("sustainable_ml_training.bert"), "id": f"us-east-1/{JOB}"})
    scene.run(
        step(
            OURS,
            block,
            plan=[expect_action("update")],
            state=[
                expect_calls(CreateTrainingJob=0, PutObject=0, PutDashboard=0, AddTags=0),
                expect_known_value("training_job_name", JOB),
                expect_known_value("id", "training-data/bert"),
                expect_known_value("elapsed_hours", lambda hours: hours is not None),
            ],
            warnings=[expect_warning("that this provider did not make", JOB)],
        ),
        step(OURS.with_(on_destroy="delete"), state=[expect_calls(CreateTrainingJob=0)]),
        destroy=False,
    )
    scene.kept = [thing for thing in scene.kept if thing["kind"] != "job"]
    scene.destroy(records=True)


def test_an_import_alone_tells_what_the_job_is(scene):
    """`terraform import`: the state says what SageMaker says, and nothing is invented."""
    theirs(scene, running=False)
    scene.write(OURS)
    result = scene.workdir.run("import", "sustainable_ml_training.bert", ARN)
    assert result.code == 0, result.explain()
    values = scene.workdir.state()["sustainable_ml_training.bert"]
    told = {
        "name": JOB,
        "s3_bucket_name": "training-data",
        "training_image": IMAGE,
        "hyperparameters": {"max_depth": "6"},
        "environment": {"MODE": "fast"},
        "output_s3_uri": "s3://training-data/results",
        "volume_size_gb": 50,
        "max_runtime_hours": 2,
        "role_arn": ROLE,
        "tags": {"team": "risk"},
        "outcome": "succeeded",
        "selected_region": "us-east-1",
    }
    assert {key: values[key] for key in told} == told
    assert all(values[key] is None for key in ("model_type", "estimate", "input_channels", "dashboard_url"))
    _, plan = scene.plan()
    assert changes(plan) == {"sustainable_ml_training.bert": ["update"]}
    assert scene.apply().code == 0
    scene.destroy()
