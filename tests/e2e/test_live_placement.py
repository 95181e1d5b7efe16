"""Live signals: through the data source into the plan, carried out by the apply, and kept whatever comes later."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from harness.config import Block, Raw, data, output, resource, training
from harness.expect import (
    expect_action,
    expect_empty_plan,
    expect_error,
    expect_jobs,
    expect_known_value,
    expect_value_unchanged,
    expect_warning,
)
from harness.signals import KEY, PASSWORD, TOKEN, USER, Signals, dip, flat
from harness.steps import step

# Both the data source and the resource describe this work.
WORK = {
    "model_type": "natural_language",
    "dataset_size_gb": 1,
    "estimated_training_hours": 3,
    "training_image": "123456789012.dkr.ecr.{region}.amazonaws.com/train:1",
    "preferred_instance_types": ["ml.g5.xlarge"],
    "reference_instance_type": "ml.g5.xlarge",
    "preferred_training_regions": ["us-east-1", "eu-west-1"],
}
# Nothing of a run stays after its end, so that a test can look for leftovers.
KEPT = {"force_destroy": True}
US, IE = "US-MIDA-PJM", "IE"
SELECTED = Raw("data.sustainable_placement.live.selected")


@pytest.fixture
def signals():
    """The services, with two grids: Virginia's dirtier than Ireland's."""
    server = Signals()
    server.values = {US: flat(380), IE: flat(60), "GB": flat(150)}
    yield server
    server.stop()


def maps(signals, **changed) -> Block:
    """Electricity Maps, on this machine."""
    usual = {
        "source": "electricity_maps",
        "kind": "average",
        "api_key": KEY,
        "url": f"{signals.url}/v3",
        "timeout": "4s",
    }
    return Block({k: v for k, v in {**usual, **changed}.items() if v is not None})


def placement(label="live", **changed):
    """The data source for the usual work."""
    return data("sustainable_placement", label, **{**WORK, **changed})


def read(plan, address="data.sustainable_placement.live") -> dict:
    """What a plan has read for a data source."""
    resources = plan["prior_state"]["values"]["root_module"]["resources"]
    return next(r["values"] for r in resources if r["address"] == address)


def planned(scene, *items) -> tuple:
    """A plan of these items that has to succeed, and what it read."""
    scene.write(*items)
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    return result, plan


def test_a_live_placement_from_plan_to_destroy(scene, signals):
    """The resource shows the live figures and not the yearly ones; later the service may say what it likes."""
    scene.provider_arguments = {"carbon_signal": maps(signals)}
    items = (placement(), training(**WORK, **KEPT, placement=SELECTED))
    seen = scene.run(
        step(
            *items,
            plan=[
                expect_action("create"),
                expect_known_value("selected_region", "eu-west-1"),
                expect_known_value("summary", lambda text: "eu-west-1" in text),
                expect_known_value("placement.signal.gco2_per_kwh", 60),
                expect_known_value("placement.signal.source", "Electricity Maps"),
            ],
            state=[expect_jobs("Active"), expect_known_value("signal.gco2_per_kwh", 60)],
        ),
        destroy=False,
    )
    state = seen.state["sustainable_ml_training.bert"]
    live = seen.state["data.sustainable_placement.live"]["selected"]
    for name in ("estimate", "baseline", "savings", "signal", "summary"):
        assert state[name] == live[name], name
    parts = state["breakdown"]
    whole = sum(parts[name] or 0 for name in ("operational_kg", "embodied_kg", "transfer_kg"))
    assert whole == pytest.approx(state["estimate"]["emissions_kg"]["value"], rel=0.01)
    # The other grid is cleaner now, then nobody answers, then nothing is feasible: the run stays as it was decided.
    signals.values[US], signals.values[IE] = flat(10), flat(500)
    scene.play(step(*items, plan=[expect_empty_plan()], state=[expect_value_unchanged("summary", "placement")]))
    signals.status = 500
    warned = expect_warning("Electricity Maps gave no signal for IE and US-MIDA-PJM|Electricity Maps gave no signal")
    scene.play(step(*items, plan=[expect_empty_plan()], warnings=[warned]))
    scene.provider_arguments = {"carbon_signal": maps(signals, fallback="none")}
    scene.play(step(*items, plan=[expect_empty_plan()], state=[expect_value_unchanged("summary", "placement")]))
    scene.destroy()


def test_an_expired_placement(scene, signals):
    """Refused by the apply that would make the run, kept on request, and of no interest afterwards."""
    scene.provider_arguments = {"carbon_signal": maps(signals, cache_ttl="1s")}
    items = (placement(), training(**WORK, **KEPT, placement=SELECTED))
    scene.write(*items)
    result, _ = scene.plan()
    assert result.code == 0, result.explain()
    time.sleep(2.5)
    applied = scene.workdir.run("apply", "-json", "tfplan")
    assert applied.code != 0
    expect_error("The placement has expired", "Plan again", path="placement").check(applied)
    scene.expect_nothing_left()
    scene.write(placement(), training(**WORK, **KEPT, placement=SELECTED, on_stale="keep"))
    result, _ = scene.plan()
    assert result.code == 0, result.explain()
    time.sleep(2.5)
    applied = scene.workdir.run("apply", "-json", "tfplan")
    assert applied.code == 0, applied.explain()
    expect_warning("The placement has expired", 'on_stale = "keep"').check(applied)
    scene.expect_pending({})
    scene.destroy()


@pytest.mark.parametrize(
    ("changed", "written"),
    [
        ("edited", 'merge({0}, {{ region = "us-east-1" }})'),
        ("figures edited", 'merge({0}, {{ summary = "nothing at all" }})'),
        ("foreign", "{0}"),
    ],
)
def test_a_placement_that_is_not_for_this_work(scene, signals, changed, written):
    """An error of the plan, before anything exists."""
    scene.provider_arguments = {"carbon_signal": maps(signals)}
    other = {"estimated_training_hours": 4} if changed == "foreign" else {}
    scene.write(placement(**other), training(**WORK, **KEPT, placement=Raw(written.format(SELECTED))))
    result, _ = scene.plan()
    assert result.code != 0
    expect_error("This placement cannot be followed", "digest does not match", path="placement").check(result)


def test_two_providers_with_two_sources(scene, signals):
    """Average and marginal in one configuration, each shown as what it is."""
    signals.values |= {"PJM_DC": flat(400), "IE": flat(700)}
    marginal = Block(
        {"source": "watttime", "kind": "marginal", "username": USER, "password": PASSWORD, "url": signals.url}
    )
    average = maps(signals, zones={"eu-west-1": "IRISH"})
    signals.values["IRISH"] = flat(60)
    other = placement("marginal", provider=Raw("sustainable.marginal"))
    _, plan = planned(
        scene,
        scene.provider(carbon_signal=average),
        scene.provider("marginal", carbon_signal=marginal),
        placement(),
        other,
    )
    one, two = read(plan), read(plan, "data.sustainable_placement.marginal")
    assert (one["selected"]["region"], one["signal"]["kind"], one["signal"]["zone"]) == (
        "eu-west-1",
        "average",
        "IRISH",
    )
    assert (two["selected"]["region"], two["signal"]["kind"], two["signal"]["zone"]) == (
        "us-east-1",
        "marginal",
        "PJM_DC",
    )
    assert two["signal"]["gco2_per_kwh"] == pytest.approx(400, rel=0.01)


def test_what_stands_in_for_a_source_that_fails(scene, signals):
    """The embedded signal with one warning; nothing, where that is asked for or where no average may stand in."""
    signals.status = 503
    result, plan = planned(scene, scene.provider(carbon_signal=maps(signals)), placement())
    found = read(plan)
    assert found["selected"]["signal"]["quality"] in ("annual", "profile")
    assert [d for d in result.warnings if "Electricity Maps gave no signal for" in d.summary], result.explain()
    assert len(result.warnings) == 1, result.explain()
    for block in (
        maps(signals, fallback="none"),
        Block({"source": "watttime", "kind": "marginal", "username": USER, "password": PASSWORD, "url": signals.url}),
    ):
        result, plan = planned(scene, scene.provider(carbon_signal=block), placement())
        found = read(plan)
        assert found["selected"] is None
        assert found["reason"]
        assert len(result.warnings) >= 1, result.explain()


def test_a_region_without_a_marginal_signal(scene, signals):
    """Left out with the reason, and never filled in with an average."""
    signals.values = {"PJM_DC": flat(400), "IE": None}
    block = Block(
        {"source": "watttime", "kind": "marginal", "username": USER, "password": PASSWORD, "url": signals.url}
    )
    result, plan = planned(scene, scene.provider(carbon_signal=block), placement())
    found = read(plan)
    assert (found["selected"]["region"], found["signal"]["kind"]) == ("us-east-1", "marginal")
    reasons = [entry["reason"] for entry in found["rejected"] if entry["region"] == "eu-west-1"]
    assert any("marginal" in reason for reason in reasons), reasons
    expect_warning("WattTime gave no signal for IE", "Nothing stands in").check(result)


def test_no_key_and_nobody_there(scene):
    """Without a key nobody is asked, and a plan is made all the same."""
    block = Block({"source": "electricity_maps", "kind": "average", "url": "http://127.0.0.1:9/v3"})
    result, plan = planned(scene, scene.provider(carbon_signal=block), placement())
    assert read(plan)["selected"]["region"] == "eu-west-1"
    expect_warning("Electricity Maps gave no signal", "token").check(result)
    scene.workdir.environment["ELECTRICITY_MAPS_TOKEN"] = KEY
    result, plan = planned(scene, scene.provider(carbon_signal=block), placement())
    assert read(plan)["selected"]["region"] == "eu-west-1"
    expect_warning("Electricity Maps gave no signal", "connect|reach").check(result)


def test_secrets_stay_secret(scene, signals, tmp_path):
    """No key, password or token in a plan, a state, a log at its most talkative, or a message."""
    log = tmp_path / "log"
    signals.values |= {"PJM_DC": flat(400), "IE": flat(700)}
    watttime = Block(
        {"source": "watttime", "kind": "marginal", "username": USER, "password": PASSWORD, "url": signals.url}
    )
    scene.workdir.environment |= {"TF_LOG": "trace", "TF_LOG_PATH": str(log), "ELECTRICITY_MAPS_TOKEN": KEY}
    scene.write(
        scene.provider(carbon_signal=maps(signals, api_key=None)),
        scene.provider("marginal", carbon_signal=watttime),
        placement(),
        placement("marginal", provider=Raw("sustainable.marginal")),
        training(**WORK, **KEPT, placement=SELECTED),
    )
    planned_, _ = scene.plan()
    applied = scene.workdir.run("apply", "-json", "tfplan")
    assert applied.code == 0, applied.explain()
    shown = scene.workdir.run("show", "-json", "tfplan").stdout
    state = Path(scene.workdir.folder / "terraform.tfstate").read_text()
    texts = {
        "log": log.read_text(errors="replace"),
        "plan": shown,
        "state": state,
        "output": planned_.stdout + planned_.stderr + applied.stdout + applied.stderr,
    }
    assert "sustainable" in texts["log"]
    for where, text in texts.items():
        for secret in (KEY, TOKEN):
            assert secret not in text, f"{secret} in the {where}"
    # Terraform itself writes what a configuration says into its own log and plan file; the provider adds nothing.
    assert PASSWORD not in texts["state"] + texts["output"]
    lines = [
        line for line in texts["log"].splitlines() if PASSWORD in line and "terraform-provider-sustainable" in line
    ]
    assert lines == []
    scene.destroy()


def test_starting_later(scene, signals):
    """The data source decides it and shows it; the resource leaves the start to AWS."""
    signals.values = {US: flat(380), IE: dip(300, 20, hours_from_now=5)}
    late = {"max_start_delay_hours": 12}
    scene.provider_arguments = {"carbon_signal": maps(signals)}
    _, plan = planned(scene, placement(**late), output("chart", "data.sustainable_placement.live.chart"))
    found = read(plan)
    start = datetime.fromisoformat(found["selected"]["start_time"])
    assert start > datetime.now(UTC)
    assert found["expires_at"] == found["selected"]["start_time"]
    assert any(window["chosen"] and window["start"] == found["selected"]["start_time"] for window in found["windows"])
    assert "chosen:" in found["chart"] and found["chart_svg"].startswith("<svg ")
    scene.run(
        step(
            placement(**late),
            training(**WORK, **KEPT, **late, placement=SELECTED),
            state=[
                expect_known_value("training_job_status", "Scheduled"),
                expect_known_value("scheduled_start_time", lambda at: at > found["selected"]["issued_at"]),
                expect_jobs(),
            ],
        )
    )


def test_earliest_start_is_the_time_of_the_plan(scene):
    """The same at plan and apply; a later plan has another time and nothing to do."""
    usual = {**WORK, "preferred_training_regions": ["us-east-1"], "earliest_start": Raw("plantimestamp()")}
    scene.run(
        step(
            training(**usual),
            plan=[expect_action("create"), expect_known_value("estimate.emissions_kg.value")],
            state=[expect_jobs("Active")],
        ),
        step(
            training(**usual), plan=[expect_empty_plan()], state=[expect_value_unchanged("earliest_start", "summary")]
        ),
    )


def test_a_later_start_by_the_usual_day(scene):
    """From the profile that is part of the provider; the data source shows the same start as the resource."""
    late = {
        "dataset_region": "eu-central-1",
        "preferred_training_regions": ["eu-central-1"],
        "earliest_start": "2096-05-14T18:00:00Z",
        "max_start_delay_hours": 24,
    }
    _, plan = planned(scene, placement(**late))
    start = read(plan)["selected"]["start_time"]
    assert start and start > late["earliest_start"]
    assert read(plan)["signal"]["quality"] == "profile"
    scene.write(training(**{**WORK, **late}))
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    [change] = [c for c in plan["resource_changes"] if c["type"] == "sustainable_ml_training"]
    assert change["change"]["after"]["scheduled_start_time"] == start


def test_a_signal_that_is_not_known_yet(scene, signals):
    """Nothing is decided without it, and nothing is blocked."""
    later = resource("terraform_data", "later", input=KEY)
    block = maps(signals, api_key=Raw("terraform_data.later.output"))
    result, plan = planned(scene, later, scene.provider(carbon_signal=block), placement())
    found = read(plan)
    assert found["selected"] is None and "known only after apply" in found["reason"]
    expect_warning("There is no placement yet").check(result)
    assert scene.apply().code == 0
    assert not signals.requests
    _, plan = planned(scene, later, scene.provider(carbon_signal=block), placement())
    assert read(plan)["signal"]["source"] == "Electricity Maps"


def test_a_delay_needs_a_moment(scene):
    """A plan has no clock."""
    scene.write(training(**WORK, **KEPT, max_start_delay_hours=6))
    result, _ = scene.plan()
    assert result.code != 0
    expect_error("max_start_delay_hours needs earliest_start", path="max_start_delay_hours").check(result)


def test_a_deadline_is_looked_at_by_the_apply(scene):
    """What only the clock can say is no matter of the plan."""
    scene.write(training(**WORK, **KEPT, earliest_start="2020-01-01T00:00:00Z", deadline="2020-01-09T00:00:00Z"))
    result, _ = scene.plan()
    assert result.code == 0, result.explain()
    applied = scene.workdir.run("apply", "-json", "tfplan")
    assert applied.code != 0
    expect_error(detail="Nothing was created", path="deadline").check(applied)
    scene.expect_nothing_left()


def test_nothing_feasible_blocks_nothing(scene, signals):
    """The data source says why, the resource raises the error, and a destroy goes through."""
    scene.provider_arguments = {"carbon_signal": maps(signals)}
    scene.play(step(placement(), training(**WORK, **KEPT, placement=SELECTED)))
    hopeless = {"carbon_intensity_threshold": 5}
    again = (placement(**hopeless), training(**WORK, **KEPT, **hopeless, placement=SELECTED))
    scene.play(step(*again, state=[expect_value_unchanged("summary", "placement")], warnings=[expect_warning("No|no")]))
    signals.status = 500
    scene.destroy()
    scene.write(*again)
    result, _ = scene.plan()
    assert result.code != 0


def test_other_sources(scene, signals, tmp_path):
    """Each shape that a service answers in reaches a plan."""
    signals.values |= {"us-east-1": flat(380), "eu-west-1": flat(60)}
    file = tmp_path / "grid.csv"
    start = int(time.time()) // 3600 * 3600
    rows = [f"{datetime.fromtimestamp(start + h * 3600, UTC):%Y-%m-%dT%H:%M:%SZ},380,60" for h in range(48)]
    file.write_text("\n".join([f"timestamp_utc,{US},{IE}", *rows]) + "\n")
    for block, regions, source in (
        (
            Block(source="file", kind="average", factor_type="life_cycle", path=str(file)),
            WORK["preferred_training_regions"],
            "grid.csv",
        ),
        (
            Block(source="carbon_aware_sdk", kind="average", factor_type="life_cycle", url=signals.url),
            WORK["preferred_training_regions"],
            "Carbon Aware SDK",
        ),
    ):
        _, plan = planned(scene, scene.provider(carbon_signal=block), placement(preferred_training_regions=regions))
        found = read(plan)
        assert found["signal"]["source"] == source, found
        assert found["selected"]["region"] == "eu-west-1", found
    # One grid alone: its hours.
    gb = Block(source="gb_carbon_intensity", kind="average", url=signals.url)
    signals.values["GB"] = dip(150, 50, hours_from_now=4)
    where = {"dataset_region": "eu-west-2", "preferred_training_regions": ["eu-west-2"], "max_start_delay_hours": 12}
    _, plan = planned(scene, scene.provider(carbon_signal=gb), placement(**where))
    assert "GB Carbon Intensity" in read(plan)["signal"]["source"]
    assert read(plan)["selected"]["start_time"]


def test_a_start_that_is_asked_for_and_not_chosen(scene):
    """Without a delay the placement names no start: the run begins at the moment that was asked for, and the state says it."""
    asked = {"earliest_start": "2096-05-14T18:00:00Z"}
    scene.run(
        step(
            placement(**asked),
            training(**WORK, **KEPT, **asked, placement=SELECTED),
            plan=[expect_known_value("scheduled_start_time", "2096-05-14T18:00:00Z")],
            state=[expect_known_value("training_job_status", "Scheduled"), expect_jobs()],
        ),
        destroy=False,
    )
    # A tainted object is destroyed without the private state: the start has to be found by what the state says.
    assert scene.workdir.run("taint", "sustainable_ml_training.bert").code == 0
    assert scene.apply().code == 0
    assert len(scene.emulator.schedules()) == 1
    scene.destroy()
