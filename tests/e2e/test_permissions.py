"""IAM enforcement, with exactly the policy that the function prints and the guide shows."""

import json
import re
from pathlib import Path

import pytest
from harness.config import output, training
from harness.expect import expect_calls, expect_error, expect_known_value
from harness.steps import step

GUIDE = Path(__file__).parents[2] / "docs/guides/permissions.md"
FEATURES = [
    "run",
    "create_bucket",
    "companion_bucket",
    "managed_role",
    "delayed_start",
    "dashboard",
    "alarms",
    "metrics",
    "logs",
    "quotas",
    "prices",
    "warm_pool",
    "training_plan",
]


def printed_policy(scene, features) -> dict:
    """What `provider::sustainable::iam_policy` returns."""
    listed = ", ".join(f'"{feature}"' for feature in features)
    scene.write(output("policy", f"provider::sustainable::iam_policy([{listed}])"))
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    return json.loads(plan["planned_values"]["outputs"]["policy"]["value"])


def test_the_guide_shows_what_the_function_returns(scene):
    """Each policy of the guide is the function's answer for the features named before it."""
    shown = re.findall(r"iam_policy\(\[(.*?)\]\).*?```json\n(.*?)```", GUIDE.read_text(), re.S)
    policies = [(json.loads(f"[{features}]"), json.loads(policy)) for features, policy in shown]
    assert FEATURES in [features for features, _ in policies]
    for features, policy in policies:
        assert printed_policy(scene, features) == policy, features


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_the_whole_life_with_the_printed_policy(scene, where):
    policy = printed_policy(scene, FEATURES)
    arguments = {"on_destroy": "delete", "force_destroy": True, "on_change": "rerun"}
    region = "us-east-1"
    if where == "elsewhere":
        region = "eu-north-1"
        arguments["preferred_training_regions"] = [region]
    else:
        reserved = {"InstanceType": "ml.g5.xlarge", "ReservedCapacityArn": "arn:aws:sagemaker:::r", "Status": "Active"}
        plan = {"TrainingPlanName": "big", "Status": "Active", "ReservedCapacitySummaries": [reserved]}
        scene.emulator.settings(
            quotas={"ml.g5.xlarge for training warm pool usage": 1},
            training_plans=[{"region": "us-east-1", **plan}],
        )
        arguments["keep_alive_minutes"] = 30
        arguments["training_plan_arn"] = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/big"
    arguments["alarm_sns_topic_arn"] = f"arn:aws:sns:{region}:123456789012:ml"
    (scene.workdir.folder / "train").mkdir()
    (scene.workdir.folder / "train" / "train.py").write_text("print('training')\n")
    arguments |= {"source_dir": "train", "entry_point": "train.py", "training_image": None}
    keys = scene.emulator.enforce(policy)
    scene.keep()
    scene.provider_arguments = keys
    scene.run(
        step(training(**arguments)),
        step(training(tags={"team": "nlp"}, **arguments)),
        step(training(tags={"team": "nlp"}, hyperparameters={"rate": "1"}, **arguments)),
    )


def test_a_later_start_with_the_printed_policy(scene):
    """Made, changed, planned anew and taken back; the role that starts it may do just that."""
    keys = scene.emulator.enforce(printed_policy(scene, FEATURES))
    scene.keep()
    scene.provider_arguments = keys
    later = {"earliest_start": "2096-05-14T18:00:00Z"}
    scene.run(
        step(training(**later)),
        step(training(tags={"team": "nlp"}, **later), state=[expect_calls(UpdateSchedule=1)]),
        step(training(hyperparameters={"rate": "1"}, **later), state=[expect_calls(DeleteSchedule=1)]),
    )


@pytest.mark.parametrize("action", ["sagemaker:CreateTrainingJob", "iam:CreateRole", "iam:PassRole", "s3:PutObject"])
def test_a_missing_permission_is_named(scene, action):
    """Refused, and the error says which action to allow."""
    policy = printed_policy(scene, FEATURES)
    for statement in policy["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        statement["Action"] = [one for one in actions if one != action] or ["s3:ListAllMyBuckets"]
    keys = scene.emulator.enforce(policy)
    scene.keep()
    scene.provider_arguments = keys
    scene.run(
        step(
            training(on_destroy="delete"),
            error=expect_error(detail=re.escape(action)),
            state=[expect_calls(StopTrainingJob=0)],
        ),
        destroy=False,
    )
    scene.emulator.settings(enforce_iam=False)
    assert scene.workdir.run("destroy", "-auto-approve").code == 0
    scene.expect_nothing_left(records=True)


def test_tracking_and_what_follows_with_the_printed_policy(scene):
    """Experiments, the model registry and copies: made, done after the end, and removed."""
    features = [*FEATURES, "experiments", "model_registry", "copy_artifacts"]
    scene.emulator.seed("models-eu", "eu-west-1", {"theirs": b"keep me"})
    keys = scene.emulator.enforce(printed_policy(scene, features))
    scene.keep()
    scene.provider_arguments = keys
    run = {
        "on_destroy": "delete",
        "enable_experiment_tracking": True,
        "experiment": {"name": "bert"},
        "copy_artifacts_to": "s3://models-eu/bert",
    }
    scene.run(step(training(**run)), destroy=False)
    scene.emulator.finish_jobs("Completed")
    scene.run(
        step(
            training(model_package_group_name="bert", **run),
            state=[expect_known_value("model_package_arn"), expect_known_value("artifacts_copied_to")],
        ),
        destroy=False,
    )
    for tags in ({"team": "nlp", "old": "1"}, {"team": "vision"}):
        retagged = step(
            training(model_package_group_name="bert", tags=tags, **run), state=[expect_calls(CreateTrainingJob=0)]
        )
        assert not scene.run(retagged, destroy=False).applied.warnings
    result = scene.workdir.run("destroy", "-json", "-auto-approve")
    assert result.code == 0, result.explain()
    scene.expect_nothing_left(records=True)
