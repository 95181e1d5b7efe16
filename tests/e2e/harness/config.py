"""Configurations as Python values, rendered to HCL.

Every attribute gets a line of its own, and `Config.path_at` says which attribute stands on a line:
a diagnostic of Terraform carries a source range and no attribute path, so this is how a test asks
for the path.
"""

import json
from dataclasses import dataclass, field

SOURCE = "sustainable-ml/sustainable"
TYPE = "sustainable_ml_training"


class Raw(str):
    """An HCL expression, written as it stands: Raw("var.epochs")."""


class Block(dict):
    """A nested block; an attribute with an object value is a plain dict."""


def text(value: str) -> str:
    """A string literal of HCL; `${` and `%{` are meant literally."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


@dataclass
class Item:
    """A top-level block: its header (`resource "type" "label"`), its address, its arguments."""

    header: str
    address: str
    arguments: dict
    verbatim: str = ""

    def with_(self, **changes) -> "Item":
        """A copy with changed arguments; None takes an argument away."""
        merged = {**self.arguments, **changes}
        return Item(self.header, self.address, {k: v for k, v in merged.items() if v is not None})


@dataclass
class Config:
    """One main.tf, and for each of its lines the (address, attribute path) that stands there."""

    items: list
    lines: list = field(default_factory=list)
    places: list = field(default_factory=list)

    def __post_init__(self):
        for item in self.items:
            if isinstance(item, str):
                for line in item.splitlines():
                    self._line(line, "", "")
                continue
            self._line(f"{item.header} {{", item.address, "")
            self._body(item.arguments, item.address, "", 1)
            self._line("}", item.address, "")

    def __str__(self):
        return "\n".join(self.lines) + "\n"

    def path_at(self, line: int) -> tuple[str, str]:
        """The address and the attribute path at a line, counted from one; nothing for a foreign file."""
        return self.places[line - 1] if line <= len(self.places) else ("", "")

    def _line(self, content, address, path):
        self.lines.append(content)
        self.places.append((address, path))

    def _body(self, arguments, address, prefix, depth):
        for name, value in arguments.items():
            path = f"{prefix}.{name}" if prefix else name
            blocks = value if isinstance(value, list) and value and isinstance(value[0], Block) else [value]
            for block in blocks:
                if isinstance(block, Block):
                    self._line(f"{'  ' * depth}{name} {{", address, path)
                    self._body(block, address, path, depth + 1)
                    self._line(f"{'  ' * depth}}}", address, path)
                else:
                    self._expression(f"{'  ' * depth}{name} = ", block, "", address, path, depth)

    def _expression(self, start, value, end, address, path, depth):
        pad = "  " * depth
        if isinstance(value, dict) and value:
            self._line(f"{start}{{", address, path)
            for key, inner in value.items():
                self._expression(f"{pad}  {text(str(key))} = ", inner, "", address, f"{path}.{key}", depth + 1)
            self._line(f"{pad}}}{end}", address, path)
        elif isinstance(value, (list, tuple)) and value:
            self._line(f"{start}[", address, path)
            for index, inner in enumerate(value):
                self._expression(f"{pad}  ", inner, ",", address, f"{path}.{index}", depth + 1)
            self._line(f"{pad}]{end}", address, path)
        else:
            for number, line in enumerate(self._scalar(value).split("\n")):
                self._line(f"{start}{line}" if number == 0 else line, address, path)
            self.lines[-1] += end

    @staticmethod
    def _scalar(value) -> str:
        if isinstance(value, Raw):
            return str(value)
        if isinstance(value, str):
            return text(value)
        if value is None:
            return "null"
        return json.dumps(value)


def resource(type_name: str, label: str, **arguments) -> Item:
    """Any resource."""
    given = {k: v for k, v in arguments.items() if v is not None}
    return Item(f'resource "{type_name}" "{label}"', f"{type_name}.{label}", given)


def data(type_name: str, label: str, **arguments) -> Item:
    """Any data source."""
    given = {k: v for k, v in arguments.items() if v is not None}
    return Item(f'data "{type_name}" "{label}"', f"data.{type_name}.{label}", given)


def output(name: str, expression: str) -> Item:
    """An output value."""
    return Item(f'output "{name}"', f"output.{name}", {"value": Raw(expression)})


def variable(name: str, default) -> Item:
    """An input variable with a default."""
    return Item(f'variable "{name}"', f"var.{name}", {"default": default})


def training(label: str = "bert", **arguments) -> Item:
    """The training run that most scenarios start from: a public image, data in us-east-1.

    An argument given as None is left out.
    """
    usual = {
        "name": label,
        "model_type": "natural_language",
        "s3_bucket_name": "training-data",
        "dataset_size_gb": 1,
        "estimated_training_hours": 10,
        "training_image": "123456789012.dkr.ecr.{region}.amazonaws.com/train:1",
        "preferred_instance_types": ["ml.g5.xlarge"],
        "reference_instance_type": "ml.g5.xlarge",
    }
    return resource(TYPE, label, **{**usual, **arguments})


SETTINGS = """terraform {
  required_providers {
    sustainable = {
      source  = "sustainable-ml/sustainable"
      version = "0.1.0"
    }
  }
}
"""
