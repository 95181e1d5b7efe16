"""The training side of `sustainable_ml_training`: settings, checkpoints, stopping, results.

The provider hands its settings to the container as `SUSTAINABLE_*` environment variables; it is the
training code that has to honour them. This file does, for any model: give `run` an object with the
methods of `Trainer`, and it checkpoints on time, resumes after an interruption, stops early, leaves
in order when told to, and uploads the compressed model. It needs nothing but Python 3.10, and boto3
(which the AWS images have) for the upload.

Copy it next to your own script. It is the same file in every scenario of the provider's examples.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

# The exit code of a process that SIGTERM ended. Not 0: a platform that takes a spot machine away must
# not read a half-trained model as a success.
EXIT_TERMINATED = 128 + signal.SIGTERM


# --- Settings -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """What the resource says, as the container sees it. `None` means: not said, decide yourself."""

    strategy: str | None
    optimization: str | None
    mixed_precision: bool | None
    gradient_accumulation: bool | None
    data_augmentation: bool | None
    cache_dataset_in_memory: bool | None
    workers: int
    patience: int | None
    size_reduction: float | None
    compressed_uri: str | None
    checkpointing: bool
    checkpoint_seconds: float
    checkpoint_dir: Path
    checkpoint_uri: str | None
    data_dir: Path
    validation_dir: Path | None
    model_dir: Path
    failure_file: Path

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Reads `SUSTAINABLE_*` and SageMaker's own `SM_*` variables and paths."""

        def text(name: str) -> str | None:
            return env.get(f"SUSTAINABLE_{name}") or None

        def flag(name: str) -> bool | None:
            value = text(name)
            if value is None:
                return None
            if value.lower() not in ("true", "false"):
                raise ValueError(f"SUSTAINABLE_{name} is {value!r}; it has to be true or false")
            return value.lower() == "true"

        def number(name: str, default: float) -> float:
            value = text(name)
            return default if value is None else float(value)

        validation = env.get("SM_CHANNEL_VALIDATION")
        return cls(
            strategy=text("TRAINING_STRATEGY"),
            optimization=text("COMPUTE_OPTIMIZATION"),
            mixed_precision=flag("ENABLE_AUTOMATIC_MIXED_PRECISION"),
            gradient_accumulation=flag("ENABLE_GRADIENT_ACCUMULATION"),
            data_augmentation=flag("ENABLE_DATA_AUGMENTATION"),
            cache_dataset_in_memory=flag("CACHE_DATASET_IN_MEMORY"),
            workers=int(number("NUM_DATA_LOADER_WORKERS", 4)),
            patience=(int(number("EARLY_STOPPING_PATIENCE", 5)) if flag("ENABLE_EARLY_STOPPING") else None),
            size_reduction=(number("TARGET_MODEL_SIZE_REDUCTION", 0.5) if flag("ENABLE_MODEL_COMPRESSION") else None),
            compressed_uri=text("COMPRESSED_URI"),
            checkpointing=bool(flag("SUPPORTS_CHECKPOINTING")),
            checkpoint_seconds=60 * number("CHECKPOINT_FREQUENCY_MINUTES", 30),
            checkpoint_dir=Path(text("CHECKPOINT_LOCAL_PATH") or "/opt/ml/checkpoints"),
            checkpoint_uri=text("CHECKPOINT_URI"),
            data_dir=Path(env.get("SM_CHANNEL_TRAIN", "/opt/ml/input/data/train")),
            validation_dir=Path(validation) if validation else None,
            model_dir=Path(env.get("SM_MODEL_DIR", "/opt/ml/model")),
            failure_file=Path(env.get("SM_OUTPUT_DIR", "/opt/ml/output")) / "failure",
        )

    def wants_mixed_precision(self) -> bool:
        """The rule by which the plan's runtime was estimated: on, unless one of the two says no."""
        return self.mixed_precision is not False and self.optimization != "none"


# --- What a training script provides --------------------------------------------------------------


class Trainer(Protocol):
    """One model in training. Only rank 0 of several processes writes files."""

    rank: int

    def train_epoch(self, epoch: int, skip: int) -> Iterator[float]:
        """Yields the loss after each optimizer step, leaving out the first `skip` steps.

        The order of the data has to follow from `epoch` alone, or a resumed run sees some of the data
        twice and some never.
        """

    def evaluate(self) -> float:
        """The validation loss; the same number on every rank."""

    def state(self) -> bytes:
        """Everything that training needs to go on: weights, optimizer, scaler."""

    def restore(self, state: bytes) -> None:
        """Takes back what `state` gave."""

    def save_model(self, folder: Path) -> None:
        """Writes the model that is wanted in the end."""

    def compress(self, folder: Path, size_reduction: float) -> float:
        """Writes a smaller model and returns the reduction that was reached (0.75: a quarter is left)."""

    def agree(self, flag: bool) -> bool:
        """True on every rank if it is true on any: ranks that leave a loop apart hang for ever."""


# Makes a trainer from the settings and the script's arguments.
Build = Callable[[Settings, argparse.Namespace], Trainer]


