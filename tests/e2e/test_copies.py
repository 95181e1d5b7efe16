"""The copies of staged data: killed, changed, large, counted; and the source stays as it is."""

import os
import signal
import time
from pathlib import Path

import pytest
from harness.config import training
from harness.expect import expect_calls, expect_error, expect_jobs
from harness.steps import step
from harness.under_way import held, providers_of

ABROAD = {"preferred_training_regions": ["eu-north-1"], "force_destroy": True, "on_destroy": "delete"}
COMPANION = "training-data-eu-north-1"
PART = 512 << 20


def staged(emulator) -> dict[str, list[str]]:
    """Digest of each staged content to the keys of its copies."""
    found = {}
    for thing in emulator.inventory():
        if (
            thing["kind"] == "object"
            and thing["bucket"] == COMPANION
            and thing["key"].startswith("sustainable/staged/")
        ):
            digest, _, key = thing["key"].removeprefix("sustainable/staged/").partition("/")
            if key:
                found.setdefault(digest, []).append(key)
    return found


def copies(emulator, since: int) -> list[str]:
    """Bucket and key that each CopyObject copied from."""
    return [r["params"]["CopySource"] for r in emulator.requests(since) if r["operation"] == "CopyObject"]


def uploads(emulator) -> list[str]:
    return [thing["id"] for thing in emulator.inventory() if thing["kind"] == "upload"]


def test_a_change_crosses_the_border_alone(scene):
    """A changed dataset is a new content; what it has in common with the old one is copied within the region, and
    the old content goes once nobody reads it."""
    client = scene.emulator.client("s3")
    for number in range(1, 6):
        client.put_object(Bucket="training-data", Key=f"data/part {number}+ü", Body=b"0123456789")
    scene.keep()
    scene.run(step(training(**ABROAD), state=[expect_calls(CopyObject=6)]), destroy=False)
    [before] = staged(scene.emulator)

    def change():
        client.put_object(Bucket="training-data", Key="data/part 2+ü", Body=b"9876543210")
        client.put_object(Bucket="training-data", Key="data/part 7", Body=b"new")
        scene.kept = [thing for thing in scene.kept if thing["kind"] != "object"]
        scene.kept += [
            t for t in scene.emulator.inventory() if t["kind"] == "object" and t["bucket"] == "training-data"
        ]
        scene.kept = [t for t in scene.kept if "sustainable/" not in t["id"]]

    mark = scene.emulator.mark()
    scene.run(
        step(training(hyperparameters={"epochs": "4"}, on_change="rerun", **ABROAD), before=change),
        destroy=False,
    )
    sources = copies(scene.emulator, mark)
    assert sorted(s for s in sources if s.startswith("training-data/")) == [
        "training-data/data/part%202%2B%C3%BC",
        "training-data/data/part%207",
    ]
    within = [s for s in sources if s.startswith(f"{COMPANION}/sustainable/staged/{before}/data/")]
    assert len(sources) == 7 and len(within) == 5, sources
    [(after, keys)] = staged(scene.emulator).items()
    assert after != before and len(keys) == 7
    copied = scene.emulator.client("s3", "eu-north-1").get_object(
        Bucket=COMPANION, Key=f"sustainable/staged/{after}/data/part 2+ü"
    )
    assert copied["Body"].read() == b"9876543210"
    scene.destroy()


def test_what_another_training_reads_stays(scene):
    """Two trainings of one dataset share its copies; one moves on to a new content, and then goes."""
    two = [training(name, **ABROAD, on_change="rerun") for name in ("a", "b")]
    scene.run(step(*two), destroy=False)
    [shared] = staged(scene.emulator)
    scene.emulator.client("s3").put_object(Bucket="training-data", Key="data/part-0", Body=b"9876543210")
    scene.run(step(two[0].with_(hyperparameters={"epochs": "4"}), two[1]), destroy=False)
    assert len(staged(scene.emulator)) == 2 and shared in staged(scene.emulator)
    scene.run(step(two[1]), destroy=False)
    assert list(staged(scene.emulator)) == [shared], "b reads the old content still"
    scene.destroy()


