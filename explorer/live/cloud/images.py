"""Images of containers here: the code of a stack, as it lies in its bucket. Nothing is pulled."""

from __future__ import annotations

import compileall
import hashlib
import io
import os
import re
import threading
import zipfile
from pathlib import Path

ELSEWHERE = "images of registries, none of which is asked"
PATTERN = re.compile(r"local/([a-z0-9.-]+)/([^@]+)(?:@sha256:[0-9a-f]+)?")

_lock = threading.Lock()


class NoImageError(Exception):
    """There is no such image, and why."""


def image_of(bucket: str, key: str) -> str:
    """The image that the code at this place is."""
    return f"local/{bucket}/{key}"


def digest_of(image: str) -> str:
    """What tells an image from another of the same name. Raises NoImageError."""
    return f"sha256:{hashlib.sha256(_content(image)).hexdigest()}"


def unpacked(image: str) -> Path:
    """The folder that holds what is in an image, unpacked once. Raises NoImageError."""
    content = _content(image)
    folder = Path(os.environ["TMPDIR"]) / "images" / hashlib.sha256(content).hexdigest()
    with _lock:
        if not folder.exists():
            part = folder.with_suffix(".part")
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(part)
            compileall.compile_dir(part, quiet=2)  # once: the tasks do not write beside their code
            part.rename(folder)
    return folder


def _content(image: str) -> bytes:
    from ministack.services import lambda_svc

    match = PATTERN.fullmatch(image)
    if match is None:
        raise NoImageError(f"{image}: the local cloud does not run {ELSEWHERE}: expected local/BUCKET/KEY")
    content: bytes | None = lambda_svc._fetch_code_from_s3(match[1], match[2])
    if content is None:
        raise NoImageError(f"{image}: not found")
    return content
