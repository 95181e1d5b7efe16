"""Folders of images, one folder per class, for training and validation."""

from __future__ import annotations

from pathlib import Path

from sustainable import Settings
from torch.utils.data import Dataset, Subset
from torchvision import datasets, transforms

SIZE = 224


def split(settings: Settings) -> tuple[Dataset, Dataset, int]:
    """Training images, validation images and the number of classes.

    The channel holds `train/CLASS/*` and, if there is one, `validation/CLASS/*`; without the latter
    every twentieth image is kept back.
    """
    root = settings.data_dir
    root = root / "train" if (root / "train").is_dir() else root
    train = datasets.ImageFolder(str(root), _transform(bool(settings.data_augmentation)))
    kept_back = settings.validation_dir or root.with_name("validation")
    if Path(kept_back).is_dir():
        validation: Dataset = datasets.ImageFolder(str(kept_back), _transform(False))
        return train, validation, len(train.classes)
    plain = datasets.ImageFolder(str(root), _transform(False))
    every = list(range(len(train)))
    training = [index for index in every if index % 20]
    return Subset(train, training), Subset(plain, every[::20]), len(train.classes)


def _transform(augment: bool) -> transforms.Compose:
    """Augmentation makes a model generalise better; it saves no energy."""
    if augment:
        shape = [transforms.RandomResizedCrop(SIZE), transforms.RandomHorizontalFlip()]
    else:
        shape = [transforms.Resize(SIZE * 8 // 7), transforms.CenterCrop(SIZE)]
    normalize = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return transforms.Compose([*shape, transforms.ToTensor(), normalize])
