"""Every way to ask for another run sends the CreateTrainingJob that a user expects, and no other."""

from harness.config import Block, Raw, resource, training
from harness.expect import expect_action, expect_calls, expect_error, expect_jobs, expect_value_changed
from harness.steps import step

ONE_RUN = [
    expect_calls(CreateTrainingJob=1, StopTrainingJob=1),
    expect_jobs("Stopped", "InProgress"),
    expect_value_changed("training_job_name"),
]


def test_replace_option(scene):
    scene.run(
        step(training()),
        step(
            training(),
            arguments=("-replace=sustainable_ml_training.bert",),
            plan=[expect_action("replace")],
            state=ONE_RUN,
        ),
    )


def test_taint(scene):
    scene.run(
        step(training()),
        step(
            training(),
            before=lambda: scene.workdir.run("taint", "sustainable_ml_training.bert"),
            plan=[expect_action("replace")],
            state=ONE_RUN,
        ),
    )


def test_replace_triggered_by(scene):
    def config(value):
        run = training().with_(lifecycle=Block({"replace_triggered_by": [Raw("terraform_data.trigger")]}))
        return resource("terraform_data", "trigger", input=value), run

    scene.run(
        step(*config("one")),
        step(*config("two"), plan=[expect_action("replace")], state=ONE_RUN),
    )


def test_rerun_triggers(scene):
    """The provider's own way: in place."""
    scene.run(
        step(training(rerun_triggers={"data": "monday"})),
        step(
            training(rerun_triggers={"data": "tuesday"}, on_change="rerun"),
            plan=[expect_action("update")],
            state=ONE_RUN,
        ),
    )


def test_create_before_destroy_meets_its_own_claim(scene):
    """A conflict that points to rerun_triggers; the running job is not touched."""
    run = training().with_(lifecycle=Block({"create_before_destroy": True}))
    scene.run(
        step(run),
        step(
            run,
            arguments=("-replace=sustainable_ml_training.bert",),
            error=expect_error(detail="rerun_triggers"),
            state=[expect_calls(CreateTrainingJob=0, StopTrainingJob=0), expect_jobs("InProgress")],
        ),
        step(run),
    )


def test_destroy_and_apply(scene):
    """The old record is still there; the new run is a new job."""
    scene.run(step(training()))
    scene.run(
        step(
            training(),
            state=[expect_calls(CreateTrainingJob=1, StopTrainingJob=0), expect_jobs("Stopped", "InProgress")],
        ),
    )


def test_a_hyperparameter_there_and_back(scene):
    """16, 32, 16: three runs; the third is not the first one taken up again."""

    def run(size):
        return training(hyperparameters={"batch": size}, on_change="rerun")

    scene.run(
        step(run("16"), state=[expect_calls(CreateTrainingJob=1)]),
        step(run("32"), state=[expect_calls(CreateTrainingJob=1), expect_jobs("Stopped", "InProgress")]),
        step(run("16"), state=[expect_calls(CreateTrainingJob=1), expect_jobs("Stopped", "Stopped", "InProgress")]),
    )


def test_a_new_name_is_a_new_resource(scene):
    scene.run(
        step(training()),
        step(training(name="bert-large"), plan=[expect_action("replace")], state=ONE_RUN),
    )
