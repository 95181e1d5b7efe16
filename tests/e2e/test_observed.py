"""What a run is seen to do: figures measured after its end, its dashboard, and word to a topic."""

import json
import re

import pytest
from harness.config import training
from harness.emulator import RUNS_ON
from harness.expect import (
    expect_action,
    expect_calls,
    expect_error,
    expect_known_value,
    expect_null_value,
    expect_warning,
)
from harness.steps import step

TOPIC = "arn:aws:sns:us-east-1:123456789012:ml"
# One hour of training on ml.g5.xlarge: 1 GPU, 4 vCPUs.
HOUR = ["Starting", "Downloading", {"status": "Training", "seconds": 3600}, "Uploading", "Completed"]


def ended(scene, utilisation=None, steps=HOUR):
    """A run that is over, with metrics or without."""
    scene.emulator.script_jobs(steps, utilisation=utilisation or {})
    scene.run(step(training()), destroy=False)
    for job in scene.emulator.jobs():
        scene.emulator.control("POST", "jobs/advance", {"name": job["name"], "end": True})


BUSY = {
    "GPUUtilization": [93, 97],
    "GPUMemoryUtilization": 70,
    "CPUUtilization": 160,
    "MemoryUtilization": 40,
    "DiskUtilization": 20,
}
WAITING = {**BUSY, "GPUUtilization": [95, 95, 3, 2], "CPUUtilization": 60}


@pytest.mark.parametrize(
    ("utilisation", "method", "coverage", "bottleneck", "score"),
    [
        (BUSY, "measured+modelled", 100, "none", lambda score: 85 <= score <= 100),
        (WAITING, "measured+modelled", 100, "data_loading", lambda score: 40 <= score <= 80),
        (None, "modelled", 0, "unknown", None),
    ],
    ids=["busy", "waiting", "without metrics"],
)
def test_what_a_run_took(scene, utilisation, method, coverage, bottleneck, score):
    """After the end, the refresh tells energy with its range, how it was found, and what held the run up."""
    ended(scene, utilisation)
    seen = scene.run(
        step(
            plan=[expect_action("no-op")],
            state=[
                expect_known_value("outcome", "succeeded"),
                expect_known_value("measured.method", method),
                expect_known_value("measured.coverage_percent", lambda percent: abs(percent - coverage) <= 2),
                expect_known_value("efficiency.bottleneck", bottleneck),
                expect_known_value("efficiency.score", score),
                expect_known_value("estimate_error_percent", lambda percent: percent < 0),
            ],
        ),
        destroy=False,
    )
    run = seen.state["sustainable_ml_training.bert"]
    measured = run["measured"]
    assert measured["energy_kwh_low"] < measured["energy_kwh"] < measured["energy_kwh_high"]
    assert measured["emissions_kg_low"] < measured["emissions_kg"] < measured["emissions_kg_high"]
    assert 1.0 <= measured["runtime_hours"] < 1.1
    if utilisation is WAITING:
        assert "num_data_loader_workers" in run["efficiency"]["recommendations"][0]
        # Half of the time near idle: less than training power for an hour.
        assert measured["energy_kwh"] < 0.209 * 1.2
    if utilisation is None:
        assert "cloudwatch:GetMetricData" in run["efficiency"]["recommendations"][0]
    scene.destroy()


def test_metrics_are_kept_when_cloudwatch_forgets_them(scene):
    """Once they cover the run they are not asked for again, and what they told stays."""
    ended(scene, BUSY)
    first = scene.run(step(state=[expect_known_value("measured.coverage_percent", 100)]), destroy=False)
    scene.emulator.advance(500 * 86_400)
    mark = scene.emulator.mark()
    again = scene.run(step(), destroy=False)
    name = "sustainable_ml_training.bert"
    assert again.state[name]["measured"] == first.state[name]["measured"]
    assert again.state[name]["efficiency"] == first.state[name]["efficiency"]
    assert not scene.emulator.calls(mark)["GetMetricData"]
    scene.destroy()


