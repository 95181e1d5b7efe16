"""A ResNet-18 image classifier for one small GPU, from folders of images.

The channel `train` holds `train/CLASS/*.jpg` and, if there is one, `validation/CLASS/*.jpg`.

    python train.py --smoke      the whole loop with a tiny model, without PyTorch
"""

from __future__ import annotations

import argparse
import sys

import sustainable

HYPERPARAMETERS = {
    "epochs": 30,
    "batch-size": 64,  # images per GPU and optimizer step
    "accumulate": 4,  # parts of a batch, with enable_gradient_accumulation
    "learning-rate": 1e-3,
}


def torch_trainer(settings: sustainable.Settings, options: argparse.Namespace) -> sustainable.Trainer:
    import images
    import torch
    import torchvision
    from torch import nn
    from with_torch import TorchTrainer

    def loss(model: nn.Module, batch: list[torch.Tensor]) -> torch.Tensor:
        pictures, classes = batch
        return nn.functional.cross_entropy(model(pictures), classes)

    train, validation, classes = images.split(settings)
    return TorchTrainer(
        settings,
        torchvision.models.resnet18(num_classes=classes),
        loss,
        train,
        validation,
        batch_size=options.batch_size,
        accumulate=options.accumulate,
        learning_rate=options.learning_rate,
    )


if __name__ == "__main__":
    sys.exit(sustainable.start(__doc__, HYPERPARAMETERS, torch_trainer))
