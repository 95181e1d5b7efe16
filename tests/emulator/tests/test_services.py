"""IAM, CloudWatch, prices: the rules and stubs beside S3 and SageMaker."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from jobs import TRUST
from test_contract import BODY, query


def error(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    found = caught.value.response["Error"]
    return found["Code"], found["Message"]


def trust(**changes: Any) -> str:
    statement = {**TRUST["Statement"][0], **changes}  # type: ignore[dict-item]
    return json.dumps({"Version": "2012-10-17", "Statement": [{k: v for k, v in statement.items() if v is not None}]})


BAD_TRUST = {
    "This policy contains invalid Json": "{",
    "Has prohibited field Resource": trust(Resource="*"),
    "Missing required field Principal": trust(Principal=None),
    "AssumeRole policy may only specify STS AssumeRole actions.": trust(Action="s3:GetObject"),
    'Invalid principal in policy: "SERVICE":"sagemaker"': trust(Principal={"Service": "sagemaker"}),
}


@pytest.mark.parametrize("sentence", BAD_TRUST)
def test_trust_policies(aws: Any, sentence: str) -> None:
    assert error(aws.client("iam").create_role, RoleName="r", AssumeRolePolicyDocument=BAD_TRUST[sentence]) == (
        "MalformedPolicyDocument",
        sentence,
    )


def test_names_and_boundaries_of_roles(aws: Any) -> None:
    iam = aws.client("iam")
    for name in ("a b", "x" * 65):
        assert error(iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust())[0] == "ValidationError"
    arn = f"arn:aws:iam::{aws.account}:policy/none"
    assert error(iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust(), PermissionsBoundary=arn) == (
        "NoSuchEntity",
        f"Scope ARN: {arn} does not exist or is not attachable.",
    )


BAD_BODIES = {
    "Should NOT have more than 2 items": ["ns", "metric", "dimension"],
    "Invalid metric field type, only 'String' type is allowed": ["ns", "metric", {"a": 1}, "x"],
    "Should NOT have fewer than 2 items": ["ns"],
}


@pytest.mark.parametrize("sentence", BAD_BODIES)
def test_dashboard_bodies(aws: Any, sentence: str) -> None:
    body = json.loads(json.dumps(BODY))
    body["widgets"][0]["properties"]["metrics"] = [BAD_BODIES[sentence]]
    status, answer = query(aws, "PutDashboard", DashboardName="d", DashboardBody=json.dumps(body))
    assert status == 400
    assert "<Code>InvalidParameterInput</Code>" in answer
    assert "there are 1 validation errors" in answer
    assert sentence.split(",")[0] in answer


def test_dashboards_belong_to_the_account(aws: Any) -> None:
    query(aws, "PutDashboard", DashboardName="d", DashboardBody=json.dumps(BODY))
    there = aws.client("cloudwatch", "us-east-1")
    assert json.loads(there.get_dashboard(DashboardName="d")["DashboardBody"]) == BODY
    assert [e["DashboardName"] for e in there.list_dashboards()["DashboardEntries"]] == ["d"]
    assert error(there.delete_dashboards, DashboardNames=["d", "none"])[0] == "ResourceNotFound"
    assert query(aws, "PutDashboard", DashboardName="a b", DashboardBody="{}")[0] == 400
    status, answer = query(aws, "PutDashboard", DashboardName="d", DashbordBody="{}")
    assert (status, "EmulatorUnknownMember" in answer) == (400, True)


def test_prices_are_what_the_test_says(aws: Any) -> None:
    product = {"serviceCode": "AmazonEC2", "product": {"attributes": {"instanceType": "g5.xlarge"}}}
    aws.control(
        "POST",
        "settings",
        {"products": [product], "spot_prices": [{"region": "eu-north-1", "instance_type": "g5.xlarge", "price": 0.31}]},
    )
    wanted = [{"Type": "TERM_MATCH", "Field": "instanceType", "Value": "g5.xlarge"}]
    found = aws.client("pricing", "us-east-1").get_products(ServiceCode="AmazonEC2", Filters=wanted)["PriceList"]
    assert [json.loads(p) for p in found] == [product]
    history = aws.client("ec2").describe_spot_price_history(InstanceTypes=["g5.xlarge"])
    assert [p["SpotPrice"] for p in history["SpotPriceHistory"]] == ["0.310000"]
