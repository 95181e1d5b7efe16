"""Entries of AWS's price list, in the form in which GetProducts gives them (GetProducts, aws_v1)."""

import zlib

ISSUED = "2026-11-20T12:00:00Z"


def entry(service: str, family: str, usd: float, **attributes) -> dict:
    """One product with an on-demand price per hour."""
    sku = f"SKU{zlib.crc32(repr((service, *attributes.values())).encode())}"
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": f"{usd:.10f}"}, "rateCode": f"{sku}.T.R"}
    return {
        "product": {"productFamily": family, "attributes": {"servicecode": service, **attributes}, "sku": sku},
        "serviceCode": service,
        "terms": {"OnDemand": {f"{sku}.T": {"priceDimensions": {f"{sku}.T.R": dimension}, "sku": sku}}},
        "version": "20261120120000",
        "publicationDate": ISSUED,
    }


def ec2(instance_type: str, region: str, usd: float) -> dict:
    """Linux on a shared host; `instance_type` as EC2 calls it."""
    return entry(
        "AmazonEC2",
        "Compute Instance",
        usd,
        instanceType=instance_type,
        regionCode=region,
        operatingSystem="Linux",
        preInstalledSw="NA",
        tenancy="Shared",
        capacitystatus="Used",
    )


def sagemaker(instance_type: str, region: str, usd: float) -> dict:
    """Training on SageMaker; `instance_type` with its `ml.`."""
    return entry(
        "AmazonSageMaker",
        "ML Instance",
        usd,
        instanceName=instance_type,
        regionCode=region,
        platoinstancetype="Training",
        usagetype=f"USE1-Train:{instance_type}",
    )


def spot(instance_type: str, region: str, usd: float, zone: str = "a") -> dict:
    """A spot price of EC2 for `settings.spot_prices`."""
    return {"region": region, "instance_type": instance_type, "price": usd, "zone": f"{region}{zone}"}
