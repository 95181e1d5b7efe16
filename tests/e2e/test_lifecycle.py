"""A run from plan to destroy: create, look again, change in place, start anew, go."""

import re

import pytest
from harness.config import output, training
from harness.expect import (
    expect_action,
    expect_calls,
    expect_empty_plan,
    expect_error,
    expect_jobs,
    expect_known_value,
    expect_null_value,
    expect_unknown_value,
    expect_value_changed,
    expect_value_unchanged,
)
from harness.steps import step


def sources(scene, content="print('training')\n"):
    """A source folder in the module; its path as the configuration names it."""
    folder = scene.workdir.folder / "train"
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(content)
    return {"source_dir": "train", "entry_point": "train.py", "training_image": None}


def test_a_run_from_plan_to_destroy(scene):
    scene.run(
        step(
            training(),
            plan=[
                expect_action("create"),
                expect_known_value("id", "training-data/bert"),
                expect_known_value("selected_region", "us-east-1"),
                expect_known_value("selected_instance_type", "ml.g5.xlarge"),
                expect_known_value("selected_capacity", "on_demand"),
                expect_known_value("launchable", True),
                expect_known_value("estimate.energy_kwh.value", lambda v: v > 0),
                expect_known_value("estimate.emissions_kg.low", lambda v: v > 0),
                expect_known_value("estimate.cost_usd.high", lambda v: v > 0),
                expect_known_value("summary", re.compile(r"us-east-1, ml\.g5\.xlarge, on-demand")),
                expect_unknown_value("training_job_name"),
                expect_unknown_value("arn"),
                expect_null_value("final_metrics"),
            ],
            state=[
                expect_calls(CreateTrainingJob=1, StopTrainingJob=0, CreateBucket=0),
                expect_jobs("InProgress"),
                expect_known_value("training_job_name", re.compile(r"^bert-[0-9a-z]+$")),
                expect_known_value("arn", re.compile(r"^arn:aws:sagemaker:us-east-1:\d{12}:training-job/bert-")),
                expect_known_value("bucket_managed", False),
                expect_known_value("sagemaker_role_arn", re.compile(r"^arn:aws:iam::\d{12}:role/")),
            ],
        ),
        step(state=[expect_calls(CreateTrainingJob=0, CreateRole=0, PutObject=0)]),
        step(
            training(tags={"team": "nlp"}),
            plan=[expect_action("update"), expect_null_value("run_change")],
            state=[
                expect_calls(CreateTrainingJob=0, StopTrainingJob=0),
                expect_value_unchanged("training_job_name", "arn", "id", "estimate", "candidates"),
                expect_known_value("tags_all", lambda tags: tags["team"] == "nlp"),
                expect_jobs("InProgress"),
            ],
        ),
        step(
            training(),
            state=[
                expect_calls(CreateTrainingJob=0),
                expect_known_value("tags_all", lambda tags: "team" not in (tags or {})),
            ],
        ),
        step(
            training(hyperparameters={"epochs": "3"}),
            error=expect_error(detail=r"(?s)bert-.*on_change", path="hyperparameters"),
        ),
        step(
            training(hyperparameters={"epochs": "3"}, on_change="rerun"),
            plan=[
                expect_action("update"),
                expect_known_value("run_change", re.compile(r"stops bert-\S+ .*starts a new run")),
                expect_unknown_value("training_job_name"),
                expect_unknown_value("arn"),
                expect_known_value("id", "training-data/bert"),
            ],
            state=[
                expect_calls(CreateTrainingJob=1, StopTrainingJob=1),
                expect_value_changed("training_job_name", "arn"),
                expect_value_unchanged("id", "sagemaker_role_arn"),
                expect_jobs("Stopped", "InProgress"),
            ],
        ),
    )


