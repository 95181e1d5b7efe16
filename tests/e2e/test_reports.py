"""Reports of what trainings took: the data source looks, the resource keeps one in a bucket."""

import json
import re

import pytest
from harness.config import Raw, data, output, resource, training
from harness.expect import changes, expect_action, expect_calls, expect_known_value, expect_warning
from harness.steps import step
from test_observed import BUSY

KEPT = "sustainable_training_report.kept"
FOLDER = "sustainability-reports/quarter/"


def report(**arguments):
    return data("sustainable_training_report", "all", s3_bucket_name="training-data", **arguments)


def kept(**arguments):
    return resource("sustainable_training_report", "kept", name="quarter", s3_bucket_name="training-data", **arguments)


def ask(scene, **arguments) -> dict:
    """What the data source answers, by itself."""
    scene.write(report(**arguments))
    result = scene.apply()
    assert result.code == 0, result.explain()
    scene.warnings = result.warnings
    return scene.workdir.state()["data.sustainable_training_report.all"]


def run(scene, label: str, ends: str | None, utilisation=None, **arguments) -> None:
    """A training that was run, ended so, and forgotten by its state."""
    scene.write(training(label, **arguments))
    result = scene.apply()
    assert result.code == 0, result.explain()
    if ends:
        scene.emulator.finish_jobs(ends, utilisation=utilisation or {})
    assert scene.workdir.run("state", "rm", f"sustainable_ml_training.{label}").code == 0


def test_nothing_is_a_report_too(scene):
    """No run, no bucket: an empty report, and a warning only where something is wrong."""
    empty = ask(scene, name_prefix="none-")
    assert empty["totals"]["runs"] == 0 and empty["runs"] == [] and empty["elsewhere"] == []
    assert empty["remarks"] == ['No run was found for "Trainings none-* in training-data".']
    assert "<h1>Trainings none-* in training-data</h1>" in empty["html"] and not scene.warnings
    scene.write(data("sustainable_training_report", "all", s3_bucket_name="no-such-bucket"))
    result = scene.apply()
    assert result.code == 0, result.explain()
    expect_warning("there is no bucket no-such-bucket").check(result)


def test_runs_of_every_kind(scene):
    """Succeeded, failed and under way; elsewhere; one that does not report emissions; a damaged and a newer manifest."""
    run(scene, "good", "Completed", BUSY, model_parameters_millions=110, metric_definitions={"loss": "loss=([0-9.]+)"})
    run(scene, "bad", "Failed")
    run(scene, "quiet", "Completed", track_carbon_emissions=False)
    run(scene, "open", None)
    s3 = scene.emulator.client("s3")
    s3.put_object(Bucket="training-data", Key="sustainable/runs/broken-1/manifest.json", Body=b"{ no json")
    s3.put_object(Bucket="training-data", Key="sustainable/runs/future-1/manifest.json", Body=b'{"format": 99}')
    s3.put_object(Bucket="training-data", Key="sustainable/runs/nothing/other.txt", Body=b"x")
    mark = scene.emulator.mark()
    seen = ask(scene, compare_regions=["us-east-1", "eu-north-1", "ap-south-1"])
    calls = scene.emulator.calls(mark)
    assert not {"PutObject", "DeleteObject", "AddTags", "CreateTrainingJob"} & set(calls), calls

    runs = {one["name"]: one for one in seen["runs"]}
    assert {name: (one["basis"], one["outcome"]) for name, one in runs.items()} == {
        "good": ("measured", "succeeded"),
        "bad": ("measured", "failed"),
        "quiet": ("measured", "succeeded"),
        "open": ("estimate", "pending"),
    }
    good = runs["good"]
    assert good["energy_kwh"]["value"] > 0 and good["cost_usd"]["value"] > 0
    assert good["kg_per_million_parameters"] == pytest.approx(good["emissions_kg"]["value"] / 110, rel=0.01)
    assert good["energy_kwh"]["low"] < good["energy_kwh"]["value"] < good["energy_kwh"]["high"]
    assert (good["bottleneck"], good["method"]) == ("none", "measured+modelled") and good["efficiency_score"] > 85, good
    assert good["saved_cost_usd"] is not None and good["efficiency_percent"] is not None
    assert runs["open"]["efficiency_score"] is None and runs["open"]["method"] is None
    assert "How well the instances were used" in seen["html"] and "measured+modelled" in seen["html"]
    assert good["saved_emissions_kg"] is not None and runs["bad"]["saved_emissions_kg"] is None
    assert runs["quiet"]["emissions_kg"]["value"] is None and runs["quiet"]["energy_kwh"]["value"] > 0
    assert runs["open"]["emissions_kg"]["low"] < runs["open"]["emissions_kg"]["value"]

    totals = seen["totals"]
    assert (totals["runs"], totals["measured"], totals["estimated"], totals["succeeded"]) == (4, 3, 1, 2)
    kg = sum(one["emissions_kg"]["value"] or 0 for one in runs.values())
    assert totals["emissions_kg"]["value"] == pytest.approx(kg, rel=0.01)
    elsewhere = {row["region"]: row for row in seen["elsewhere"]}
    assert list(elsewhere) == ["eu-north-1", "us-east-1", "ap-south-1"]
    assert elsewhere["us-east-1"]["emissions_kg"] == pytest.approx(kg, rel=0.01)
    assert elsewhere["eu-north-1"]["difference_percent"] < -50 < 0 < elsewhere["ap-south-1"]["difference_percent"]

    remarks = "\n".join(seen["remarks"])
    assert re.search(r"broken-1/manifest\.json is left out: It is damaged", remarks), remarks
    assert re.search(r"future-1/manifest\.json is left out: It was written by a newer version", remarks), remarks
    assert "The totals hold no emissions of 1 of 4 runs" in remarks
    document = json.loads(seen["json"])
    assert document["totals"]["runs"] == 4 and len(document["runs"]) == 4
    assert seen["html"].count("<svg") == 2 and "<script" not in seen["html"]
    # Text of others cannot become markup.
    assert "{ no json" not in seen["html"]
    one = ask(scene, training_job_name=good["training_job_name"])
    assert [run["name"] for run in one["runs"]] == ["good"]


