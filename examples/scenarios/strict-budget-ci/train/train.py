"""A classifier for tables, on a machine without a GPU.

The channel `train` holds CSV files with a header line; the last column is the class, a whole number
from 0. Every tenth row is kept for validation.

    python train.py --smoke      the whole loop with a tiny model, without PyTorch
"""

from __future__ import annotations

import argparse
import sys

import sustainable

HYPERPARAMETERS = {
    "epochs": 50,
    "batch-size": 1024,
    "accumulate": 1,
    "learning-rate": 1e-3,
    "width": 256,
}


def torch_trainer(settings: sustainable.Settings, options: argparse.Namespace) -> sustainable.Trainer:
    import numpy
    import torch
    from torch import nn
    from torch.utils.data import TensorDataset
    from with_torch import TorchTrainer

    files = sorted(settings.data_dir.rglob("*.csv"))
    if not files:
        raise FileNotFoundError(f"no *.csv file under {settings.data_dir}")
    tables = [numpy.loadtxt(file, delimiter=",", skiprows=1, dtype="float32", ndmin=2) for file in files]
    table = torch.from_numpy(numpy.concatenate(tables))
    held_out = torch.arange(len(table)) % 10 == 0
    features, classes = table[:, :-1], table[:, -1].long()
    # Scaled by what training sees, never by the rows kept back.
    mean, deviation = features[~held_out].mean(0), features[~held_out].std(0).clamp(min=1e-6)
    features = (features - mean) / deviation

    model = nn.Sequential(
        nn.Linear(features.shape[1], options.width),
        nn.ReLU(),
        nn.Linear(options.width, options.width),
        nn.ReLU(),
        nn.Linear(options.width, int(classes.max()) + 1),
    )

    def loss(model: nn.Module, batch: list[torch.Tensor]) -> torch.Tensor:
        rows, wanted = batch
        return nn.functional.cross_entropy(model(rows), wanted)

    return TorchTrainer(
        settings,
        model,
        loss,
        TensorDataset(features[~held_out], classes[~held_out]),
        TensorDataset(features[held_out], classes[held_out]),
        batch_size=options.batch_size,
        accumulate=options.accumulate,
        learning_rate=options.learning_rate,
    )


if __name__ == "__main__":
    sys.exit(sustainable.start(__doc__, HYPERPARAMETERS, torch_trainer))