def test_data_that_change_under_way(scene):
    """What was listed is what is copied, or nothing: the contents of two moments are never mixed."""
    scene.write(training(**ABROAD))
    scene.emulator.client("s3").put_object(Bucket="training-data", Key="data/part-1", Body=b"0")
    with held(scene, "s3", "CopyObject", count=None) as under_way:
        # What is copied has been listed, and no copy has been made.
        scene.emulator.client("s3").put_object(Bucket="training-data", Key="data/part-1", Body=b"other")
    expect_error(
        "the dataset s3://training-data/data/ changed while it was copied to training-data-eu-north-1",
        "Apply again once nothing is written there any more",
    ).check(under_way.result)
    assert not scene.emulator.jobs()
    scene.keep()
    scene.kept = [t for t in scene.kept if t["id"].startswith("training-data") and COMPANION not in t["id"]]
    scene.kept = [t for t in scene.kept if "sustainable/" not in t["id"]]
    assert scene.apply().code == 0
    scene.destroy(records=True)


def test_the_source_is_only_read(scene):
    """Through create, new run and destroy, nothing but our claim is written to the user's bucket, and nothing of the
    user's is deleted."""
    mark = scene.emulator.mark()
    scene.run(step(training(**ABROAD)), step(training(hyperparameters={"a": "1"}, on_change="rerun", **ABROAD)))
    reading = ("Get", "Head", "List")
    written = {
        (r["operation"], r["params"].get("Key"))
        for r in scene.emulator.requests(mark)
        if r["service"] == "s3"
        and r["params"].get("Bucket") == "training-data"
        and not r["operation"].startswith(reading)
    }
    assert written == {
        ("PutObject", "sustainable/claims/bert.json"),
        ("DeleteObject", "sustainable/claims/bert.json"),
    }


def test_more_than_was_said(scene):
    """The plan believes dataset_size_gb; before the first copy the objects are counted."""
    scene.emulator.large_object("training-data", "data/huge", gigabytes=150)
    scene.keep()
    scene.run(
        step(
            training(dataset_size_gb=90, **ABROAD),
            error=expect_error(
                "161.1 GB would have to be staged in eu-north-1, more than max_staging_gb = 100",
                "Raise max_staging_gb, keep a replica and name it in regional, or train in the dataset's region",
            ),
            state=[expect_calls(CopyObject=0, CreateMultipartUpload=0, CreateTrainingJob=0)],
        ),
        destroy=False,
    )
    assert scene.workdir.run("destroy", "-auto-approve").code == 0
    scene.expect_nothing_left()


def test_a_killed_copy_in_parts_goes_on(scene):
    """Parts that were copied before a SIGKILL are not copied again, and neither a lost nor a killed call leaves an
    upload that bills."""
    scene.emulator.large_object("training-data", "data/huge", gigabytes=20)
    scene.keep()
    scene.write(training(dataset_size_gb=21, **ABROAD))
    mark = scene.emulator.mark()
    # The answer to the first CreateMultipartUpload is lost: the repeated call begins a second one.
    scene.emulator.fault("s3", "CreateMultipartUpload", "lost")
    scene.emulator.fault("s3", "UploadPartCopy", "delay", skip=24, count=None, seconds=3)
    process = scene.start("apply", "-json", "-auto-approve")
    end = time.monotonic() + 90
    while scene.emulator.calls(mark)["UploadPartCopy"] < 25:
        assert time.monotonic() < end, dict(scene.emulator.calls(mark))
        time.sleep(0.05)
    for pid in providers_of(process):
        os.kill(pid, signal.SIGKILL)
    assert scene.workdir.finish(process, timeout=120).code != 0
    scene.emulator.settle()
    scene.emulator.heal()
    assert len(uploads(scene.emulator)) == 2, "one was lost, one is under way"
    scene.emulator.advance(120)
    again = scene.emulator.mark()
    result = scene.apply()
    assert result.code == 0, result.explain()
    calls = scene.emulator.calls(again)
    # 20 GiB in parts of 512 MiB; 24 were there, and those that were on their way when it was killed may be.
    assert calls["UploadPartCopy"] <= 16 and calls["CreateMultipartUpload"] == 0, calls
    assert not uploads(scene.emulator)
    [(digest, keys)] = staged(scene.emulator).items()
    key = f"sustainable/staged/{digest}/data/huge"
    head = scene.emulator.client("s3", "eu-north-1").head_object(Bucket=COMPANION, Key=key)
    assert head["ContentLength"] == 20 << 30 and len(keys) == 2
    scene.expect_pending({})
    scene.destroy(records=True)