def test_a_refresh_that_may_not_read_metrics(scene):
    """Refused or broken: no error, and the run counts at its usual training power."""
    ended(scene, BUSY)
    scene.emulator.fault("cloudwatch", "GetMetricData", "refused", count=None)
    scene.run(
        step(state=[expect_known_value("measured.method", "modelled"), expect_null_value("efficiency.score")]),
        destroy=False,
    )
    scene.emulator.heal()
    # Allowed again: the next refresh finds them.
    scene.run(step(state=[expect_known_value("measured.method", "measured+modelled")]))


def board(scene) -> dict:
    (found,) = scene.emulator.control("GET", "inventory")["dashboards"]
    return found["body"]


def graphs(body: dict) -> dict:
    return {w["properties"]["title"]: w["properties"] for w in body["widgets"] if w["type"] == "metric"}


def value_of(graph: dict, **shares: float) -> dict:
    """The expressions of a graph for one moment; RUNNING_SUM is that moment's, PERIOD one hour."""
    known = {"PERIOD": lambda _: 3600, "RUNNING_SUM": lambda x: x, "FILL": lambda x, _: x, "REPEAT": 0}
    known |= {"IF": lambda test, yes, no: yes if test else no, "AVG": lambda all_: sum(all_) / len(all_)}
    found = {}
    for entry in graph["metrics"]:
        options = entry[-1] if isinstance(entry[-1], dict) else {}
        if "expression" in options:
            found[options["id"]] = eval(options["expression"], {}, {**known, **found})
        elif "id" in options:
            found[options["id"]] = shares[entry[1]]
    return found


def test_the_dashboard_of_a_run(scene):
    """Use, estimate, links, and watts, kg and USD by the estimate's own power model."""
    metrics = {"train:loss": "loss=([0-9.]+)", "accuracy": "acc=([0-9.]+)", "gco2_per_kwh": "grid=([0-9.]+)"}
    seen = scene.run(step(training(metric_definitions=metrics, instance_count=2)), destroy=False)
    state = seen.state["sustainable_ml_training.bert"]
    body = board(scene)
    texts = "\n".join(w["properties"]["markdown"] for w in body["widgets"] if w["type"] == "text")
    for words in (
        "Energy:",
        "Cost:",
        "Baseline:",
        state["training_job_name"],
        "[Logs](https://",
        "[Artifacts](https://",
    ):
        assert words in texts, texts
    found = graphs(body)
    assert list(found) == [
        "GPU utilisation (100 % for each GPU)",
        "GPU memory (100 % for each GPU)",
        "CPU utilisation (100 % for each vCPU)",
        "Memory and disk (%)",
        "Power (W, left) and energy (kWh, right), modelled",
        "Emissions (kg/h and kg, left) and intensity (right), modelled",
        "Cost so far (USD at list price), modelled",
        "Training and validation loss",
        "Metrics of the training code",
    ]
    job = state["training_job_name"]
    hosts = {entry[3] for entry in found["GPU utilisation (100 % for each GPU)"]["metrics"]}
    assert hosts == {f"{job}/algo-1", f"{job}/algo-2"}
    # ml.g5.xlarge: 41.8 W idle, 209.2 W while training; two of them, PUE of the region above 1.
    power = found["Power (W, left) and energy (kWh, right), modelled"]
    idle = value_of(power, GPUUtilization=0, CPUUtilization=0)
    assert idle["it"] == pytest.approx(2 * 41.8, rel=1e-3)
    usual = value_of(power, GPUUtilization=100, CPUUtilization=400 * 0.4007)
    assert usual["it"] == pytest.approx(2 * 209.2, rel=5e-3)
    assert usual["kwh"] == pytest.approx(usual["w"] / 1000)
    assert 1.05 < usual["w"] / usual["it"] < 1.5
    (mark,) = power["annotations"]["horizontal"]
    assert mark["value"] == pytest.approx(usual["w"], rel=5e-3)
    emissions = found["Emissions (kg/h and kg, left) and intensity (right), modelled"]
    kg = value_of(emissions, GPUUtilization=100, CPUUtilization=160, gco2_per_kwh=400)
    assert kg["ci"] == 400 and kg["kg"] == pytest.approx(kg["w"] * 400e-6, rel=0.1)
    assert [m["value"] for m in emissions["annotations"]["horizontal"]] == [
        state["estimate"]["emissions_kg"][end] for end in ("value", "low", "high")
    ]
    hours = state["estimate"]["runtime_hours"]["value"]
    cost = value_of(found["Cost so far (USD at list price), modelled"], CPUUtilization=100, GPUUtilization=100)
    assert cost["usd"] * hours == pytest.approx(state["estimate"]["cost_usd"]["value"], rel=0.02)
    scene.destroy()


