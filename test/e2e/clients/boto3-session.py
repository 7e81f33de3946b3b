"""What programs do with boto3 and its default settings. Fails by assertion.

Usage: boto3-session.py ENDPOINT DIRECTORY [tree], the last where the store behind is a file tree.
"""

import hashlib
import io
import os
import sys
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, DIRECTORY = sys.argv[1:3]
MIB = 1024 * 1024
UGLY = ["a b", "plus+plus%", "100%", "ü日本😀", "new\nline", "quo'te\"<&>", "a//b", "../up", "//x", "."]
if sys.argv[3:] == ["tree"]:
    UGLY = [key for key in UGLY if "//" not in key and not key.startswith(".")]
client = boto3.client("s3", endpoint_url=ENDPOINT)


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{code} was expected")


def url_open(url, method="GET", body=None, headers=None):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    with urllib.request.urlopen(request) as answer:
        return answer.status, answer.headers, answer.read()


def buckets():
    client.create_bucket(Bucket="box")
    refused("BucketAlreadyOwnedByYou", client.create_bucket, Bucket="box")
    assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["box"]
    client.head_bucket(Bucket="box")
    assert client.get_bucket_location(Bucket="box")["LocationConstraint"] is None
    assert "Status" not in client.get_bucket_versioning(Bucket="box")
    refused("404", client.head_bucket, Bucket="absent")
    refused("NotImplemented", client.get_bucket_policy, Bucket="box")


def objects():
    metadata = {"colour": "blue", "mtime": "1714564800.123456789"}
    put = client.put_object(
        Bucket="box", Key="k", Body=b"0123456789", ContentType="text/x-own", CacheControl="no-store", Metadata=metadata
    )
    got = client.get_object(Bucket="box", Key="k")
    assert got["Body"].read() == b"0123456789"
    assert (got["ContentType"], got["CacheControl"], got["Metadata"]) == ("text/x-own", "no-store", metadata)
    assert got["ETag"] == put["ETag"]
    part = client.get_object(Bucket="box", Key="k", Range="bytes=2-4")
    assert (part["Body"].read(), part["ContentRange"]) == (b"234", "bytes 2-4/10")
    assert client.get_object(Bucket="box", Key="k", Range="bytes=-3")["Body"].read() == b"789"
    refused("InvalidRange", client.get_object, Bucket="box", Key="k", Range="bytes=10-")
    refused("304", client.head_object, Bucket="box", Key="k", IfNoneMatch=put["ETag"])
    refused("PreconditionFailed", client.get_object, Bucket="box", Key="k", IfMatch='"other"')
    refused("NoSuchKey", client.get_object, Bucket="box", Key="absent")
    refused("404", client.head_object, Bucket="box", Key="absent")
    for algorithm in ["SHA1", "SHA256", "CRC32"]:
        client.put_object(Bucket="box", Key="sum", Body=b"summed", ChecksumAlgorithm=algorithm)
    attributes = client.get_object_attributes(Bucket="box", Key="k", ObjectAttributes=["ETag", "ObjectSize"])
    assert attributes["ObjectSize"] == 10


def large():
    """Files of several parts, up, copied and down; and a stream whose length nobody knows."""
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    source, back = os.path.join(DIRECTORY, "large"), os.path.join(DIRECTORY, "back")
    content = os.urandom(17 * MIB + 5)
    with open(source, "wb") as file:
        file.write(content)
    client.upload_file(source, "box", "large", Config=config, ExtraArgs={"Metadata": {"a": "b"}})
    client.copy({"Bucket": "box", "Key": "large"}, "box", "large copy", Config=config)
    client.download_file("box", "large copy", back, Config=config)
    with open(back, "rb") as file:
        assert file.read() == content
    assert client.head_object(Bucket="box", Key="large")["Metadata"] == {"a": "b"}

    class Stream(io.RawIOBase):
        """Cannot be sought in."""

        def __init__(self):
            self.inner = io.BytesIO(content)

        def readable(self):
            return True

        def read(self, size=-1):
            return self.inner.read(size)

    client.upload_fileobj(Stream(), "box", "streamed", Config=config)
    body = client.get_object(Bucket="box", Key="streamed")["Body"]
    assert hashlib.md5(body.read()).digest() == hashlib.md5(content).digest()
    upload = client.create_multipart_upload(Bucket="box", Key="given up")["UploadId"]
    client.upload_part(Bucket="box", Key="given up", UploadId=upload, PartNumber=3, Body=b"part")
    parts = client.list_parts(Bucket="box", Key="given up", UploadId=upload)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in parts] == [(3, 4)]
    assert [each["Key"] for each in client.list_multipart_uploads(Bucket="box")["Uploads"]] == ["given up"]
    client.abort_multipart_upload(Bucket="box", Key="given up", UploadId=upload)
    assert "Uploads" not in client.list_multipart_uploads(Bucket="box")


