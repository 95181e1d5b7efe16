"""Credentials of an assumed role that end while a run is waited for, and what else the environment says of access."""

import json

import pytest
from harness.config import Block, training
from harness.emulator import ACCOUNT, KEYS
from harness.expect import expect_calls, expect_error, expect_known_value
from harness.steps import step


def test_credentials_are_renewed_during_a_wait(scene):
    """A session of STS lasts an hour, a run days: renewed in time, and nobody hears of it. The SDK renews 10 s before the end."""
    iam = scene.emulator.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="ci", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    scene.emulator.settings(session_seconds=14)
    scene.emulator.script_jobs(
        ["Starting", {"status": "Training", "seconds": 3600, "polls": 8}, "Uploading", "Completed"]
    )
    scene.keep()
    scene.provider_arguments = {"assume_role": Block({"role_arn": role["Role"]["Arn"]})}

    def renewed(seen):
        assert seen.calls["AssumeRole"] >= 3, seen.calls
        assert all("dataset's size" in d.summary for d in seen.applied.diagnostics), seen.applied.explain()
        failed = [r for r in scene.emulator.requests() if "Expired" in (r["error"] or "")]
        assert not failed, failed

    scene.run(
        step(
            training(wait_for_completion=True),
            state=[renewed, expect_known_value("outcome", "succeeded")],
        )
    )


def test_fips_endpoints_are_not_left_out_in_silence(scene):
    """Who asks for them has promised somebody that no other one is called."""
    scene.workdir.environment["AWS_USE_FIPS_ENDPOINT"] = "true"
    services = ("cloudwatch", "iam", "logs", "s3", "sagemaker")
    scene.provider_arguments = {"endpoints": Block(dict.fromkeys(services, scene.emulator.url))}
    told = expect_error("the FIPS endpoint of sts is not known", 'endpoints { sts = "https://...')
    scene.run(step(training(), error=told))


@pytest.mark.parametrize("named", ["for all services", "service by service"])
def test_a_profile_names_the_endpoints(scene, tmp_path, named):
    """Of all services, not of S3 alone: a run whose bucket is in an emulator and whose job is on AWS costs real money."""
    services = ("cloudwatch", "cloudwatch_logs", "eventbridge", "iam", "s3", "sagemaker", "service_quotas", "sts")
    nobody = "http://127.0.0.1:9"
    common, section = scene.emulator.url, ""
    if named == "service by service":
        each = "".join(f"{service} =\n  endpoint_url = {scene.emulator.url}\n" for service in services)
        common, section = nobody, f"services = one-by-one\n[services one-by-one]\n{each}"
    profile = tmp_path / "config"
    keys = f"aws_access_key_id = {KEYS['access_key']}\naws_secret_access_key = {KEYS['secret_key']}\n"
    profile.write_text(f"[profile emulator]\n{keys}endpoint_url = {common}\n{section}")
    scene.workdir.environment["AWS_CONFIG_FILE"] = str(profile)
    scene.provider_arguments = {"endpoints": None, "profile": "emulator", "access_key": None, "secret_key": None}
    scene.run(step(training(), state=[expect_calls(CreateTrainingJob=1, PutDashboard=1)]))
