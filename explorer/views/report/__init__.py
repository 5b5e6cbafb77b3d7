"""One answer as a document to hand on: an architecture decision record, in four forms."""
