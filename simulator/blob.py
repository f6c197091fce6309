"""Azure Blob storage: block blobs of the storage accounts in `resources`, as their REST API has them."""

from __future__ import annotations

from simulator import (
    blob_blocks,
    blob_containers,
    blob_content,
    blob_leases,
    blob_listing,
    blob_service,
)
from simulator.blob_wire import is_there
from simulator.routes import Routes

__all__ = ["is_there", "routes"]

routes = Routes()
for _subject in (blob_service, blob_containers, blob_listing, blob_content, blob_blocks, blob_leases):
    routes.all += _subject.operations.routes.all
