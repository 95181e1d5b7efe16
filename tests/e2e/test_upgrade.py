"""States that older providers have written.

`states/first-version.json` was written by the provider before delayed starts, alarms and imports of foreign jobs
existed: what its schema had less is null, what it had more is dropped, and nothing of it makes a plan.
"""

import base64
import json
from pathlib import Path

import pytest
from harness.config import SOURCE, training
from harness.expect import expect_calls, expect_empty_plan, expect_known_value, expect_value_unchanged
from harness.steps import step

STATE = Path(__file__).parent / "states" / "first-version.json"
RUN = training(
    tags={"team": "nlp"},
    hyperparameters={"rate": "1"},
    on_destroy="delete",
    dashboard="none",
    use_spot_instances=False,
)


def place(scene, change=lambda instance: None) -> dict:
    """The state in the working folder, and its job in the account; the attributes."""
    scene.write(RUN)
    host = "registry.opentofu.org" if scene.workdir.name == "tofu" else "registry.terraform.io"
    resources = json.loads(STATE.read_text())["resources"]
    resources[0]["provider"] = f'provider["{host}/{SOURCE}"]'
    instance = resources[0]["instances"][0]
    change(instance)
    document = {"version": 4, "serial": 1, "lineage": "00000000-0000-0000-0000-000000000000", "resources": resources}
    scene.workdir.folder.joinpath("terraform.tfstate").write_text(json.dumps(document))
    handle = json.loads(base64.b64decode(instance["private"]))["handle"]
    tags = [{"Key": key, "Value": value} for key, value in handle["tags"].items()]
    role = scene.emulator.make_role(handle["managed_role"])
    scene.emulator.client("iam").tag_role(RoleName=handle["managed_role"], Tags=tags)
    scene.emulator.client("sagemaker").create_training_job(
        TrainingJobName=handle["job_name"],
        RoleArn=role,
        AlgorithmSpecification={"TrainingImage": handle["image"], "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": handle["output_path"]},
        ResourceConfig={"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 86400},
        Tags=tags,
    )
    return instance["attributes"]


def test_the_first_state_goes_on(scene):
    """Read, planned, changed in place and destroyed by today's provider."""
    attributes = place(scene)
    decided = ("summary", "estimate", "baseline", "savings", "signal", "training_job_name", "arn")
    scene.run(
        step(
            RUN,
            plan=[expect_empty_plan()],
            state=[expect_value_unchanged(*decided), expect_known_value("summary", attributes["summary"])],
        ),
        step(
            RUN.with_(tags={"team": "vision"}),
            state=[expect_calls(CreateTrainingJob=0), expect_value_unchanged(*decided)],
        ),
        destroy=False,
    )
    assert scene.workdir.run("destroy", "-auto-approve").code == 0
    assert not scene.emulator.jobs()
    scene.expect_nothing_left(records=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda instance: instance.update(schema_version=99), "newer"),
        (
            lambda instance: instance.update(
                private=base64.b64encode(
                    base64.b64decode(instance["private"]).replace(b'"version":1}', b'"version":99}')
                ).decode()
            ),
            "newer provider",
        ),
    ],
    ids=["schema", "private"],
)
def test_a_state_of_a_newer_provider_is_refused(scene, change, said):
    """Never worked on with half an understanding."""
    place(scene, change)
    result, _ = scene.plan()
    assert result.code != 0
    assert any(said in f"{e.summary} {e.detail}" for e in result.errors), result.explain()