def listings():
    client.create_bucket(Bucket="listed")
    keys = UGLY + [f"dir{i % 7}/sub{i % 3}/file{i}" for i in range(60)]
    for key in keys:
        client.put_object(Bucket="listed", Key=key, Body=key.encode())
    for name in ["list_objects", "list_objects_v2"]:
        for size in [1, 7, 1000]:
            pages = client.get_paginator(name).paginate(Bucket="listed", PaginationConfig={"PageSize": size})
            found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
            assert found == sorted(keys, key=lambda key: key.encode()), (name, size)
            pages = client.get_paginator(name).paginate(
                Bucket="listed", Delimiter="/", Prefix="dir", PaginationConfig={"PageSize": size}
            )
            prefixes = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
            assert prefixes == [f"dir{i}/" for i in range(7)], (name, size, prefixes)
    for key in UGLY:
        assert client.get_object(Bucket="listed", Key=key)["Body"].read() == key.encode(), key
    deleted = client.delete_objects(Bucket="listed", Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(deleted["Deleted"]) == len(keys) and "Errors" not in deleted
    assert client.list_objects_v2(Bucket="listed")["KeyCount"] == 0
    client.delete_bucket(Bucket="listed")


def copies_and_tags():
    source = {"Bucket": "box", "Key": "k"}
    client.copy_object(Bucket="box", Key="ü copy", CopySource=source)
    assert client.head_object(Bucket="box", Key="ü copy")["Metadata"]["colour"] == "blue"
    client.copy_object(
        Bucket="box", Key="ü copy", CopySource=source, MetadataDirective="REPLACE", Metadata={"new": "1"}
    )
    assert client.head_object(Bucket="box", Key="ü copy")["Metadata"] == {"new": "1"}
    tags = [{"Key": "a", "Value": "1"}, {"Key": "ü", "Value": "<&>"}]
    client.put_object_tagging(Bucket="box", Key="k", Tagging={"TagSet": tags})
    assert client.get_object_tagging(Bucket="box", Key="k")["TagSet"] == tags
    client.put_object(Bucket="box", Key="tagged", Body=b"", Tagging="x=y&z=1%202")
    assert len(client.get_object_tagging(Bucket="box", Key="tagged")["TagSet"]) == 2
    client.delete_object_tagging(Bucket="box", Key="k")
    assert client.get_object_tagging(Bucket="box", Key="k")["TagSet"] == []
    client.put_object_acl(Bucket="box", Key="k", ACL="private")
    assert client.get_object_acl(Bucket="box", Key="k")["Grants"][0]["Permission"] == "FULL_CONTROL"
    refused("NotImplemented", client.put_object_acl, Bucket="box", Key="k", ACL="public-read")


def presigned():
    """As the settings are (Signature Version 2 for this region), and with Version 4."""
    for signer in [client, boto3.client("s3", endpoint_url=ENDPOINT, config=Config(signature_version="s3v4"))]:
        sign = signer.generate_presigned_url
        key = {"Bucket": "box", "Key": "signed ü+%"}
        url = sign("put_object", Params={**key, "ContentType": "text/x-own", "Metadata": {"a": "b"}})
        status, _, _ = url_open(url, "PUT", b"by URL", {"Content-Type": "text/x-own", "x-amz-meta-a": "b"})
        assert status == 200
        assert client.head_object(**key)["Metadata"] == {"a": "b"}
        _, headers, body = url_open(sign("get_object", Params={**key, "ResponseContentDisposition": "attachment"}))
        assert (body, headers["Content-Disposition"]) == (b"by URL", "attachment")
        assert url_open(sign("head_object", Params=key), "HEAD")[0] == 200
        assert url_open(sign("get_object", Params=key), headers={"Range": "bytes=3-"})[0] == 206
        for url in [
            sign("get_object", Params=key, ExpiresIn=-10),
            sign("get_object", Params=key).replace("signed", "other"),
            sign("delete_object", Params=key),
        ]:
            try:
                url_open(url)
            except urllib.error.HTTPError as error:
                assert error.code in (400, 403), error
            else:
                raise AssertionError("a wrong URL was served")
        upload = client.create_multipart_upload(**key)["UploadId"]
        part = {**key, "UploadId": upload, "PartNumber": 1}
        _, headers, _ = url_open(sign("upload_part", Params=part), "PUT", b"whole part", {"Content-Type": ""})
        named = {"Parts": [{"PartNumber": 1, "ETag": headers["ETag"]}]}
        client.complete_multipart_upload(**key, UploadId=upload, MultipartUpload=named)
        assert client.get_object(**key)["Body"].read() == b"whole part"


def end():
    refused("BucketNotEmpty", client.delete_bucket, Bucket="box")
    boto3.resource("s3", endpoint_url=ENDPOINT).Bucket("box").objects.all().delete()
    client.delete_bucket(Bucket="box")
    assert client.list_buckets()["Buckets"] == []


for step in [buckets, objects, large, listings, copies_and_tags, presigned, end]:
    step()
    print(step.__name__)
