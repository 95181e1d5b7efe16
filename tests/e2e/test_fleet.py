"""`sustainable_training_dashboard`: one dashboard for many runs."""

import re

import pytest
from harness.config import Raw, resource, training
from harness.expect import (
    expect_action,
    expect_calls,
    expect_error,
    expect_known_value,
    expect_unknown_value,
    expect_value_changed,
    expect_warning,
)
from harness.steps import step

TYPE = "sustainable_training_dashboard"
SWEEP = f"{TYPE}.sweep"
JOBS = [{"name": f"bert-{n}", "region": "eu-north-1" if n % 2 else "us-east-1"} for n in range(50)]


def fleet(**arguments):
    return resource(TYPE, "sweep", **{"name": "sweep", **arguments})


def boards(scene) -> dict:
    return {d["name"]: d["body"] for d in scene.emulator.control("GET", "inventory")["dashboards"]}


def test_a_fleet_from_plan_to_destroy(scene):
    """Created, changed in place, put back when somebody edits or deletes it, destroyed."""

    def edit():
        scene.emulator.client("cloudwatch").put_dashboard(
            DashboardName="sustainable-fleet-sweep", DashboardBody='{"widgets": []}'
        )

    def remove():
        scene.emulator.client("cloudwatch").delete_dashboards(DashboardNames=["sustainable-fleet-sweep"])

    seen = scene.run(
        step(
            fleet(jobs=JOBS),
            plan=[
                expect_action("create", SWEEP),
                expect_known_value("digest", re.compile(r"^[0-9a-f]{16}$"), SWEEP),
                expect_known_value("dashboard_name", "sustainable-fleet-sweep", SWEEP),
                expect_unknown_value("dashboard_url", SWEEP),
            ],
            state=[
                expect_calls(PutDashboard=1),
                expect_known_value(
                    "dashboard_url", re.compile(r"^https://us-east-1\.console.*sustainable-fleet-sweep$"), SWEEP
                ),
            ],
        ),
        step(state=[expect_calls(PutDashboard=0)]),
        step(before=edit, plan=[expect_action("update", SWEEP)], state=[expect_calls(PutDashboard=1)]),
        step(before=remove, plan=[expect_action("create", SWEEP)], state=[expect_calls(PutDashboard=1)]),
        step(
            fleet(job_name_prefix="bert-lr", regions=["us-east-1", "eu-north-1"]),
            plan=[expect_action("update", SWEEP)],
            state=[expect_value_changed("digest", address=SWEEP), expect_calls(PutDashboard=1)],
        ),
        destroy=False,
    )
    assert seen.state[SWEEP]["id"] == "sweep"
    searches = [
        entry[0]["expression"]
        for widget in boards(scene)["sustainable-fleet-sweep"]["widgets"]
        if widget["type"] == "metric"
        for entry in widget["properties"]["metrics"]
    ]
    assert searches[0] == (
        """SEARCH('{/aws/sagemaker/TrainingJobs,Host} MetricName="GPUUtilization" bert lr', 'Average', 300)"""
    )
    assert len(searches) == 10
    scene.run(step(fleet(name="other", job_name_prefix="bert"), plan=[expect_action("replace", SWEEP)]), destroy=False)
    assert list(boards(scene)) == ["sustainable-fleet-other"]
    scene.destroy()


def test_the_graphs_of_fifty_runs(scene):
    """One line for each run, whatever its region, within CloudWatch's 500 metrics of a widget."""
    jobs = [{**job, "instance_count": 3} if n < 10 else job for n, job in enumerate(JOBS)]
    scene.run(step(fleet(jobs=jobs)), destroy=False)
    body = boards(scene)["sustainable-fleet-sweep"]
    for widget in body["widgets"]:
        if widget["type"] != "metric":
            continue
        metrics = widget["properties"]["metrics"]
        shown = [entry for entry in metrics if entry[-1].get("visible", True)]
        assert len(shown) == 50 and len(metrics) == 80
        assert {entry[-1]["region"] for entry in metrics} == {"us-east-1", "eu-north-1"}
    text = body["widgets"][0]["properties"]["markdown"]
    assert all(f"[{job['name']}](https://{job['region']}.console" in text for job in JOBS)
    scene.destroy()


def test_a_sweep_and_its_dashboard_in_one_apply(scene):
    """Names that are known after apply: the runs make no dashboards of their own."""
    runs = Raw(
        "[for run in [sustainable_ml_training.one, sustainable_ml_training.two] : { name = run.training_job_name, region = run.selected_region }]"
    )
    scene.run(
        step(
            training("one", dashboard="none"),
            training("two", dashboard="none"),
            fleet(jobs=runs),
            plan=[expect_unknown_value("digest", SWEEP)],
            state=[expect_calls(CreateTrainingJob=2, PutDashboard=1)],
        ),
        destroy=False,
    )
    assert list(boards(scene)) == ["sustainable-fleet-sweep"]
    text = boards(scene)["sustainable-fleet-sweep"]["widgets"][0]["properties"]["markdown"]
    assert all(job["name"] in text for job in scene.emulator.jobs())
    scene.destroy()


@pytest.mark.parametrize("arguments", [{"jobs": JOBS[:2]}, {"job_name_prefix": "bert", "regions": ["us-east-1"]}])
def test_import(scene, arguments):
    """What it was made from stands in it: the next plan is empty."""
    scene.run(step(fleet(**arguments)), destroy=False)
    assert scene.workdir.run("state", "rm", SWEEP).code == 0
    assert scene.workdir.run("import", SWEEP, "nothing").code != 0
    assert scene.workdir.run("import", SWEEP, "sweep").code == 0
    scene.expect_pending({})
    scene.destroy()


def test_somebody_elses_dashboard(scene):
    """A name that is taken is an error; what became somebody else's stays at destroy."""
    client = scene.emulator.client("cloudwatch")
    client.put_dashboard(DashboardName="sustainable-fleet-sweep", DashboardBody='{"widgets": []}')
    scene.keep()
    scene.run(
        step(
            fleet(jobs=JOBS),
            error=expect_error(
                "dashboard sustainable-fleet-sweep exists already", "give this one another name", path="name"
            ),
        ),
    )
    client.delete_dashboards(DashboardNames=["sustainable-fleet-sweep"])
    scene.keep()
    scene.run(step(fleet(jobs=JOBS)), destroy=False)
    client.put_dashboard(DashboardName="sustainable-fleet-sweep", DashboardBody='{"widgets": []}')
    scene.keep()
    result = scene.destroy()
    expect_warning("Destroyed; this stays", "no longer what this provider made").check(result)


def test_a_lost_answer(scene):
    """The dashboard exists and nobody knows: the next apply takes it over."""
    scene.provider_arguments = {"max_retries": 1}
    scene.emulator.fault("cloudwatch", "PutDashboard", "lost", count=None)
    scene.write(fleet(jobs=JOBS))
    assert scene.apply().code != 0
    scene.emulator.heal()
    assert scene.apply().code == 0
    scene.destroy()
