"""botocore's service models: what each service's requests look like.

The models are AWS's own, so they are the oracle for the wire format.
"""

from __future__ import annotations

import functools

import botocore.session
from botocore.model import ServiceModel

# Signing name (what a request's credential scope says) -> botocore's name.
SIGNING_NAMES = {
    "ec2": "ec2",
    "events": "events",
    "fsx": "fsx",
    "iam": "iam",
    "kms": "kms",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "pricing": "pricing",
    "s3": "s3",
    "sagemaker": "sagemaker",
    "scheduler": "scheduler",
    "servicequotas": "service-quotas",
    "sns": "sns",
    "sqs": "sqs",
    "sts": "sts",
}

_session = botocore.session.get_session()


@functools.cache
def service_model(name: str) -> ServiceModel:
    """The model of one service, by botocore's name."""
    return _session.get_service_model(name)


@functools.cache
def regions() -> frozenset[str]:
    """Every region of every partition."""
    return frozenset(
        region
        for partition in _session.get_available_partitions()
        for region in _session.get_available_regions("ec2", partition)
    )


@functools.cache
def enum(service: str, shape: str) -> tuple[str, ...]:
    """The values of an enum shape."""
    return tuple(service_model(service).shape_for(shape).enum)
