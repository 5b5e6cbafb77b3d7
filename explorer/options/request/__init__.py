"""How a request's body comes in."""

from __future__ import annotations

from .inline import Inline
from .presigned_upload import PresignedUpload

OPTIONS = (Inline(), PresignedUpload())
