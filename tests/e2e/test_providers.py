"""Provider blocks: several of them, and one with nothing in it."""

from harness.config import Block, Raw, training
from harness.expect import expect_action, expect_known_value
from harness.steps import step


def test_two_regions_by_alias(scene):
    scene.emulator.seed("data-in-frankfurt", "eu-central-1")
    scene.keep()
    here = training("here")
    there = training("there", s3_bucket_name="data-in-frankfurt").with_(provider=Raw("sustainable.eu"))
    scene.run(
        step(
            scene.provider(),
            scene.provider(alias="eu", region="eu-central-1"),
            here,
            there,
            plan=[
                expect_known_value("selected_region", "us-east-1", "sustainable_ml_training.here"),
                expect_known_value("selected_region", "eu-central-1", "sustainable_ml_training.there"),
            ],
        )
    )


def test_a_plan_needs_no_credentials(scene):
    """The embedded decision asks AWS for nothing."""
    provider = scene.provider(access_key=None, secret_key=None)
    scene.write(provider, training())
    mark = scene.emulator.mark()
    result, plan = scene.plan()
    assert result.code == 0, result.explain()
    after = plan["resource_changes"][0]["change"]["after"]
    assert after["selected_region"] == "us-east-1" and after["estimate"]["energy_kwh"]["value"] > 0
    assert not scene.emulator.calls(mark)
    applied = scene.workdir.run("apply", "-json", "tfplan")
    assert applied.code != 0 and any("credential" in f"{e.summary} {e.detail}".lower() for e in applied.errors), (
        applied.explain()
    )
    scene.expect_nothing_left()


def test_a_wrong_account_is_refused(scene):
    scene.write(scene.provider(allowed_account_ids=["999999999999"]), training())
    applied = scene.apply()
    assert any("999999999999" in e.detail for e in applied.errors), applied.explain()
    scene.expect_nothing_left()


def test_default_tags(scene):
    scene.run(
        step(
            scene.provider(default_tags=Block({"tags": {"owner": "ml", "team": "someone"}})),
            training(tags={"team": "nlp"}),
            plan=[expect_action("create")],
            state=[expect_known_value("tags_all", lambda t: t["owner"] == "ml" and t["team"] == "nlp")],
        )
    )
