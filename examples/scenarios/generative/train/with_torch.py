"""PyTorch for `sustainable.run`: one process or many (torchrun), mixed precision, compression.

A training script gives a model, a loss and two datasets; everything that the resource's settings
change is here. It is the same file in every scenario of the provider's examples.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import sustainable
import torch
from torch import distributed, nn
from torch.utils.data import DataLoader, Dataset, DistributedSampler

# Bits per weight that reach a size reduction against 32 bits: half, three quarters, seven eighths.
WIDTHS = ((0.5, 16), (0.75, 8), (0.875, 4))


class TorchTrainer:
    """Implements `sustainable.Trainer` for a model that `loss(model, batch)` turns into a number."""

    def __init__(
        self,
        settings: sustainable.Settings,
        model: nn.Module,
        loss: Callable[[nn.Module, object], torch.Tensor],
        train: Dataset,
        validation: Dataset,
        *,
        batch_size: int,
        accumulate: int,
        learning_rate: float,
    ) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        local = int(os.environ.get("LOCAL_RANK", "0"))
        self.device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)
        if self.world > 1 and not distributed.is_initialized():
            distributed.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

        self.loss = loss
        self.plain = model.to(self.device)
        self.model: nn.Module = self.plain
        if self.world > 1:
            devices = [local] if self.device.type == "cuda" else None
            self.model = nn.parallel.DistributedDataParallel(self.plain, device_ids=devices)
        # Accumulation saves memory and traffic, not energy: a batch is split in `accumulate` parts.
        self.accumulate = accumulate if settings.gradient_accumulation else 1
        self.optimizer = torch.optim.AdamW(self.plain.parameters(), lr=learning_rate)
        self.dtype = self._precision(settings)
        # fp16 needs its gradients scaled, bf16 does not; a disabled scaler passes everything through.
        scaler = getattr(torch.amp, "GradScaler", None) or torch.cuda.amp.GradScaler  # before 2.3
        self.scaler = scaler(enabled=self.dtype is torch.float16)

        micro_batch = max(1, batch_size // self.accumulate)
        self.train_loader = self._loader(train, micro_batch, settings.workers, shuffle=True)
        self.validation_loader = self._loader(validation, micro_batch, settings.workers, shuffle=False)

    def _precision(self, settings: sustainable.Settings) -> torch.dtype | None:
        if self.device.type != "cuda" or not settings.wants_mixed_precision():
            return None
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16

    def _loader(self, data: Dataset, batch_size: int, workers: int, *, shuffle: bool) -> DataLoader:
        # One process shuffles by the same rule as many, so that a resumed run sees the same order.
        sampler = DistributedSampler(data, num_replicas=self.world, rank=self.rank, shuffle=shuffle, drop_last=False)
        return DataLoader(
            data,
            batch_size=batch_size,
            sampler=sampler,
            num_workers=workers,
            pin_memory=self.device.type == "cuda",
        )

    def _autocast(self) -> contextlib.AbstractContextManager:
        if self.dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)

    def _to_device(self, batch: object) -> object:
        if isinstance(batch, torch.Tensor):
            return batch.to(self.device, non_blocking=True)
        return [self._to_device(part) for part in batch]  # type: ignore[union-attr]

    def train_epoch(self, epoch: int, skip: int) -> Iterator[float]:
        self.model.train()
        self.train_loader.sampler.set_epoch(epoch)
        torch.manual_seed(epoch)
        random.seed(epoch)
        total, parts = 0.0, 0
        last = len(self.train_loader) - 1
        for index, batch in enumerate(self.train_loader):
            if index < skip * self.accumulate:
                continue
            step_ends = (index + 1) % self.accumulate == 0 or index == last
            # Gradients travel between the GPUs once per optimizer step, not once per part.
            quiet = self.world > 1 and not step_ends
            with self.model.no_sync() if quiet else contextlib.nullcontext():
                with self._autocast():
                    loss = self.loss(self.model, self._to_device(batch))
                self.scaler.scale(loss / self.accumulate).backward()
            total, parts = total + loss.item(), parts + 1
            if step_ends:
                self.scaler.unscale_(self.optimizer)
                nn.utils.clip_grad_norm_(self.plain.parameters(), 1.0)
                self.scaler.step(self.optimizer)
                self.scaler.update()
                self.optimizer.zero_grad(set_to_none=True)
                yield total / parts
                total, parts = 0.0, 0

    @torch.no_grad()
    def evaluate(self) -> float:
        self.plain.eval()
        # Random choices (hidden words) are the same each time: only then can losses be compared.
        torch.manual_seed(0)
        sums = torch.zeros(2, device=self.device)
        for batch in self.validation_loader:
            with self._autocast():
                sums += torch.stack([self.loss(self.plain, self._to_device(batch)).float(), sums.new_ones(())])
        if self.world > 1:
            distributed.all_reduce(sums)
        return (sums[0] / sums[1]).item()

    def agree(self, flag: bool) -> bool:
        if self.world == 1:
            return flag
        any_rank = torch.tensor(float(flag), device=self.device)
        distributed.all_reduce(any_rank, op=distributed.ReduceOp.MAX)
        return bool(any_rank.item())

    def state(self) -> bytes:
        content = {
            "model": self.plain.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }
        buffer = io.BytesIO()
        torch.save(content, buffer)
        return buffer.getvalue()

    def restore(self, state: bytes) -> None:
        content = torch.load(io.BytesIO(state), map_location=self.device)
        self.plain.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.scaler.load_state_dict(content["scaler"])

    def save_model(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.plain.state_dict(), folder / "model.pt")

    def compress(self, folder: Path, size_reduction: float) -> float:
        """Fewer bits per weight: this saves storage and inference, no training energy.

        The loss with the compressed weights is printed: whether it is good enough is not for a
        script to say.
        """
        whole = self.plain.state_dict()
        bits = next((bits for reached, bits in WIDTHS if size_reduction <= reached), WIDTHS[-1][1])
        packed = {name: pack(tensor, bits) for name, tensor in whole.items()}
        torch.save(packed, folder / "model.pt")
        before = sum(tensor.numel() * tensor.element_size() for tensor in whole.values())
        after = sum(part.numel() * part.element_size() for entry in packed.values() for part in entry["parts"])
        if self.world == 1:  # one rank alone may not enter a collective
            exact = {name: tensor.clone() for name, tensor in whole.items()}
            self.plain.load_state_dict({name: unpack(entry) for name, entry in packed.items()})
            print(f"compressed bits={bits} compressed_loss={self.evaluate():.6g}", flush=True)
            self.plain.load_state_dict(exact)
        return 1 - after / before


def pack(tensor: torch.Tensor, bits: int) -> dict:
    """One tensor in fewer bits. Matrices get one scale per row; the rest becomes 16 bits wide."""
    tensor = tensor.detach().cpu()
    entry = {"shape": tuple(tensor.shape), "dtype": tensor.dtype, "bits": bits}
    if not tensor.is_floating_point():
        return {**entry, "bits": 0, "parts": [tensor.clone()]}
    if bits == 16 or tensor.ndim < 2:
        return {**entry, "bits": 16, "parts": [tensor.half()]}
    rows = tensor.float().flatten(1)
    top = 2 ** (bits - 1) - 1
    scale = rows.abs().amax(1, keepdim=True).clamp(min=1e-12) / top
    whole = (rows / scale).round().clamp(-top, top).to(torch.int8)
    if bits == 4:
        if whole.shape[1] % 2:
            whole = torch.cat([whole, whole.new_zeros(whole.shape[0], 1)], 1)
        shifted = (whole + 8).to(torch.uint8)
        whole = shifted[:, 0::2] | (shifted[:, 1::2] << 4)
    return {**entry, "parts": [whole, scale.half()]}


def unpack(entry: dict) -> torch.Tensor:
    """The reverse of `pack`, for whoever loads the compressed model."""
    parts, shape = entry["parts"], entry["shape"]
    if entry["bits"] in (0, 16):
        return parts[0].to(entry["dtype"])
    whole = parts[0]
    if entry["bits"] == 4:
        pairs = torch.stack([whole & 15, whole >> 4], 2).flatten(1).to(torch.int8) - 8
        width = 1
        for size in shape[1:]:
            width *= size
        whole = pairs[:, :width]
    return (whole.float() * parts[1].float()).reshape(shape).to(entry["dtype"])
