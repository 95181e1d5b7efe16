"""Tags that change reach everything that was made for a run, in place."""

from harness.config import Block, training
from harness.expect import expect_action, expect_calls, expect_error, expect_value_unchanged
from harness.steps import step

KINDS = (
    "buckets",
    "roles",
    "alarms",
    "event_rules",
    "jobs",
    "experiments",
    "model_groups",
    "schedule_groups",
    "queues",
)
EVERYTHING = {
    "on_destroy": "delete",
    "create_bucket": True,
    "s3_bucket_name": "bucket-of-our-own",
    "dataset_size_gb": 0,
    "force_destroy": True,
    "alarm_sns_topic_arn": "arn:aws:sns:us-east-1:123456789012:ml",
    "enable_experiment_tracking": True,
    "experiment": {"name": "bert"},
}


def tagged(scene) -> dict:
    """Tags of what carries those of this training, by kind and name."""
    inventory = scene.emulator.control("GET", "inventory")
    return {
        (kind, thing.get("kind", ""), thing["name"]): thing["tags"]
        for kind in KINDS
        for thing in inventory[kind]
        if thing["tags"].get("sustainable:training") == "bert"
    }


def expect_tags(scene, kinds: set, **wanted) -> None:
    found = tagged(scene)
    assert {kind for kind, *_ in found} == kinds, sorted(found)
    own = ("ManagedBy", "sustainable:training", "sustainable:run")
    for name, tags in found.items():
        users = {key: value for key, value in tags.items() if key not in own}
        assert len(tags) == len(users) + len(own) and users == wanted, (name, tags)


def test_everything_of_a_run(scene):
    """A tag that is changed, one that goes, and one of the provider's; the registered model's group included."""
    registered = {**EVERYTHING, "model_package_group_name": "bert"}
    scene.run(step(training(tags={"team": "nlp", "old": "1"}, **EVERYTHING)), destroy=False)
    made = {"buckets", "roles", "alarms", "event_rules", "jobs", "experiments"}
    expect_tags(scene, made, team="nlp", old="1")
    scene.emulator.finish_jobs("Completed")
    scene.run(step(training(tags={"team": "nlp", "old": "1"}, **registered)), destroy=False)
    scene.provider_arguments = {"default_tags": Block({"tags": {"cost": "42"}})}
    seen = scene.run(
        step(
            training(tags={"team": "vision"}, **registered),
            plan=[expect_action("update")],
            state=[expect_calls(CreateTrainingJob=0), expect_value_unchanged("training_job_name")],
        ),
        destroy=False,
    )
    assert not seen.applied.warnings, seen.applied.explain()
    expect_tags(scene, made | {"model_groups"}, team="vision", cost="42")
    result = scene.workdir.run("destroy", "-json", "-auto-approve")
    assert result.code == 0, result.explain()
    assert {kind for kind, *_ in tagged(scene)} == {"model_groups"}


def test_everything_of_a_run_that_has_not_begun(scene):
    later = {**EVERYTHING, "earliest_start": "2096-05-14T18:00:00Z"}
    made = {"buckets", "roles", "alarms", "event_rules", "experiments", "schedule_groups", "queues"}
    scene.run(step(training(tags={"team": "nlp", "old": "1"}, **later)), destroy=False)
    expect_tags(scene, made, team="nlp", old="1")
    seen = scene.run(
        step(training(tags={"team": "vision"}, **later), state=[expect_calls(CreateSchedule=0)]), destroy=False
    )
    assert not seen.applied.warnings, seen.applied.explain()
    expect_tags(scene, made, team="vision")
    scene.destroy(records=True)


def test_theirs_keep_their_tags(scene):
    """An experiment of the user's own is used, and not tagged."""
    sagemaker = scene.emulator.client("sagemaker")
    arn = sagemaker.create_experiment(ExperimentName="bert", Tags=[{"Key": "theirs", "Value": "1"}])["ExperimentArn"]
    scene.keep()
    tracked = {"enable_experiment_tracking": True, "experiment": {"name": "bert"}, "on_destroy": "delete"}
    scene.run(step(training(**tracked)), step(training(tags={"team": "nlp"}, **tracked)), destroy=False)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "theirs", "Value": "1"}]
    scene.destroy(records=True)


def test_as_many_as_aws_takes(scene):
    """With those of ours, one of which comes at the end: the job is marked as let go of."""
    scene.run(step(training(tags={f"t{number}": "x" for number in range(46)})), destroy=False)
    result = scene.workdir.run("destroy", "-json", "-auto-approve")
    assert result.code == 0, result.explain()
    assert not any("could not be marked" in warning.summary for warning in result.warnings), result.explain()
    [job] = scene.emulator.jobs()
    assert len(job["tags"]) == 50 and job["tags"]["sustainable:released"] == "true", job["tags"]


def test_more_than_aws_takes(scene):
    """Counted with the provider's own, by the plan that would make the run: nothing is made."""
    scene.provider_arguments = {"default_tags": Block({"tags": {f"d{n}": "1" for n in range(30)}})}
    scene.write(training(tags={f"t{n}": "1" for n in range(30)}))
    result, _ = scene.plan()
    assert result.code != 0
    expect_error("Too many tags", "default_tags are 60 together", "tags").check(result)