def test_a_run_elsewhere_is_found(scene):
    """In its companion bucket, through the claim in the data bucket."""
    scene.run(
        step(training(preferred_training_regions=["eu-north-1"], force_destroy=True)),
        step(
            training(preferred_training_regions=["eu-north-1"], force_destroy=True),
            report(),
            output("regions", "data.sustainable_training_report.all.runs[*].region"),
        ),
        destroy=False,
    )
    seen = scene.workdir.state()["data.sustainable_training_report.all"]
    assert [one["region"] for one in seen["runs"]] == ["eu-north-1"]
    scene.write(training(preferred_training_regions=["eu-north-1"], force_destroy=True))
    assert scene.apply().code == 0
    scene.destroy()


def test_a_report_is_kept(scene):
    """Written, left alone, written again when a run ends or a file is changed, removed with the resource."""
    s3 = scene.emulator.client("s3")

    def body(name):
        return s3.get_object(Bucket="training-data", Key=FOLDER + name)["Body"].read()

    items = (training(), kept(name_prefix="bert", depends_on=[Raw("sustainable_ml_training.bert")]))
    scene.run(
        step(*items, state=[expect_known_value("totals.estimated", 1, KEPT)]),
        step(
            *items,
            before=lambda: scene.emulator.finish_jobs("Completed"),
            plan=[expect_action("update", KEPT)],
            state=[expect_known_value("totals.measured", 1, KEPT)],
        ),
        step(
            *items,
            before=lambda: s3.put_object(Bucket="training-data", Key=FOLDER + "report.html", Body=b"mine"),
            plan=[expect_action("update", KEPT)],
            state=[expect_calls(PutObject=1)],
        ),
        step(
            *items,
            before=lambda: s3.delete_object(Bucket="training-data", Key=FOLDER + "report.json"),
            plan=[expect_action("update", KEPT)],
            state=[expect_calls(PutObject=1)],
        ),
        destroy=False,
    )
    assert b"<svg" in body("report.html")
    assert json.loads(body("report.json"))["totals"]["runs"] == 1
    scene.destroy()
    assert not s3.list_objects_v2(Bucket="training-data", Prefix=FOLDER).get("Contents")


def test_what_others_wrote_stays(scene):
    """Never replaced, and not removed after a change."""
    s3 = scene.emulator.client("s3")
    s3.put_object(Bucket="training-data", Key=FOLDER + "report.html", Body=b"theirs")
    scene.keep()
    scene.write(kept())
    result = scene.apply()
    assert result.code != 0
    assert any("was not written by this provider" in e.summary + e.detail for e in result.errors), result.explain()
    assert not scene.workdir.state()
    s3.delete_object(Bucket="training-data", Key=FOLDER + "report.html")
    assert scene.apply().code == 0
    s3.put_object(Bucket="training-data", Key=FOLDER + "report.html", Body=b"theirs")
    result = scene.workdir.run("destroy", "-json", "-auto-approve", "-refresh=false")
    assert result.code == 0, result.explain()
    expect_warning("was changed and stays", "report.html").check(result)
    left = [one["Key"] for one in s3.list_objects_v2(Bucket="training-data", Prefix=FOLDER)["Contents"]]
    assert left == [FOLDER + "report.html"]


@pytest.mark.long
def test_two_hundred_runs(scene):
    """Read side by side; the page shows the greatest, the JSON all."""
    run(scene, "many", "Completed")
    s3 = scene.emulator.client("s3")
    job = scene.emulator.jobs()[0]["name"]
    manifest = (
        s3.get_object(Bucket="training-data", Key=f"sustainable/runs/{job}/manifest.json")["Body"].read().decode()
    )
    for number in range(199):
        name = f"many-{number:04}"
        text = manifest.replace(job, name)
        s3.put_object(Bucket="training-data", Key=f"sustainable/runs/{name}/manifest.json", Body=text.encode())
    seen = ask(scene, name_prefix="many")
    assert (seen["totals"]["runs"], seen["totals"]["measured"], seen["totals"]["estimated"]) == (200, 1, 199)
    assert "The 20 greatest of 200." in seen["html"] and len(json.loads(seen["json"])["runs"]) == 200
    _, plan = scene.plan()
    assert not changes(plan)


def test_a_run_that_cannot_be_looked_at(scene):
    """Left out with the reason, and the report is the same until the reason is gone."""
    run(scene, "good", "Completed")
    scene.emulator.fault("sagemaker", "DescribeTrainingJob", "refused", count=None)
    items = (kept(),)
    scene.run(
        step(*items, state=[expect_known_value("remarks.1", re.compile(r"is left out: .*AccessDenied"), KEPT)]),
        step(*items, plan=[expect_action("no-op", KEPT)], state=[expect_calls(PutObject=0)]),
        destroy=False,
    )
    scene.emulator.heal()
    found = step(*items, plan=[expect_action("update", KEPT)], state=[expect_known_value("totals.runs", 1, KEPT)])
    scene.run(found, destroy=False)
