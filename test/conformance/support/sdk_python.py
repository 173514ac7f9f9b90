"""What docs/contracts.md shows, and what a user of boto3 meets first, against the local services.

Prints one JSON object: the versions, and by name what each call came to.
"""

import base64
import datetime
import json
import sys

import boto3
import botocore
from botocore.exceptions import ClientError

kinesis = boto3.client("kinesis")
dynamodb = boto3.client("dynamodb")
streams = boto3.client("dynamodbstreams")
s3 = boto3.client("s3")
cloudwatch = boto3.client("cloudwatch")
minute = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
hour = datetime.timedelta(hours=1)


def code(call):
    """The error code of a call that has to fail."""
    try:
        call()
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
    return "no error"


def try_kinesis():
    kinesis.create_stream(StreamName="python", ShardCount=3)
    kinesis.get_waiter("stream_exists").wait(StreamName="python", WaiterConfig={"Delay": 1})
    arn = kinesis.describe_stream_summary(StreamName="python")["StreamDescriptionSummary"]["StreamARN"]
    put = kinesis.put_records(
        StreamARN=arn,
        Records=[{"PartitionKey": "k", "Data": f"text {n}".encode()} for n in range(3)],
    )
    first = kinesis.list_shards(StreamARN=arn, MaxResults=2)
    rest = kinesis.list_shards(NextToken=first["NextToken"])
    shard = put["Records"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(
        StreamARN=arn, ShardId=shard, ShardIteratorType="AT_TIMESTAMP", Timestamp=minute - hour
    )["ShardIterator"]
    page = kinesis.get_records(ShardIterator=iterator)
    return {
        "failed": put["FailedRecordCount"],
        "shards": [len(first["Shards"]), len(rest["Shards"]), "NextToken" in rest],
        "read": [record["Data"].decode() for record in page["Records"]],
        "arrived": page["Records"][0]["ApproximateArrivalTimestamp"] >= minute,
        "behind": page["MillisBehindLatest"],
        "missing": code(lambda: kinesis.describe_stream(StreamName="length")),
    }


def try_dynamodb():
    dynamodb.create_table(
        TableName="python",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    dynamodb.get_waiter("table_exists").wait(TableName="python", WaiterConfig={"Delay": 1})
    item = {
        "pk": {"S": "REC#1"},
        "bytes": {"B": b"\x00\xff"},
        "attributes": {"M": {name: {"S": name} for name in ["constructor", "__proto__", "length"]}},
    }
    dynamodb.put_item(TableName="python", Item=item)
    query = dynamodb.query(
        TableName="python",
        KeyConditionExpression="pk = :id",
        ExpressionAttributeValues={":id": {"S": "REC#1"}},
    )
    arn = dynamodb.describe_table(TableName="python")["Table"]["LatestStreamArn"]
    images = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        images += [r["dynamodb"]["NewImage"] for r in streams.get_records(ShardIterator=iterator)["Records"]]
    return {
        "same": query["Items"] == [item],
        "streamed": images == [item],
        "refused": code(
            lambda: dynamodb.put_item(
                TableName="python", Item=item, ConditionExpression="attribute_not_exists(pk)"
            )
        ),
        "missing": code(lambda: dynamodb.describe_table(TableName="constructor")),
    }


def try_s3():
    s3.create_bucket(Bucket="python")
    s3.put_object(Bucket="python", Key="a b/ü.json", Body=b"{}", Tagging="state=new", Metadata={"m": "v"})
    got = s3.get_object(Bucket="python", Key="a b/ü.json")
    s3.put_object_tagging(
        Bucket="python", Key="a b/ü.json", Tagging={"TagSet": [{"Key": "k", "Value": "<&>"}]}
    )
    answer = {
        "read": [got["Body"].read().decode(), got["Metadata"]],
        "tags": s3.get_object_tagging(Bucket="python", Key="a b/ü.json")["TagSet"],
        "keys": [o["Key"] for o in s3.list_objects_v2(Bucket="python")["Contents"]],
        "noKey": code(lambda: s3.get_object(Bucket="python", Key="none")),
        "noBucket": code(lambda: s3.list_objects_v2(Bucket="nobody")),
        "full": code(lambda: s3.delete_bucket(Bucket="python")),
        "exists": code(lambda: s3.put_object(Bucket="python", Key="a b/ü.json", Body=b"", IfNoneMatch="*")),
    }
    s3.delete_object(Bucket="python", Key="a b/ü.json")
    answer["notOffered"] = [
        code(lambda: s3.delete_public_access_block(Bucket="python")),
        code(lambda: s3.delete_bucket_policy(Bucket="python")),
        code(lambda: s3.delete_bucket_encryption(Bucket="python")),
        code(lambda: s3.get_bucket_acl(Bucket="python")),
        code(lambda: s3.get_object_attributes(Bucket="python", Key="k", ObjectAttributes=["ETag"])),
        code(lambda: s3.delete_object_tagging(Bucket="python", Key="k")),
    ]
    answer["kept"] = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket="python")
    return answer


def try_cloudwatch():
    data = [
        {"MetricName": "Latency", "Timestamp": minute, "Values": [1, 2.5], "Counts": [3, 1], "Unit": "Seconds",
         "Dimensions": [{"Name": "Source", "Value": "1"}]},
        {"MetricName": "Plain", "Timestamp": minute, "Value": 4.5},
    ]
    many = [{"MetricName": f"Many{n}", "Value": n, "Timestamp": minute} for n in range(300)]
    cloudwatch.put_metric_data(Namespace="Python", MetricData=data + many)
    topic = "arn:aws:sns:us-east-1:000000000000:topic"
    cloudwatch.put_metric_alarm(
        AlarmName="python", Namespace="Python", MetricName="Plain", Statistic="Sum", Period=60,
        EvaluationPeriods=2, Threshold=1.5, ComparisonOperator="GreaterThanThreshold",
        ActionsEnabled=True, AlarmActions=[topic], TreatMissingData="notBreaching",
    )
    cloudwatch.set_alarm_state(AlarmName="python", StateValue="ALARM", StateReason="<by hand>")
    alarm = cloudwatch.describe_alarms(AlarmNames=["python"])["MetricAlarms"][0]
    history = cloudwatch.describe_alarm_history(AlarmName="python", HistoryItemType="Action")
    statistics = cloudwatch.get_metric_statistics(
        Namespace="Python", MetricName="Latency", Dimensions=[{"Name": "Source", "Value": "1"}],
        StartTime=minute - hour, EndTime=minute + hour, Period=60,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    percentiles = cloudwatch.get_metric_statistics(
        Namespace="Python", MetricName="Latency", Dimensions=[{"Name": "Source", "Value": "1"}],
        StartTime=minute - hour, EndTime=minute + hour, Period=60, ExtendedStatistics=["p50"],
    )["Datapoints"]
    values = cloudwatch.get_metric_data(
        StartTime=minute - hour, EndTime=minute + hour,
        MetricDataQueries=[
            {"Id": "m", "MetricStat": {"Metric": {"Namespace": "Python", "MetricName": "Plain"},
                                       "Period": 60, "Stat": "Sum"}},
            {"Id": "twice", "Expression": "m * 2", "ReturnData": True},
        ],
    )["MetricDataResults"]
    answer = {
        "metrics": len(cloudwatch.list_metrics(Namespace="Python")["Metrics"]),
        "alarm": [alarm["StateValue"], alarm["StateReason"], alarm["Threshold"], alarm["ActionsEnabled"]],
        "alarmTime": alarm["StateUpdatedTimestamp"].year >= 2025,
        "notified": [item["HistorySummary"] for item in history["AlarmHistoryItems"]],
        "statistics": [[p["Sum"], p["SampleCount"], p["Unit"], p["Timestamp"] == minute] for p in statistics],
        "p50": percentiles[0]["ExtendedStatistics"]["p50"],
        "values": [[r["Label"], r["Values"], r["Timestamps"] == [minute]] for r in values],
        "order": code(lambda: cloudwatch.get_metric_statistics(
            Namespace="Python", MetricName="Plain", StartTime=minute, EndTime=minute, Period=60,
            Statistics=["Sum"])),
        "points": code(lambda: cloudwatch.get_metric_statistics(
            Namespace="Python", MetricName="Plain", StartTime=minute - 48 * hour, EndTime=minute, Period=60,
            Statistics=["Sum"])),
        "noAlarm": code(lambda: cloudwatch.set_alarm_state(
            AlarmName="none", StateValue="OK", StateReason="x")),
    }
    cloudwatch.delete_alarms(AlarmNames=["python"])
    return answer


report = {"boto3": boto3.__version__, "botocore": botocore.__version__}
for name, part in [("kinesis", try_kinesis), ("dynamodb", try_dynamodb), ("s3", try_s3), ("cloudwatch", try_cloudwatch)]:
    try:
        report[name] = part()
    except Exception as error:  # the report says what, the test which
        report[name] = f"{type(error).__name__}: {error}"
print(json.dumps(report))