def test_many_instances_are_drawn_as_their_mean_and_ends(scene):
    scene.run(step(training(instance_count=20)), destroy=False)
    for title, graph in graphs(board(scene)).items():
        shown = [e for e in graph["metrics"] if not isinstance(e[-1], dict) or e[-1].get("visible", True)]
        assert len(shown) <= 6, (title, len(shown))
    scene.destroy()


def watchers(scene) -> tuple[list, list]:
    found = scene.emulator.control("GET", "inventory")
    return found["event_rules"], found["alarms"]


def test_word_to_a_topic(scene):
    """Rule and alarm: made before the job, changed in place, put back, removed when the topic is left out."""
    scene.emulator.script_jobs(RUNS_ON)
    other = TOPIC.replace(":ml", ":research")
    scene.run(
        step(training(alarm_sns_topic_arn=TOPIC), state=[expect_calls(PutRule=1, PutTargets=1, PutMetricAlarm=1)]),
        step(state=[expect_calls(PutRule=0, PutMetricAlarm=0)]),
        destroy=False,
    )
    (rule,), (alarm,) = watchers(scene)
    (job,) = scene.emulator.jobs()
    assert rule["pattern"]["detail"] == {
        "TrainingJobName": [job["name"]],
        "TrainingJobStatus": ["Failed", "Stopped"],
    }
    assert [target["Arn"] for target in rule["targets"]] == [TOPIC]
    assert alarm["actions"] == [TOPIC] and alarm["treat_missing_data"] == "notBreaching"
    for tags in (rule["tags"], alarm["tags"]):
        assert tags["ManagedBy"] == "terraform-provider-sustainable" and tags["sustainable:training"] == "bert"
    scene.run(
        step(
            training(alarm_sns_topic_arn=other, tags={"team": "nlp"}),
            plan=[expect_action("update")],
            state=[expect_calls(CreateTrainingJob=0, PutRule=1, PutMetricAlarm=1)],
        ),
        destroy=False,
    )
    (rule,), (alarm,) = watchers(scene)
    assert [target["Arn"] for target in rule["targets"]] == alarm["actions"] == [other]
    assert rule["tags"]["team"] == alarm["tags"]["team"] == "nlp"
    scene.run(
        step(
            before=lambda: scene.emulator.client("cloudwatch").delete_alarms(AlarmNames=[alarm["name"]]),
            plan=[expect_action("update")],
            warnings=[expect_warning("removed elsewhere", f"alarm {alarm['name']} is gone")],
            state=[expect_calls(PutMetricAlarm=1, CreateTrainingJob=0)],
        ),
        step(training(), plan=[expect_action("update")], state=[expect_calls(DeleteRule=1, DeleteAlarms=1)]),
        destroy=False,
    )
    assert watchers(scene) == ([], [])
    scene.destroy()


@pytest.mark.parametrize(
    ("secondary", "told"),
    [("Completed", False), ("Failed", True), ("Stopped", True), ("MaxRuntimeExceeded", True)],
)
def test_only_a_bad_end_is_told(scene, secondary, told):
    scene.run(step(training(alarm_sns_topic_arn=TOPIC)), destroy=False)
    scene.emulator.finish_jobs(secondary, "AlgorithmError: no" if secondary == "Failed" else "")
    notices = scene.emulator.control("GET", "notices")["notices"]
    assert [notice["target"] for notice in notices] == ([TOPIC] if told else [])
    scene.destroy()


