"""Which of AWS's products each price id is, and how a region marks its usage types.

A product is found by its usage type behind the region's mark ("EU-Lambda-GB-Second" in Ireland), whole
and never by a part of it: "Lambda-GB-Second" is inside four others. What further has to fit stands in
`where`, attributes by name; `family` is the product family, which stands outside the attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HOME = "us-east-1"
MARKS = {  # AWS's billing codes; Northern Virginia often has none, Ireland is EU where it is old
    "ap-northeast-1": ("APN1",),
    "ap-northeast-2": ("APN2",),
    "ap-northeast-3": ("APN3",),
    "ap-south-1": ("APS3",),
    "ap-southeast-1": ("APS1",),
    "ap-southeast-2": ("APS2",),
    "ca-central-1": ("CAN1",),
    "eu-central-1": ("EUC1",),
    "eu-north-1": ("EUN1",),
    "eu-west-1": ("EU", "EUW1"),
    "eu-west-2": ("EUW2",),
    "eu-west-3": ("EUW3",),
    "sa-east-1": ("SAE1",),
    "us-east-1": ("USE1",),
    "us-east-2": ("USE2",),
    "us-west-1": ("USW1",),
    "us-west-2": ("USW2",),
}


@dataclass(frozen=True)
class Product:
    """One of AWS's products: any of its `usage` types, and what else has to fit."""

    service: str
    usage: tuple[str, ...]
    where: Mapping[str, str] = field(default_factory=dict)

    def fits(self, family: str, attributes: Mapping[str, str], region: str) -> bool:
        """Whether the product that AWS describes so is this one, in that region."""
        if attributes.get("regionCode", region) != region:
            return False
        if self.usage and attributes.get("usagetype", "") not in self.usage_in(region):
            return False
        has = {**attributes, "family": family}
        return all(has.get(name) == value for name, value in self.where.items())

    def usage_in(self, region: str) -> list[str]:
        """Its usage types as a region writes them; KMS puts the region's own name before."""
        marks = [f"{mark}-" for mark in (*MARKS[region], region)]
        if region == HOME:
            marks.append("")
        return [mark + usage for mark in marks for usage in self.usage]


def _product(service: str, *usage: str, **where: str) -> Product:
    return Product(service, usage, where)


def _lambda(usage: str, group: str) -> Product:
    return _product("AWSLambda", usage, group=f"AWS-Lambda-{group}")


def _cache(gb: str) -> Product:
    return _product("AmazonApiGateway", family="Amazon API Gateway Cache", cacheMemorySizeGb=gb)


ALB = {"family": "Load Balancer-Application"}
NAT = {"family": "NAT Gateway"}
OUT = {"transferType": "AWS Outbound", "toLocation": "External"}
LINUX = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
}
STANDARD, FIFO = {"queueType": "Standard"}, {"queueType": "FIFO (first-in, first-out)"}