def test_the_source_folder_is_part_of_the_run(scene):
    code = sources(scene)
    scene.run(
        step(
            training(**code),
            plan=[expect_known_value("source_digest")],
            state=[expect_calls(CreateTrainingJob=1)],
        ),
        step(
            before=lambda: (scene.workdir.folder / "train" / "train.py").touch(),
            state=[expect_calls(CreateTrainingJob=0), expect_value_unchanged("source_digest")],
        ),
        step(
            training(**code, on_change="rerun"),
            before=lambda: sources(scene, "print('training better')\n"),
            plan=[expect_action("update"), expect_known_value("run_change")],
            state=[expect_calls(CreateTrainingJob=1), expect_value_changed("source_digest", "training_job_name")],
        ),
    )


def test_correcting_an_estimate_buys_no_training(scene):
    """Decision inputs are sticky until the next run."""
    scene.run(
        step(training()),
        step(
            training(
                estimated_training_hours=20,
                model_type="computer_vision",
                max_emissions_kg=0.001,
                instance_priority="cost_optimized",
            ),
            plan=[expect_action("update"), expect_null_value("run_change")],
            state=[
                expect_calls(CreateTrainingJob=0, StopTrainingJob=0),
                expect_value_unchanged("estimate", "summary", "training_job_name"),
            ],
        ),
    )


@pytest.mark.parametrize(
    ("redecide", "where"),
    [(None, "ml.p5en.48xlarge"), ("keep", "ml.p5en.48xlarge"), ("each_run", "ml.p5.48xlarge")],
)
def test_where_a_new_run_goes(scene, redecide, where):
    """It stays where the last one was while moving gains less than 10 %, unless each run is decided afresh."""
    work = {
        "reference_instance_type": "ml.p4d.24xlarge",
        "preferred_training_regions": ["eu-north-1"],
        "instance_priority": "cost_optimized",
        "on_change": "rerun",
        "force_destroy": True,
    }
    both = training(
        **work,
        redecide=redecide,
        preferred_instance_types=["ml.p5.48xlarge", "ml.p5en.48xlarge"],
        hyperparameters={"rate": "1"},
    )
    scene.run(
        step(
            training(**work, preferred_instance_types=["ml.p5en.48xlarge"]),
            state=[expect_known_value("selected_instance_type", "ml.p5en.48xlarge")],
        ),
        step(
            both,
            plan=[expect_action("update"), expect_known_value("selected_instance_type", where)],
            state=[expect_calls(CreateTrainingJob=1)],
        ),
        # What was given up is not decided again by looking.
        step(plan=[expect_empty_plan()]),
    )


def test_no_training_code_is_a_preview_only(scene):
    """Every number, a warning, and an apply that refuses before it asks AWS for anything."""
    scene.write(training(training_image=None), output("summary", "sustainable_ml_training.bert.summary"))
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    assert any("no training code" in f"{w.summary} {w.detail}".lower() for w in result.warnings), result.explain()
    change = plan["resource_changes"][0]["change"]["after"]
    assert change["launchable"] is False and change["estimate"]["emissions_kg"]["value"] > 0
    mark = scene.emulator.mark()
    applied = scene.workdir.run("apply", "-json", "tfplan")
    expect_error(detail=r"source_dir").check(applied)
    assert not scene.emulator.calls(mark), scene.emulator.calls(mark)
    scene.expect_nothing_left()


def test_a_bucket_of_our_own(scene):
    """`create_bucket`: made, used, and taken away again."""
    scene.run(
        step(
            training(
                s3_bucket_name="made-by-us",
                create_bucket=True,
                dataset_size_gb=0,
                force_destroy=True,
                on_destroy="delete",
            ),
            plan=[expect_unknown_value("bucket_managed")],
            state=[
                expect_calls(CreateBucket=1, CreateTrainingJob=1),
                expect_known_value("bucket_managed", True),
                expect_known_value("s3_bucket_arn", "arn:aws:s3:::made-by-us"),
            ],
        )
    )


def test_a_typo_does_not_become_a_bucket(scene):
    scene.run(
        step(
            training(s3_bucket_name="trainin-data"),
            error=expect_error(detail=r"training-data.*create_bucket|create_bucket.*training-data"),
        ),
        destroy=False,
    )
    assert scene.workdir.run("destroy", "-json", "-auto-approve").code == 0
    scene.expect_nothing_left()