# --- Stopping -------------------------------------------------------------------------------------


class StopRequest:
    """Set by SIGTERM: StopTrainingJob sends one and allows 120 seconds."""

    def __init__(self) -> None:
        self.requested = False
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.requested = True


class EarlyStopping:
    """Counts evaluations without a better loss. A patience of None never stops."""

    def __init__(self, patience: int | None, best: float = math.inf, waited: int = 0) -> None:
        self.patience = patience
        self.best = best
        self.waited = waited

    def better(self, loss: float) -> bool:
        """Takes a validation loss and says whether it is the best so far."""
        if loss < self.best:
            self.best, self.waited = loss, 0
            return True
        self.waited += 1
        return False

    def exhausted(self) -> bool:
        return self.patience is not None and self.waited >= self.patience


# --- Checkpoints ----------------------------------------------------------------------------------


@dataclass
class Progress:
    """Where training stands; written beside the weights."""

    epoch: int = 0
    step: int = 0
    total_steps: int = 0
    best: float | None = None
    waited: int = 0


class Checkpoints:
    """Numbered pairs `step-N.bin` and `step-N.json` in the folder that SageMaker copies to S3.

    SageMaker copies file by file while training goes on, so a machine that is taken away can leave a
    half-copied pair. The JSON file is written last and holds the digest of the other: a pair that does
    not match is passed over, and the one before it is used. `best.bin` is the best model so far.
    """

    KEEP = 2

    def __init__(self, folder: Path, uri: str | None, seconds: float) -> None:
        self.folder = folder
        self.uri = uri
        self.seconds = seconds
        self.last = time.monotonic()

    def due(self) -> bool:
        return time.monotonic() - self.last >= self.seconds

    def save(self, state: bytes, progress: Progress) -> list[Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = f"step-{progress.total_steps:012d}"
        weights, record = self.folder / f"{stem}.bin", self.folder / f"{stem}.json"
        _write(weights, state)
        content = {**vars(progress), "sha256": hashlib.sha256(state).hexdigest()}
        _write(record, json.dumps(content).encode())
        for old in sorted(self.folder.glob("step-*.json"))[: -self.KEEP]:
            old.unlink()
            old.with_suffix(".bin").unlink(missing_ok=True)
        self.last = time.monotonic()
        return [weights, record]

    def latest(self) -> tuple[bytes, Progress] | None:
        for record in sorted(self.folder.glob("step-*.json"), reverse=True):
            try:
                content = json.loads(record.read_bytes())
                state = record.with_suffix(".bin").read_bytes()
            except (OSError, ValueError):
                continue
            if content.pop("sha256", None) == hashlib.sha256(state).hexdigest():
                return state, Progress(**content)
            print(f"checkpoint {record.name} is incomplete; using the one before it", flush=True)
        return None

    def upload(self, files: list[Path]) -> None:
        """Copies files to S3 ourselves: what is written after SIGTERM, SageMaker no longer copies."""
        if self.uri:
            for file in files:
                upload(file, f"{self.uri.rstrip('/')}/{file.name}")


def _write(path: Path, content: bytes) -> None:
    """A file is there whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def upload(file: Path, uri: str) -> bool:
    """Puts a file at an s3:// URI, with the credentials of the job's role, and says whether it got there.

    A failure is printed and no more: days of training are not thrown away for a copy.
    """
    try:
        import boto3  # the AWS images have it; nothing else here needs it

        parts = urlsplit(uri)
        if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
            raise ValueError("an s3://BUCKET/KEY address is needed")
        boto3.client("s3").upload_file(str(file), parts.netloc, parts.path.lstrip("/"))
    except Exception as error:
        print(f"not uploaded: {uri}: {type(error).__name__}: {error}", flush=True)
        return False
    print(f"uploaded {uri}", flush=True)
    return True


# --- The loop -------------------------------------------------------------------------------------


def run(trainer: Trainer, settings: Settings, epochs: int) -> int:
    """Trains to the end, to an early stop or to a stop request. Returns the process's exit code."""
    stop = StopRequest()
    first = trainer.rank == 0
    checkpoints = Checkpoints(settings.checkpoint_dir, settings.checkpoint_uri, settings.checkpoint_seconds)
    progress = Progress()
    if settings.checkpointing and (found := checkpoints.latest()):
        state, progress = found
        trainer.restore(state)
        _say(first, f"resumed epoch={progress.epoch} step={progress.step}")
    best = math.inf if progress.best is None else progress.best
    early = EarlyStopping(settings.patience, best, progress.waited)

    while progress.epoch < epochs and not early.exhausted():
        losses: list[float] = []
        for loss in trainer.train_epoch(progress.epoch, progress.step):
            losses.append(loss)
            progress.step += 1
            progress.total_steps += 1
            stopping = trainer.agree(stop.requested)
            if first and settings.checkpointing and (stopping or checkpoints.due()):
                files = checkpoints.save(trainer.state(), progress)
                print(f"checkpoint step={progress.total_steps}", flush=True)
                if stopping:
                    checkpoints.upload(files)
            if stopping:
                if first:
                    trainer.save_model(settings.model_dir)
                _say(first, f"stopped on request at step={progress.total_steps}")
                return EXIT_TERMINATED
        train_loss = sum(losses) / len(losses) if losses else math.nan
        validation_loss = trainer.evaluate()
        _say(
            first,
            f"epoch={progress.epoch} train_loss={train_loss:.6g} validation_loss={validation_loss:.6g}",
        )
        if early.better(validation_loss) and first:
            settings.checkpoint_dir.mkdir(parents=True, exist_ok=True)
            _write(settings.checkpoint_dir / "best.bin", trainer.state())
        progress = Progress(progress.epoch + 1, 0, progress.total_steps, early.best, early.waited)
        if first and settings.checkpointing:
            checkpoints.save(trainer.state(), progress)

    if early.exhausted():
        _say(first, f"stopped early: no better loss in {early.waited} evaluations")
    if first:
        finish(trainer, settings)
    return 0


def finish(trainer: Trainer, settings: Settings) -> None:
    """Saves the best model, and the compressed one where it is wanted."""
    best = settings.checkpoint_dir / "best.bin"
    if best.exists():
        trainer.restore(best.read_bytes())
    settings.model_dir.mkdir(parents=True, exist_ok=True)
    trainer.save_model(settings.model_dir)
    if settings.size_reduction is None:
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "compressed")
        folder.mkdir()
        reached = trainer.compress(folder, settings.size_reduction)
        _say(True, f"compressed size_reduction={reached:.3f} wanted={settings.size_reduction:.3f}")
        archive = shutil.make_archive(str(Path(scratch, "model")), "gztar", str(folder))
        if settings.compressed_uri and not upload(Path(archive), settings.compressed_uri):
            # SageMaker uploads this folder by itself, also where the container has no network.
            shutil.copy(archive, settings.model_dir / "compressed.tar.gz")


