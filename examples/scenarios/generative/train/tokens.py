"""Rows of token ids from `*.npy` files, read where they lie instead of being loaded."""

from __future__ import annotations

import bisect
from pathlib import Path

import numpy
import torch
from sustainable import Settings
from torch.utils.data import Dataset, Subset


class TokenRows(Dataset):
    """All rows of all files of a folder, as one sequence."""

    def __init__(self, folder: Path, *, in_memory: bool) -> None:
        files = sorted(folder.rglob("*.npy"))
        if not files:
            raise FileNotFoundError(f"no *.npy file of token ids under {folder}")
        mode = None if in_memory else "r"
        self.tables = [numpy.load(file, mmap_mode=mode) for file in files]
        self.tokens_per_row = self.tables[0].shape[1]
        self.ends: list[int] = []
        for file, table in zip(files, self.tables, strict=True):
            if table.ndim != 2 or table.shape[1] != self.tokens_per_row:
                raise ValueError(f"{file} is {table.shape}; rows of {self.tokens_per_row} tokens are needed")
            self.ends.append(len(table) + (self.ends[-1] if self.ends else 0))

    def __len__(self) -> int:
        return self.ends[-1]

    def __getitem__(self, index: int) -> torch.Tensor:
        table = bisect.bisect_right(self.ends, index)
        start = self.ends[table - 1] if table else 0
        return torch.from_numpy(self.tables[table][index - start].astype("int32"))

    @classmethod
    def split(cls, settings: Settings) -> tuple[TokenRows, Dataset]:
        """Training rows and validation rows."""
        in_memory = bool(settings.cache_dataset_in_memory)
        rows = cls(settings.data_dir, in_memory=in_memory)
        if settings.validation_dir:
            return rows, cls(settings.validation_dir, in_memory=in_memory)
        held_out = set(range(0, len(rows), 100))
        train = _Rows(rows, [index for index in range(len(rows)) if index not in held_out])
        return train, Subset(rows, sorted(held_out))


class _Rows(Subset):
    """A part of the rows that still knows how wide they are."""

    @property
    def tokens_per_row(self) -> int:
        return self.dataset.tokens_per_row
