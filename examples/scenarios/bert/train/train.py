"""BERT pre-training (masked language model) from token files.

The channel `train` holds `*.npy` files of token ids, each of shape (rows, tokens per row); every
hundredth row is kept for validation, unless there is a channel `validation`.

    python train.py --smoke      the whole loop with a tiny model, without PyTorch
"""

from __future__ import annotations

import argparse
import sys

import sustainable

MASK, FIRST_WORD, IGNORED = 103, 999, -100


HYPERPARAMETERS = {
    "epochs": 3,
    "batch-size": 64,  # rows per GPU and optimizer step
    "accumulate": 4,  # parts of a batch, with enable_gradient_accumulation
    "learning-rate": 1e-4,
    "vocabulary": 30522,
    "layers": 12,
    "width": 768,
}


def torch_trainer(settings: sustainable.Settings, options: argparse.Namespace) -> sustainable.Trainer:
    import torch
    from tokens import TokenRows
    from torch import nn
    from with_torch import TorchTrainer

    class Bert(nn.Module):
        """The encoder of the paper, with tied input and output embeddings."""

        def __init__(self, tokens_per_row: int) -> None:
            super().__init__()
            self.words = nn.Embedding(options.vocabulary, options.width)
            self.places = nn.Embedding(tokens_per_row, options.width)
            layer = nn.TransformerEncoderLayer(
                options.width,
                max(1, options.width // 64),
                4 * options.width,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            self.encoder = nn.TransformerEncoder(layer, options.layers)
            self.norm = nn.LayerNorm(options.width)
            # PyTorch's default deviation of 1 drowns the tied output layer.
            for table in (self.words, self.places):
                nn.init.normal_(table.weight, std=0.02)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            places = torch.arange(rows.shape[1], device=rows.device)
            hidden = self.encoder(self.words(rows) + self.places(places))
            return self.norm(hidden) @ self.words.weight.T

    def masked_loss(model: nn.Module, rows: torch.Tensor) -> torch.Tensor:
        """15 percent of the words are hidden, and have to be guessed from the rest."""
        rows = rows.long()
        hidden = (torch.rand(rows.shape, device=rows.device) < 0.15) & (rows >= FIRST_WORD)
        hidden[:, 0] = True  # a row without any hidden word would have no loss
        scores = model(rows.masked_fill(hidden, MASK))
        wanted = rows.masked_fill(~hidden, IGNORED)
        return nn.functional.cross_entropy(scores.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED)

    train, validation = TokenRows.split(settings)
    return TorchTrainer(
        settings,
        Bert(train.tokens_per_row),
        masked_loss,
        train,
        validation,
        batch_size=options.batch_size,
        accumulate=options.accumulate,
        learning_rate=options.learning_rate,
    )


if __name__ == "__main__":
    sys.exit(sustainable.start(__doc__, HYPERPARAMETERS, torch_trainer))