def start(description: str, hyperparameters: Mapping[str, Any], build: Build) -> int:
    """A training script's main function: arguments, settings, training; returns the exit code.

    Hyperparameters arrive as command-line arguments (`--batch-size 64`); the mapping gives their names
    and defaults. `build` makes the trainer. A failure's reason is left where SageMaker looks for it.
    """
    parser = argparse.ArgumentParser(description=description)
    for name, default in hyperparameters.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    parser.add_argument("--smoke", action="store_true", help="rehearse with a tiny model, no framework")
    parser.add_argument("--smoke-step-seconds", type=float, default=0.0)
    options = parser.parse_args()
    settings = Settings.from_environment()
    try:
        smoke = Rehearsal(options.smoke_step_seconds) if options.smoke else None
        return run(smoke or build(settings, options), settings, options.epochs)
    except Exception as error:
        try:
            settings.failure_file.parent.mkdir(parents=True, exist_ok=True)
            settings.failure_file.write_text(f"{type(error).__name__}: {error}"[:1024])
        except OSError as unwritable:
            print(f"cannot write {settings.failure_file}: {unwritable}", file=sys.stderr)
        raise


def _say(first: bool, line: str) -> None:
    if first:
        print(line, flush=True)


# --- A rehearsal ----------------------------------------------------------------------------------


class Rehearsal:
    """A model of two weights in plain Python: runs the whole loop where no framework is installed.

    `python train.py --smoke` trains it, so that paths, permissions, checkpoints and the upload can be
    tried in seconds on any machine, before a GPU is paid for.
    """

    def __init__(self, step_seconds: float = 0.0, steps: int = 20) -> None:
        self.rank = 0
        self.step_seconds = step_seconds
        self.steps = steps
        self.weights = [0.0, 0.0]

    @staticmethod
    def _sample(source: random.Random) -> tuple[float, float]:
        x = source.uniform(-1, 1)
        return x, 3 * x - 1 + source.gauss(0, 0.1)

    def train_epoch(self, epoch: int, skip: int) -> Iterator[float]:
        source = random.Random(epoch)
        for step in range(self.steps):
            x, y = self._sample(source)
            if step < skip:
                continue
            time.sleep(self.step_seconds)
            error = self.weights[0] * x + self.weights[1] - y
            self.weights[0] -= 0.1 * error * x
            self.weights[1] -= 0.1 * error
            yield error * error

    def evaluate(self) -> float:
        source = random.Random("validation")
        samples = [self._sample(source) for _ in range(50)]
        errors = [self.weights[0] * x + self.weights[1] - y for x, y in samples]
        return sum(error * error for error in errors) / len(errors)

    def state(self) -> bytes:
        return json.dumps(self.weights).encode()

    def restore(self, state: bytes) -> None:
        self.weights = json.loads(state)

    def save_model(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "model.json", self.state())

    def compress(self, folder: Path, size_reduction: float) -> float:
        whole = len(self.state())
        small = json.dumps([round(weight, 2) for weight in self.weights]).encode()
        _write(folder / "model.json", small)
        return 1 - len(small) / whole

    def agree(self, flag: bool) -> bool:
        return flag
