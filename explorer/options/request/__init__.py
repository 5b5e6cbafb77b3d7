"""How the body of a request enters."""

from __future__ import annotations

from .inline import Inline
from .presigned_upload import PresignedUpload

OPTIONS = (Inline(), PresignedUpload())