PRODUCTS: dict[str, Product] = {
    "alb.alb_hour": _product("AWSELB", "LoadBalancerUsage", **ALB),
    "alb.lcu_hour": _product("AWSELB", "LCUUsage", **ALB),
    **{
        f"apigateway.cache_{gb}gb": _cache(gb)
        for gb in ("0.5", "1.6", "118", "13.5", "237", "28.4", "58.2", "6.1")
    },
    "apigateway.http_request": _product("AmazonApiGateway", "ApiGatewayHttpRequest"),
    "apigateway.rest_request": _product("AmazonApiGateway", "ApiGatewayRequest"),
    "apigateway.websocket_connection_minute": _product("AmazonApiGateway", "ApiGatewayMinute"),
    "apigateway.websocket_message": _product("AmazonApiGateway", "ApiGatewayMessage"),
    "cloudwatch.alarm_standard": _product("AmazonCloudWatch", "CW:AlarmMonitorUsage"),
    "cloudwatch.custom_metric": _product("AmazonCloudWatch", "CW:MetricMonitorUsage"),
    "cloudwatch.logs_deliver_s3": _product("AmazonCloudWatch", "S3-Egress-Bytes"),
    "cloudwatch.logs_ingest_custom_ia": _product("AmazonCloudWatch", "DataProcessingIA-Bytes"),
    "cloudwatch.logs_ingest_custom_standard": _product("AmazonCloudWatch", "DataProcessing-Bytes"),
    "cloudwatch.logs_ingest_vended_ia": _product("AmazonCloudWatch", "VendedLogIA-Bytes"),
    "cloudwatch.logs_ingest_vended_standard": _product("AmazonCloudWatch", "VendedLog-Bytes"),
    "cloudwatch.logs_insights_scan": _product("AmazonCloudWatch", "DataScanned-Bytes"),
    "cloudwatch.logs_storage": _product("AmazonCloudWatch", "TimedStorage-ByteHrs"),
    "dynamodb.ondemand_backup_storage": _product("AmazonDynamoDB", "TimedBackupStorage-ByteHrs"),
    "dynamodb.ondemand_rru": _product("AmazonDynamoDB", "ReadRequestUnits"),
    "dynamodb.ondemand_rru_ia": _product("AmazonDynamoDB", "IA-ReadRequestUnits"),
    "dynamodb.ondemand_rwru": _product("AmazonDynamoDB", "ReplWriteRequestUnits"),
    "dynamodb.ondemand_wru": _product("AmazonDynamoDB", "WriteRequestUnits"),
    "dynamodb.ondemand_wru_ia": _product("AmazonDynamoDB", "IA-WriteRequestUnits"),
    "dynamodb.pitr_storage": _product("AmazonDynamoDB", "TimedPITRStorage-ByteHrs"),
    "dynamodb.provisioned_rcu": _product("AmazonDynamoDB", "ReadCapacityUnit-Hrs"),
    "dynamodb.provisioned_wcu": _product("AmazonDynamoDB", "WriteCapacityUnit-Hrs"),
    "dynamodb.restore": _product("AmazonDynamoDB", "RestoreDataSize-Bytes"),
    "dynamodb.storage_ia": _product("AmazonDynamoDB", "IA-TimedStorage-ByteHrs"),
    "dynamodb.storage_standard": _product("AmazonDynamoDB", "TimedStorage-ByteHrs"),
    "dynamodb.streams_read": _product("AmazonDynamoDB", "Streams-Requests"),
    "ec2.m7g.xlarge_linux_on_demand": _product("AmazonEC2", "BoxUsage:m7g.xlarge", **LINUX),
    "eventbridge.custom_event": _product("AWSEvents", "Event-64K-Chunks"),
    "eventbridge.scheduler_invocation": _product("AWSEvents", "ScheduledInvocation"),
    "fargate.ephemeral_storage": _product("AmazonECS", "Fargate-EphemeralStorage-GB-Hours"),
    "fargate.memory_linux_arm": _product("AmazonECS", "Fargate-ARM-GB-Hours"),
    "fargate.memory_linux_x86": _product("AmazonECS", "Fargate-GB-Hours"),
    "fargate.memory_windows": _product("AmazonECS", "Fargate-Windows-GB-Hours"),
    "fargate.os_license_windows": _product("AmazonECS", "Fargate-Windows-OS-Hours:perCPU"),
    "fargate.vcpu_linux_arm": _product("AmazonECS", "Fargate-ARM-vCPU-Hours:perCPU"),
    "fargate.vcpu_linux_x86": _product("AmazonECS", "Fargate-vCPU-Hours:perCPU"),
    "fargate.vcpu_windows": _product("AmazonECS", "Fargate-Windows-vCPU-Hours:perCPU"),
    "kms.asymmetric_other_request": _product("awskms", "KMS-Requests-Asymmetric"),
    "kms.customer_managed_key": _product("awskms", "KMS-Keys"),
    "kms.rsa2048_request": _product("awskms", "KMS-Requests-Asymmetric-RSA_2048"),
    "kms.symmetric_request": _product("awskms", "KMS-Requests"),
    "lambda.duration_arm": _lambda("Lambda-GB-Second-ARM", "Duration-ARM"),
    "lambda.duration_x86": _lambda("Lambda-GB-Second", "Duration"),
    "lambda.edge_duration": _lambda("Lambda-Edge-GB-Second", "Edge-Duration"),
    "lambda.edge_request": _lambda("Lambda-Edge-Request", "Edge-Requests"),
    "lambda.ephemeral_storage_arm": _lambda("Lambda-Storage-GB-Second-ARM", "Storage-Duration-ARM"),
    "lambda.ephemeral_storage_x86": _lambda("Lambda-Storage-GB-Second", "Storage-Duration"),
    "lambda.managed_instances_request": _product("AWSLambda", "Lambda-Managed-Instances-Request"),
    "lambda.provisioned_concurrency_arm": _lambda(
        "Lambda-Provisioned-Concurrency-ARM", "Provisioned-Concurrency-ARM"
    ),
    "lambda.provisioned_concurrency_x86": _lambda(
        "Lambda-Provisioned-Concurrency", "Provisioned-Concurrency"
    ),
    "lambda.provisioned_duration_arm": _lambda(
        "Lambda-Provisioned-GB-Second-ARM", "Duration-Provisioned-ARM"
    ),
    "lambda.provisioned_duration_x86": _lambda("Lambda-Provisioned-GB-Second", "Duration-Provisioned"),
    "lambda.request_arm": _lambda("Request-ARM", "Requests-ARM"),
    "lambda.request_x86": _lambda("Request", "Requests"),
    "lambda.response_streaming_arm": _product("AWSLambda", group="AWS-Lambda-Processed-Bytes-ARM"),
    "lambda.response_streaming_x86": _product("AWSLambda", group="AWS-Lambda-Processed-Bytes"),
    "nat.nat_data": _product("AmazonEC2", "NatGateway-Bytes", **NAT),
    "nat.nat_hour": _product("AmazonEC2", "NatGateway-Hours", **NAT),
    "s3.intelligent_tiering_monitoring": _product("AmazonS3", "Monitoring-Automation-INT"),
    "s3.standard_ia_retrieval": _product("AmazonS3", "Retrieval-SIA"),
    "s3.standard_ia_storage": _product("AmazonS3", "TimedStorage-SIA-ByteHrs"),
    "s3.standard_ia_tier1_request": _product("AmazonS3", "Requests-SIA-Tier1", group="S3-API-SIA-Tier1"),
    "s3.standard_ia_tier2_request": _product("AmazonS3", "Requests-SIA-Tier2", group="S3-API-SIA-Tier2"),
    "s3.standard_storage": _product("AmazonS3", "TimedStorage-ByteHrs", volumeType="Standard"),
    "s3.standard_tier1_request": _product("AmazonS3", "Requests-Tier1", group="S3-API-Tier1"),
    "s3.standard_tier2_request": _product("AmazonS3", "Requests-Tier2", group="S3-API-Tier2"),
    "secretsmanager.api_call": _product(
        "AWSSecretsManager", "AWSSecretsManagerAPIRequest", "AWSSecretsManager-APIRequests"
    ),
    "secretsmanager.secret": _product(
        "AWSSecretsManager", "AWSSecretsManager-Secrets", "AWSSecretsManager-Secret"
    ),
    "sqs.fair_queue_surcharge": _product("AWSQueueService", "Requests-Fair-RBP", "Requests-Fair-Tier1"),
    "sqs.fifo_request": _product("AWSQueueService", "Requests-FIFO-Tier1", "Requests-FIFO-RBP", **FIFO),
    "sqs.standard_request": _product("AWSQueueService", "Requests-Tier1", "Requests-RBP", **STANDARD),
    "ssm.advanced_parameter": _product("AWSSystemsManager", "PS-Advanced-Param-Tier1"),
    "states.express_duration": _product("AmazonStates", "StepFunctions-GB-Second"),
    "states.express_request": _product("AmazonStates", "StepFunctions-Request"),
    "states.standard_transition": _product("AmazonStates", "StateTransition"),
    "transfer.cross_az": _product("AWSDataTransfer", "DataTransfer-Regional-Bytes"),
    "transfer.internet_out": _product("AWSDataTransfer", "DataTransfer-Out-Bytes", **OUT),
    "vpc.interface_endpoint_data": _product("AmazonVPC", "VpcEndpoint-Bytes"),
    "vpc.interface_endpoint_hour": _product("AmazonVPC", "VpcEndpoint-Hours"),
    "vpc.public_ipv4_in_use": _product("AmazonVPC", "PublicIPv4:InUseAddress"),
}
