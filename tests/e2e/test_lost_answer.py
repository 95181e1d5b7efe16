"""CreateTrainingJob takes effect and its answer is lost: one job, in the state."""

import pytest
from harness.config import training
from harness.expect import expect_calls, expect_jobs
from harness.steps import step


@pytest.mark.parametrize("kind", ["lost", "truncated"])
def test_the_answer_of_create_training_job_is_lost(scene, kind):
    """The SDK asks again and is told that the name is taken: by us."""
    scene.run(
        step(
            training(),
            before=lambda: scene.emulator.fault("sagemaker", "CreateTrainingJob", kind),
            state=[expect_jobs("InProgress"), expect_calls(CreateTrainingJob=2)],
        )
    )


def test_the_request_never_arrives(scene):
    scene.run(
        step(
            training(),
            before=lambda: scene.emulator.fault("sagemaker", "CreateTrainingJob", "lost_before"),
            state=[expect_jobs("InProgress")],
        )
    )


def test_the_name_is_taken_by_someone_elses_job(scene):
    """A foreign job under our name is never adopted."""
    scene.run(step(training(on_destroy="delete")), destroy=False)
    [job] = scene.emulator.jobs()
    scene.destroy(records=True)
    scene.emulator.foreign_job(job["name"])
    scene.keep()
    scene.run(
        step(training(on_destroy="delete"), state=[expect_jobs("InProgress", "InProgress")]),
        destroy=False,
    )
    scene.workdir.run("destroy", "-auto-approve")
    assert [(j["name"], j["status"]) for j in scene.emulator.jobs()] == [(job["name"], "InProgress")]
