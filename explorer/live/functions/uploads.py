"""POST /uploads: a URL for exactly the declared bytes and type."""

from __future__ import annotations

import hashlib
import os
import re

from clients import client, error_code
from jobs import ID, random_name
from problems import Answer, Problem, json_answer
from request import Request
from results import Place
from row import now
from settings import HOUR_S, SETTINGS, variable

NAME = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
MEDIA_TYPE = re.compile(rf"{NAME}/{NAME}( *; *{NAME}=({NAME}|\"[ !#-~]{{0,127}}\")){{0,4}}")
FIELDS = {"bytes", "content_type"}


def create(request: Request, owner: str) -> Answer:
    """Sign a PUT."""
    size, content_type = _read_declaration(request.json())
    token, lasts_s = random_name(), int(min(HOUR_S, SETTINGS.upload_kept_s))
    arguments = {
        "Bucket": variable("UPLOADS"),
        "Key": _key(owner, token),
        "ContentLength": size,
        "ContentType": content_type,
    }
    url = client("s3").generate_presigned_url("put_object", Params=arguments, ExpiresIn=lasts_s)
    headers = {"Content-Type": content_type, "Content-Length": str(size)}
    body = {"upload_url": url, "headers": headers, "upload": token, "expires": int(now()) + lasts_s}
    return json_answer(201, body)


def find(token: str, owner: str) -> Place:
    """The location of an owner's upload. Raises Problem if there is none."""
    if "UPLOADS" not in os.environ:
        raise Problem(400, "this endpoint takes no uploads: the body goes into the request")
    missing = Problem(404, "there is no such upload")
    if not ID.fullmatch(token):
        raise missing
    key = _key(owner, token)
    try:
        head = client("s3").head_object(Bucket=variable("UPLOADS"), Key=key)
    except Exception as error:
        # 403: a missing object, without permission to list
        if error_code(error) in {"404", "NoSuchKey", "403"}:
            raise missing from None
        raise
    return {"bucket": "UPLOADS", "key": key, "etag": head["ETag"]}


def _key(owner: str, token: str) -> str:
    return f"uploads/{hashlib.sha256(owner.encode()).hexdigest()[:32]}/{token}"


def _read_declaration(body: object) -> tuple[int, str]:
    if not isinstance(body, dict) or set(body) != FIELDS:
        raise Problem(400, 'the body is not {"bytes", "content_type"}')
    size, content_type = body["bytes"], body["content_type"]
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise Problem(400, "bytes is not a whole number from 1")
    if size > SETTINGS.upload_bytes:
        raise Problem(413, f"at most {SETTINGS.upload_bytes} bytes can be uploaded at once")
    if not isinstance(content_type, str) or not MEDIA_TYPE.fullmatch(content_type):
        raise Problem(400, 'content_type is not a media type such as "application/json"')
    return size, content_type
