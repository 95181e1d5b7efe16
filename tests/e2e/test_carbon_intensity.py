"""`data.sustainable_carbon_intensity`, and the function with the same arithmetic."""

from datetime import datetime

import pytest
from harness.config import Block, data, output
from harness.expect import expect_warning
from harness.signals import KEY, Signals, dip, flat


@pytest.fixture
def signals():
    """Ireland, with three cleaner hours from the fifth hour on."""
    server = Signals()
    server.values = {"IE": dip(300, 60, hours_from_now=5)}
    yield server
    server.stop()


def maps(signals, **changed) -> Block:
    """Electricity Maps, on this machine."""
    usual = {"source": "electricity_maps", "kind": "average", "api_key": KEY, "url": f"{signals.url}/v3"}
    return Block({**usual, **changed})


def read(scene, block, *more, **asked) -> tuple:
    """The result of a plan, and what the data source answered in it."""
    scene.write(scene.provider(carbon_signal=block), data("sustainable_carbon_intensity", "grid", **asked), *more)
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    [resource] = plan["prior_state"]["values"]["root_module"]["resources"]
    return result, resource["values"], plan


def test_the_coming_hours(scene, signals):
    """Mean, bounds and best hours, and the function finds the same."""
    grid = "data.sustainable_carbon_intensity.grid"
    again = output(
        "again",
        f"provider::sustainable::mean_intensity({grid}.series, {grid}.best_windows[0].start, 3)",
    )
    _, found, plan = read(scene, maps(signals), again, region="eu-west-1", hours=24, window_hours=[3, 6, 100])
    assert (found["source"], found["kind"], found["quality"]) == ("Electricity Maps", "average", "forecast")
    # A forecast is drawn a little towards what its grid usually does.
    assert (found["min"], found["max"], found["gco2_per_kwh"]) == pytest.approx((60, 300, 300), rel=0.05)
    assert found["min"] < found["mean"] < found["max"]
    three, six = found["best_windows"]
    assert (three["hours"], three["gco2_per_kwh"]) == pytest.approx((3, 60), rel=0.05)
    assert three["below_first_percent"] == pytest.approx(80, abs=2)
    assert six["gco2_per_kwh"] == pytest.approx(180, rel=0.05)
    assert datetime.fromisoformat(three["start"]).minute == 0
    assert len(found["series"]) in (24, 25)
    assert found["covered_hours"] <= 24
    assert "best 3 h" in found["chart"]
    assert plan["planned_values"]["outputs"]["again"]["value"] == pytest.approx(three["gco2_per_kwh"], abs=0.001)


@pytest.mark.parametrize(("period", "quality"), [("history", "live"), ("latest", "live")])
def test_hours_that_are_over(scene, signals, period, quality):
    """What was measured, and what is measured now."""
    hours = {"hours": 6} if period == "history" else {}
    _, found, _ = read(scene, maps(signals), zone="IE", period=period, **hours)
    assert found["quality"] == quality
    assert 50 < found["gco2_per_kwh"] < 310
    assert found["series"]


@pytest.mark.parametrize("period", ["forecast", "history", "latest"])
def test_the_embedded_signal_needs_nobody(scene, period):
    """No source, no key, no network."""
    scene.write(scene.provider(), data("sustainable_carbon_intensity", "grid", region="eu-north-1", period=period))
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    [resource] = plan["prior_state"]["values"]["root_module"]["resources"]
    found = resource["values"]
    assert found["quality"] in ("annual", "profile")
    assert 5 < found["mean"] < 60
    assert found["issued_at"] is None and found["reason"] is None
    assert found["renewable_percent"] > 50


def test_a_source_that_fails(scene, signals):
    """The embedded signal with the reason, or the reason alone."""
    signals.status = 500
    result, found, _ = read(scene, maps(signals), region="eu-west-1")
    assert found["mean"] > 0 and found["source"] != "Electricity Maps" and "500" in found["reason"]
    expect_warning("Electricity Maps gave no signal for IE", "500").check(result)
    result, found, _ = read(scene, maps(signals, fallback="none"), region="eu-west-1")
    assert found["mean"] is None and found["reason"]
    assert len(result.warnings) == 1
    signals.status, signals.values = 200, {"FR": flat(30)}
    _, found, _ = read(scene, maps(signals), region="eu-west-1")
    assert found["reason"]
