"""Who calls, and whether IAM allows it."""

from .authorise import authorise
from .principals import account_of, principal_arn

__all__ = ["account_of", "authorise", "principal_arn"]