def test_a_killed_copy_and_a_destroy(scene):
    """Nobody applies again: what is left of the upload goes with the destroy after an apply that gives up."""
    scene.emulator.large_object("training-data", "data/huge", gigabytes=20)
    scene.keep()
    scene.emulator.fault("s3", "UploadPartCopy", "refused", skip=10, count=None)
    scene.write(training(dataset_size_gb=21, **ABROAD))
    result = scene.apply()
    expect_error(
        "UploadPartCopy",
        "1 of 2 objects could not be copied; the other copies stay, and the next try goes on from there",
    ).check(result)
    assert len(uploads(scene.emulator)) == 1
    scene.emulator.heal()
    scene.destroy(records=True)


def test_how_far_it_is(scene):
    """With TF_LOG=INFO, whoever waits sees objects, gigabytes and speed."""
    scene.write(training(**ABROAD))
    result = scene.workdir.run("apply", "-json", "-auto-approve", TF_LOG="INFO")
    assert result.code == 0, result.explain()
    lines = [line for line in result.stderr.splitlines() if "staging s3://training-data/data/ in eu-north-1" in line]
    assert "0 of 1 objects" in lines[0] and "1 of 1 objects, 0.0 of 0.0 GB" in lines[-1], lines
    scene.destroy(records=True)


@pytest.mark.long
def test_five_thousand_objects_and_a_large_one(scene):
    """How long it takes here, and that memory stays bounded. The figures are printed (pytest -s)."""
    objects = {f"data/shard-{i // 100:02}/part-{i:04}": b"0123456789" for i in range(5000)}
    scene.emulator.seed("many-objects", objects=objects)
    scene.emulator.large_object("many-objects", "data/huge", gigabytes=6)
    scene.keep()
    scene.write(training(s3_bucket_name="many-objects", dataset_size_gb=6, **ABROAD))
    mark, begun, peak = scene.emulator.mark(), time.monotonic(), 0
    process = scene.start(
        "apply", "-json", "-auto-approve", TF_LOG="INFO", TF_LOG_PATH=str(scene.workdir.folder / "log")
    )
    while process.poll() is None:
        for pid in providers_of(process):
            peak = max(peak, resident_kib(pid))
        time.sleep(0.5)
    result = scene.workdir.finish(process)
    assert result.code == 0, result.explain()
    seconds, calls = time.monotonic() - begun, scene.emulator.calls(mark)
    assert calls["CopyObject"] == 5000 and calls["UploadPartCopy"] == 6 * (1 << 30) // PART, calls
    print(f"\n5,000 objects and 6 GB in {calls['UploadPartCopy']} parts: {seconds:.0f} s, {peak >> 10} MiB resident")
    print(calls)
    assert peak < 150 << 10, f"{peak >> 10} MiB"
    expect_jobs("InProgress")(type("Seen", (), {"emulator": scene.emulator}))
    scene.destroy(records=True)


def resident_kib(pid: int) -> int:
    """The most memory that a process has had; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0")
    return int(line.split()[1])
