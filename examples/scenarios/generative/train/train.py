"""A decoder-only language model from token files, on any number of GPUs and machines (torchrun).

The channel `train` holds `*.npy` files of token ids, each of shape (rows, tokens per row).

    python train.py --smoke      the whole loop with a tiny model, without PyTorch
"""

from __future__ import annotations

import argparse
import sys

import sustainable

HYPERPARAMETERS = {
    "epochs": 1,
    "batch-size": 8,  # rows per GPU and optimizer step
    "accumulate": 8,  # parts of a batch, with enable_gradient_accumulation
    "learning-rate": 2e-4,
    "vocabulary": 50304,
    "layers": 24,
    "width": 2048,
}


def torch_trainer(settings: sustainable.Settings, options: argparse.Namespace) -> sustainable.Trainer:
    import torch
    from tokens import TokenRows
    from torch import nn
    from torch.utils.checkpoint import checkpoint
    from with_torch import TorchTrainer

    # Recomputing activations in the backward pass: up to five times less memory for them, about a
    # tenth to a third more time. It never saves energy by itself.
    recompute = settings.strategy == "gradient_checkpointing"

    class Gpt(nn.Module):
        def __init__(self, tokens_per_row: int) -> None:
            super().__init__()
            self.words = nn.Embedding(options.vocabulary, options.width)
            self.places = nn.Embedding(tokens_per_row, options.width)
            self.blocks = nn.ModuleList(
                nn.TransformerEncoderLayer(
                    options.width,
                    max(1, options.width // 64),
                    4 * options.width,
                    dropout=0.0,
                    activation="gelu",
                    batch_first=True,
                    norm_first=True,
                )
                for _ in range(options.layers)
            )
            self.norm = nn.LayerNorm(options.width)
            for table in (self.words, self.places):
                nn.init.normal_(table.weight, std=0.02)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            length = rows.shape[1]
            hidden = self.words(rows) + self.places(torch.arange(length, device=rows.device))
            future = torch.triu(torch.ones(length, length, dtype=torch.bool, device=rows.device), 1)
            for block in self.blocks:
                if recompute and self.training:
                    hidden = checkpoint(block, hidden, future, use_reentrant=False)
                else:
                    hidden = block(hidden, future)
            return self.norm(hidden) @ self.words.weight.T

    def next_word_loss(model: nn.Module, rows: torch.Tensor) -> torch.Tensor:
        rows = rows.long()
        scores = model(rows[:, :-1])
        return nn.functional.cross_entropy(scores.flatten(0, 1), rows[:, 1:].flatten())

    train, validation = TokenRows.split(settings)
    return TorchTrainer(
        settings,
        Gpt(train.tokens_per_row),
        next_word_loss,
        train,
        validation,
        batch_size=options.batch_size,
        accumulate=options.accumulate,
        learning_rate=options.learning_rate,
    )


if __name__ == "__main__":
    sys.exit(sustainable.start(__doc__, HYPERPARAMETERS, torch_trainer))
