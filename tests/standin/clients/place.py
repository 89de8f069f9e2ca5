"""Where the clients go: the vendors' variables, and a bucket for each client."""

import contextlib
import os
from urllib.parse import urlsplit

import botocore.session

ENDPOINT = os.environ["AWS_S3_ENDPOINT_URL"]
ACCESS, SECRET = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
HOST = urlsplit(ENDPOINT).netloc
SMALL = b"light curve\n"
LARGE = bytes(range(256)) * (12 << 12)  # 12 MiB: several parts
REGION = "us-east-1"


def bucket_of(client: str) -> str:
    """Return an empty bucket of a client's own."""
    name = f"clients-{client}"
    s3 = botocore.session.get_session().create_client(
        "s3", endpoint_url=ENDPOINT, region_name=REGION
    )
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=name)
    return name
