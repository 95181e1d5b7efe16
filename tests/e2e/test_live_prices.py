"""Live prices and quotas: through the data source, never in the resource's own plan, and carried along by the placement."""

import pytest
from harness import prices
from harness.config import Raw, data, training
from harness.expect import expect_calls, expect_empty_plan, expect_jobs, expect_warning
from harness.steps import step

WORK = {
    "model_type": "natural_language",
    "dataset_size_gb": 1,
    "estimated_training_hours": 3,
    "training_image": "123456789012.dkr.ecr.{region}.amazonaws.com/train:1",
    "preferred_instance_types": ["ml.g5.xlarge"],
    "reference_instance_type": "ml.g5.xlarge",
    "preferred_training_regions": ["us-east-1", "eu-west-1"],
    "instance_priority": "cost_optimized",
}
SELECTED = Raw("data.sustainable_placement.live.selected")
FILLERS = [f"ml.x{number}.large" for number in range(120)]


def placement(**changed):
    """The data source for the usual work."""
    return data("sustainable_placement", "live", **{**WORK, **changed})


def planned(scene, *items) -> tuple:
    """A plan of these items that has to succeed, and what the data source answered."""
    scene.write(*items)
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    resources = plan["prior_state"]["values"]["root_module"]["resources"]
    return result, next(r["values"] for r in resources if r["address"] == "data.sustainable_placement.live")


def price_list(scene, **usd) -> None:
    """A list of two pages for each region, in which g5.xlarge comes last."""
    entries = [
        prices.sagemaker(name, region, price) for region, price in usd.items() for name in [*FILLERS, "ml.g5.xlarge"]
    ]
    scene.emulator.settings(products=entries)


def test_live_prices_from_plan_to_measured(scene):
    """The cheaper list decides; the run shows that price, and is measured by it."""
    price_list(scene, **{"us-east-1": 9.0, "eu-west-1": 0.5})
    items = (placement(use_live_prices=True), training(**WORK, force_destroy=True, placement=SELECTED))
    mark = scene.emulator.mark()
    _, found = planned(scene, *items)
    assert scene.emulator.calls(mark)["GetProducts"] == 4
    assert found["selected"]["region"] == "eu-west-1"
    assert found["selected"]["price"] == {"usd_per_hour": 0.5, "source": "AWS price list", "date": "2026-11-20"}
    assert "prices 2026-11-20" in found["summary"]
    hours = found["selected"]["estimate"]["runtime_hours"]["value"]

    def shown(seen):
        state = seen.state["sustainable_ml_training.bert"]
        assert state["estimate"] == found["selected"]["estimate"]
        assert state["breakdown"]["compute_usd"] == pytest.approx(0.5 * hours, rel=0.02)
        parts = state["breakdown"]
        assert state["estimate"]["cost_usd"]["value"] == pytest.approx(
            sum(parts[name] or 0 for name in ("compute_usd", "storage_usd", "transfer_usd")), rel=0.02
        )

    scene.run(step(*items, state=[expect_jobs("Active"), shown]), destroy=False)
    scene.emulator.finish_jobs("Completed")

    def measured(seen):
        state = seen.state["sustainable_ml_training.bert"]
        assert state["measured"]["cost_usd"] == pytest.approx(0.5 * state["billable_seconds"] / 3600, rel=0.01)

    # Another list says nothing of a run that exists.
    price_list(scene, **{"us-east-1": 0.1, "eu-west-1": 90.0})
    scene.run(step(*items, plan=[expect_empty_plan()], state=[measured]))


def test_a_price_list_that_cannot_be_read(scene):
    """The catalogue's prices stand, with a warning that says where and why; and no price is asked for unasked."""
    scene.emulator.fault("pricing", "GetProducts", "refused", count=None)
    result, found = planned(scene, placement(use_live_prices=True))
    expect_warning("Some prices are not live", r"stand for .*us-east-1.*pricing:GetProducts").check(result)
    assert found["selected"]["price"]["source"] == "catalogue"
    scene.emulator.heal()
    result, found = planned(scene, placement(use_live_prices=True))
    expect_warning("Some prices are not live", "the price list names none there").check(result)
    mark = scene.emulator.mark()
    planned(scene, placement())
    assert not scene.emulator.calls(mark)


def test_a_quota_that_is_too_small(scene):
    """Rejected with the quota's name and code, by the count of instances; with none left there is no placement."""
    name = "ml.g5.xlarge for training job usage"
    scene.emulator.settings(quotas={f"us-east-1 {name}": 1, f"eu-west-1 {name}": 2})
    cheaper = placement(check_quotas=True, instance_count=2)
    _, found = planned(scene, cheaper)
    assert found["selected"]["region"] == "eu-west-1"
    [reason] = [r["reason"] for r in found["rejected"] if r["region"] == "us-east-1" and r["instance_type"]]
    assert reason.startswith(f'quota "{name}" (L-') and reason.endswith(") is 1, 2 needed"), reason
    scene.emulator.settings(quotas={name: 0})
    result, found = planned(scene, cheaper, training(**WORK))
    assert found["selected"] is None and found["reason"]
    expect_warning("no place", rf'needs the quota "{name}" \(L-\w+\) in \S+ raised from 0 to 2').check(result)


def test_quotas_that_cannot_be_read(scene):
    """A warning, and a placement all the same."""
    scene.emulator.fault("service-quotas", "ListServiceQuotas", "refused", count=None)
    result, found = planned(scene, placement(check_quotas=True))
    expect_warning("Some quotas were not checked", "servicequotas:ListServiceQuotas").check(result)
    assert found["selected"]["region"]


def test_spot_counts_against_a_quota_of_its_own(scene):
    """The one that a spot job needs is the one that is looked up."""
    spot = {"supports_checkpointing": True}
    scene.emulator.settings(quotas={"ml.g5.xlarge for spot training job usage": 0})
    scene.write(placement(check_quotas=True, **spot))
    result, _ = scene.plan()
    expect_warning("no place", "ml.g5.xlarge for spot training job usage").check(result)
    _, found = planned(scene, placement(check_quotas=True))
    assert found["selected"]["capacity"] == "on_demand"


def test_an_outage_of_service_quotas_holds_nothing_up(scene):
    """Nothing depends on the answer: four tries, a warning, and the job. Throttling is waited out as everywhere."""
    scene.emulator.fault("service-quotas", "ListServiceQuotas", "error500", count=None)
    scene.run(
        step(
            training(),
            warnings=[expect_warning("quota not checked", "HTTP status 500")],
            state=[expect_calls(ListServiceQuotas=4, CreateTrainingJob=1)],
        ),
        destroy=False,
    )
    scene.emulator.heal()
    scene.emulator.fault("service-quotas", "ListServiceQuotas", "throttled", count=6)
    scene.run(
        step(
            training(hyperparameters={"rate": "1"}, on_change="rerun"),
            # Six that are throttled, and two pages.
            state=[expect_calls(ListServiceQuotas=8, CreateTrainingJob=1)],
        )
    )
