"""A hundred runs in one configuration."""

import pytest
from harness.cli import TIME_SCALE
from harness.config import Raw, training
from harness.steps import step


@pytest.mark.long
@pytest.mark.parametrize(
    "many",
    [
        {"count": 100, "name": Raw('"bert-${count.index}"')},
        {"for_each": Raw('toset([for i in range(100) : "run-${i}"])'), "name": Raw("each.key")},
    ],
    ids=["count", "for_each"],
)
def test_a_hundred_runs(scene, many):
    """One job each, one plan that is empty afterwards, one destroy that leaves nothing.

    SageMaker takes one CreateTrainingJob a second; here time runs faster by the harness's factor.
    """
    scene.emulator.settings(create_jobs_per_second=1 / float(TIME_SCALE))

    def one_job_each(seen):
        jobs = seen.emulator.jobs()
        assert len(jobs) == 100 and len({job["name"] for job in jobs}) == 100
        # None was throttled, not even unseen.
        assert seen.calls["CreateTrainingJob"] == 100, seen.calls["CreateTrainingJob"]
        assert "Rate exceeded" not in seen.applied.explain()

    scene.run(step(training(on_destroy="delete", **many), state=[one_job_each]), destroy=False)
    scene.destroy(records=True)
