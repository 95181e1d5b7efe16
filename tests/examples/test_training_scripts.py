"""The scenarios' training scripts honour the training contract: each is really run, stopped and resumed.

They run in rehearsal (`--smoke`): the whole contract without a machine-learning framework.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import signal
import tarfile

import pytest
from conftest import ROOT, SCENARIOS, Container, scenarios

every_scenario = pytest.mark.parametrize("scenario", scenarios())


def test_shared_files_are_the_same_everywhere() -> None:
    """Each scenario is complete by itself; what they share is copied, and kept equal here."""
    copies: dict[str, set[str]] = {}
    for file in SCENARIOS.glob("*/train/*.py"):
        if file.name != "train.py":
            copies.setdefault(file.name, set()).add(hashlib.sha256(file.read_bytes()).hexdigest())
    assert len(scenarios()) == 5
    assert [name for name, digests in copies.items() if len(digests) > 1] == []


@every_scenario
def test_trains_and_prints_what_the_metric_definitions_find(container: Container, scenario: str) -> None:
    code, output = container.run(scenario, "--epochs", "3")
    assert code == 0, output
    assert container.trained()
    regexes = re.findall(r'"\w+:loss"\s*=\s*"(.*)"', (SCENARIOS / scenario / "main.tf").read_text())
    assert regexes
    for regex in regexes:
        values = [float(value) for value in re.findall(regex, output)]
        assert len(values) == 3 and values[-1] < values[0], (regex, output)


@every_scenario
def test_resumes_where_sigterm_stopped_it(container: Container, other_container: Container, scenario: str) -> None:
    assert container.run(scenario, "--epochs", "3")[0] == 0

    process = other_container.start(
        scenario, "--epochs", "3", "--smoke-step-seconds", "0.05", checkpoint_frequency_minutes="0"
    )
    assert process.stdout
    for line in process.stdout:
        if line.startswith("checkpoint step=25"):
            break
    process.send_signal(signal.SIGTERM)
    rest = process.communicate()[0]
    assert process.returncode == 128 + signal.SIGTERM, rest
    stopped = int(re.findall(r"stopped on request at step=(\d+)", rest)[0])
    assert 25 <= stopped < 60
    assert other_container.trained(), "what was learned so far is left for the upload"

    code, output = other_container.run(scenario, "--epochs", "3")
    assert code == 0 and f"resumed epoch={stopped // 20} step={stopped % 20}" in output, output
    assert other_container.trained() == container.trained()


def test_a_half_copied_checkpoint_is_passed_over(container: Container, other_container: Container) -> None:
    container.run("bert", "--epochs", "4")
    other_container.run("bert", "--epochs", "3")
    newest = sorted(other_container.checkpoints.glob("step-*.bin"))[-1]
    newest.write_bytes(newest.read_bytes()[:3])
    code, output = other_container.run("bert", "--epochs", "4")
    assert code == 0 and "is incomplete" in output and "resumed epoch=2" in output, output
    assert other_container.trained() == container.trained()


def test_without_checkpointing_every_run_starts_anew(container: Container) -> None:
    for _ in range(2):
        code, output = container.run("bert", "--epochs", "2", supports_checkpointing="false")
        assert code == 0 and "resumed" not in output
    assert list(container.checkpoints.glob("step-*")) == []


def test_stops_early_and_keeps_the_best_model(container: Container) -> None:
    code, output = container.run("bert", "--epochs", "500", enable_early_stopping="true", early_stopping_patience="3")
    losses = [float(loss) for loss in re.findall(r"validation_loss=(\S+)", output)]
    assert code == 0 and "stopped early" in output
    assert 4 <= len(losses) < 500
    assert losses.index(min(losses)) == len(losses) - 4
    assert container.trained() == (container.checkpoints / "best.bin").read_text()


def test_a_failure_leaves_its_reason_where_sagemaker_looks(container: Container) -> None:
    container.model.write_text("a file where the folder should be")
    code, _ = container.run("bert", "--epochs", "1")
    assert code == 1
    assert container.failure.read_text().startswith("FileExistsError: ")


def test_a_switch_that_is_neither_true_nor_false_is_refused(container: Container) -> None:
    code, output = container.run("bert", enable_early_stopping="maybe")
    assert code == 1
    assert "SUSTAINABLE_ENABLE_EARLY_STOPPING is 'maybe'; it has to be true or false" in output


@pytest.fixture
def bucket(container: Container, monkeypatch: pytest.MonkeyPatch):
    """An S3 bucket that the container can reach."""
    boto3 = pytest.importorskip("boto3")
    server_module = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    credentials = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    container.env.update(credentials)
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="artifacts")
    yield boto3.resource("s3").Bucket("artifacts")
    server.stop()


@every_scenario
def test_uploads_the_compressed_model(container: Container, bucket, scenario: str) -> None:
    code, output = container.run(
        scenario,
        "--epochs",
        "2",
        enable_model_compression="true",
        target_model_size_reduction="0.6",
        compressed_uri="s3://artifacts/runs/one/compressed/model.tar.gz",
    )
    assert code == 0, output
    reached = float(re.findall(r"compressed size_reduction=(\S+)", output)[0])
    content = bucket.Object("runs/one/compressed/model.tar.gz").get()["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert archive.getnames()[-1].endswith("model.json")
    assert 0 < reached < 1


def test_a_refused_upload_does_not_throw_the_model_away(container: Container) -> None:
    code, output = container.run(
        "bert", "--epochs", "1", enable_model_compression="true", compressed_uri="not-an-s3-address"
    )
    assert code == 0 and "not uploaded: not-an-s3-address" in output, output
    with tarfile.open(container.model / "compressed.tar.gz") as archive:
        assert archive.getnames()[-1].endswith("model.json")
    assert container.trained()


def test_uploads_its_last_checkpoint_itself_after_sigterm(container: Container, bucket) -> None:
    process = container.start(
        "bert", "--epochs", "9", "--smoke-step-seconds", "0.05", checkpoint_uri="s3://artifacts/checkpoints/"
    )
    assert process.stdout
    for line in process.stdout:
        if line.startswith("epoch=0"):
            break
    process.send_signal(signal.SIGTERM)
    process.communicate()
    keys = {object.key: object for object in bucket.objects.filter(Prefix="checkpoints/")}
    record = next(key for key in keys if key.endswith(".json"))
    progress = json.loads(keys[record].get()["Body"].read())
    weights = keys[record.replace(".json", ".bin")].get()["Body"].read()
    assert progress["sha256"] == hashlib.sha256(weights).hexdigest()


def test_provider_guide_and_script_know_the_same_variables() -> None:
    script = (SCENARIOS / "bert" / "train" / "sustainable.py").read_text()
    read = set(re.findall(r'\b(?:text|flag|number)\(\s*"([A-Z_]+)"', script))
    guide = (ROOT / "docs" / "guides" / "training-contract.md").read_text()
    listed = set(re.findall(r"^\| `SUSTAINABLE_([A-Z_]+)`", guide, re.MULTILINE))
    declarations = (ROOT / "schemas" / "src" / "ml_training" / "inputs.rs").read_text()
    handed_over = re.findall(r"^ {8}(\w+): [^;]*?\.handed_over\(\)", declarations, re.MULTILINE)
    # These two depend on the job's name, and so come from the crate that makes the job.
    named = re.findall(r'_ENV: &str = "SUSTAINABLE_(\w+)"', (ROOT / "crates" / "aws" / "src" / "naming.rs").read_text())
    assert read == listed == {name.upper() for name in handed_over} | set(named)
