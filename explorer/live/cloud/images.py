"""Container images of the local cloud: the code of a stack in its bucket. No registry is called."""

from __future__ import annotations

import compileall
import hashlib
import io
import os
import re
import threading
import zipfile
from pathlib import Path

OTHER_IMAGES = "images of registries, none of which is asked"
PATTERN = re.compile(r"local/([a-z0-9.-]+)/([^@]+)(?:@sha256:[0-9a-f]+)?")

_lock = threading.Lock()


class NoImageError(Exception):
    """The image does not exist or cannot be run here; the message gives the reason."""


def image_of(bucket: str, key: str) -> str:
    """The image name for code at this bucket and key."""
    return f"local/{bucket}/{key}"


def digest_of(image: str) -> str:
    """The SHA-256 digest of an image. Raises NoImageError."""
    return f"sha256:{hashlib.sha256(_content(image)).hexdigest()}"


def unpack(image: str) -> Path:
    """The folder with the files of an image, unpacked at the first call. Raises NoImageError."""
    content = _content(image)
    folder = Path(os.environ["TMPDIR"]) / "images" / hashlib.sha256(content).hexdigest()
    with _lock:
        if not folder.exists():
            part = folder.with_suffix(".part")
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(part)
            compileall.compile_dir(part, quiet=2)  # once, because tasks do not write byte code
            part.rename(folder)
    return folder


def _content(image: str) -> bytes:
    from ministack.services import lambda_svc

    match = PATTERN.fullmatch(image)
    if match is None:
        raise NoImageError(f"{image}: the local cloud does not run {OTHER_IMAGES}: expected local/BUCKET/KEY")
    content: bytes | None = lambda_svc._fetch_code_from_s3(match[1], match[2])
    if content is None:
        raise NoImageError(f"{image}: not found")
    return content