def test_a_new_run_is_watched_and_the_old_one_is_not(scene):
    arguments = {"alarm_sns_topic_arn": TOPIC, "on_change": "rerun"}
    scene.run(
        step(training(**arguments)),
        step(training(hyperparameters={"rate": "2"}, **arguments), state=[expect_calls(CreateTrainingJob=1)]),
        destroy=False,
    )
    (rule,), (alarm,) = watchers(scene)
    now = scene.emulator.jobs()[-1]["name"]
    assert rule["pattern"]["detail"]["TrainingJobName"] == [now]
    assert now in json.dumps(alarm["metrics"], default=str)
    # A new run without a topic leaves nothing of the old one's.
    scene.run(step(training(hyperparameters={"rate": "3"}, on_change="rerun")), destroy=False)
    assert watchers(scene) == ([], [])
    scene.destroy()


def test_a_topic_in_another_region(scene):
    scene.run(
        step(
            training(alarm_sns_topic_arn=TOPIC.replace("us-east-1", "eu-west-1")),
            error=expect_error(
                "The topic is in another region than the run",
                r"names a topic in eu-west-1, and the run goes to us-east-1: .*Give a topic in us-east-1",
                path="alarm_sns_topic_arn",
            ),
        ),
        destroy=False,
    )
    scene.expect_nothing_left()


def test_somebody_elses_rule_is_not_taken_over(scene):
    """The name is taken by what is not ours: an error before the job, and theirs stays as it was."""
    scene.run(step(training(alarm_sns_topic_arn=TOPIC)), destroy=False)
    (rule,), _ = watchers(scene)
    scene.destroy()
    events = scene.emulator.client("events")
    events.put_rule(Name=rule["name"], EventPattern='{"source": ["aws.ec2"]}')
    scene.keep()
    scene.run(
        step(
            training(alarm_sns_topic_arn=TOPIC),
            error=expect_error(re.escape(f"EventBridge rule {rule['name']} exists"), "Delete it, or leave"),
            state=[expect_calls(CreateTrainingJob=0, PutRule=0)],
        ),
    )
    assert json.loads(events.describe_rule(Name=rule["name"])["EventPattern"]) == {"source": ["aws.ec2"]}


def test_a_figure_that_is_left_out_and_asked_for_again(scene):
    """After the end too: `measured` follows, from the metrics, and the dashboard with the change."""
    ended(scene, BUSY)
    name = "sustainable_ml_training.bert"
    first = scene.run(step(state=[expect_known_value("measured.coverage_percent", 100)]), destroy=False)
    kg = first.state[name]["measured"]["emissions_kg"]
    without = training(track_carbon_emissions=False)
    scene.run(
        step(without, plan=[expect_action("update")], state=[expect_calls(PutDashboard=1, CreateTrainingJob=0)]),
        step(without, state=[expect_null_value("measured.emissions_kg"), expect_known_value("measured.energy_kwh")]),
        destroy=False,
    )
    assert "Emissions (kg/h and kg, left) and intensity (right), modelled" not in graphs(board(scene))
    back = [
        expect_known_value("measured.emissions_kg", kg),
        expect_known_value("measured.method", "measured+modelled"),
    ]
    scene.run(step(training(), plan=[expect_action("update")]), step(training(), state=back))


def test_a_dashboard_that_is_refused_for_good(scene):
    """Told by each apply, and nothing else waits for it."""
    scene.emulator.fault("cloudwatch", "PutDashboard", "refused", count=None)
    told = expect_warning("no dashboard", r'dashboard = "none" avoids the call.*AccessDenied')
    scene.run(step(training(), warnings=[told], pending={"sustainable_ml_training.bert": ["update"]}), destroy=False)
    scene.run(
        step(
            training(tags={"team": "nlp"}),
            warnings=[told],
            pending={"sustainable_ml_training.bert": ["update"]},
            state=[expect_known_value("tags_all.team", "nlp"), expect_null_value("dashboard_url")],
        ),
        step(training(tags={"team": "nlp"}, dashboard="none"), plan=[expect_action("update")]),
    )