def test_destroy_keeps_or_deletes_the_record(scene):
    scene.run(step(training(on_destroy="delete")), destroy=False)
    scene.destroy(records=True)
    scene.run(step(training(on_destroy="stop")), destroy=False)
    scene.destroy()
    assert [job["status"] for job in scene.emulator.jobs()] == ["Stopped"]


def test_retain_leaves_the_job_running(scene):
    scene.run(step(training(on_destroy="retain")), destroy=False)
    result = scene.workdir.run("destroy", "-json", "-auto-approve")
    assert result.code == 0, result.explain()
    assert [job["status"] for job in scene.emulator.jobs()] == ["InProgress"]
    assert any("bert-" in w.detail for w in result.warnings), result.explain()


OWN = {"s3_bucket_name": "made-by-us", "create_bucket": True, "dataset_size_gb": 0, "on_destroy": "delete"}


def test_a_bucket_whose_first_entries_are_delete_markers(scene):
    """S3 counts them among the entries of a page: what comes behind them is found, and stays."""
    scene.run(step(training(**OWN)), destroy=False)
    s3 = scene.emulator.client("s3")
    for number in range(1100):
        s3.delete_object(Bucket="made-by-us", Key=f"a/{number}")
    s3.put_object(Bucket="made-by-us", Key="z/paid-for", Body=b"x")
    result = scene.workdir.run("destroy", "-json", "-auto-approve")
    assert result.code == 0, result.explain()
    assert any("made-by-us: not empty" in warning.detail for warning in result.warnings), result.explain()
    assert s3.get_object(Bucket="made-by-us", Key="z/paid-for")["Body"].read() == b"x"
    s3.delete_object(Bucket="made-by-us", Key="z/paid-for")


def test_rules_that_the_user_has_set_stay(scene):
    """On a bucket that was made here: a new run puts nothing over them."""
    own = training(**OWN, on_change="rerun", force_destroy=True)
    scene.run(step(own), destroy=False)
    s3 = scene.emulator.client("s3")
    rule = {"ID": "mine", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}
    s3.put_bucket_lifecycle_configuration(Bucket="made-by-us", LifecycleConfiguration={"Rules": [rule]})
    scene.run(
        step(
            own.with_(hyperparameters={"rate": "2"}),
            state=[
                expect_calls(CreateTrainingJob=1, PutBucketLifecycleConfiguration=0, PutBucketPolicy=0),
            ],
        ),
        destroy=False,
    )
    assert [r["ID"] for r in s3.get_bucket_lifecycle_configuration(Bucket="made-by-us")["Rules"]] == ["mine"]
    scene.destroy()


def test_the_longest_run_that_the_account_may_have(scene):
    """Looked up before anything is made; SageMaker would refuse it after all of it."""
    scene.run(
        step(
            training(max_runtime_hours=130),
            error=expect_error(
                r"Longest run time for a training job.* is 432000 s \(120\.0 h\), and the run may take 130\.0 h",
                "Lower max_runtime_hours",
                "max_runtime_hours",
            ),
            state=[expect_calls(CreateRole=0, CreateTrainingJob=0)],
        ),
        destroy=False,
    )
    scene.emulator.settings(quotas={"Longest run time for a training job": 504_000})
    scene.run(step(training(max_runtime_hours=130)))


def test_a_new_run_has_its_own_earliest_start(scene):
    """Another moment is no change; a run that is decided anew goes by the new one, and the state says it."""
    first, second = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
    run = training(earliest_start=first, on_change="rerun")
    scene.run(
        step(run),
        step(run.with_(earliest_start=second), state=[expect_known_value("earliest_start", first)]),
        step(
            run.with_(earliest_start=second, hyperparameters={"rate": "2"}),
            state=[expect_known_value("earliest_start", second)],
        ),
    )
