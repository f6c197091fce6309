"""The refusals of Blob storage by code: status and message, as Azure words them."""

from __future__ import annotations

from collections.abc import Mapping

_UNAUTHENTICATED = "Server failed to authenticate the request. "
_SIGNATURE = " including the signature."
_BREAKING = "The lease ID matched, but the lease is currently in breaking state"
_HEADER = "The value for one of the HTTP headers is not in the correct format."
_CONDITION = "The condition specified using HTTP conditional header(s) is not met."

ERRORS = {
    "AuthenticationFailed": (
        403,
        f"{_UNAUTHENTICATED}Make sure the value of Authorization header is formed correctly{_SIGNATURE}",
    ),
    "AuthorizationPermissionMismatch": (
        403,
        "This request is not authorized to perform this operation using this permission.",
    ),
    "BlobAlreadyExists": (409, "The specified blob already exists."),
    "BlobNotFound": (404, "The specified blob does not exist."),
    "ConditionNotMet": (412, _CONDITION),
    "ContainerAlreadyExists": (409, "The specified container already exists."),
    "ContainerNotFound": (404, "The specified container does not exist."),
    "EmptyMetadataKey": (400, "The key for one of the metadata key-value pairs is empty."),
    "InvalidAuthenticationInfo": (
        401,
        f"{_UNAUTHENTICATED}Please refer to the information in the www-authenticate header.",
    ),
    "InvalidBlobOrBlock": (400, "The specified blob or block content is invalid."),
    "BlockListTooLong": (400, "The block list may not contain more than 50,000 blocks."),
    "InvalidBlockList": (400, "The specified block list is invalid."),
    "InvalidHeaderValue": (400, _HEADER),
    "InvalidMetadata": (
        400,
        "The metadata specified is invalid. It has characters that are not permitted.",
    ),
    "InvalidMd5": (
        400,
        "The MD5 value specified in the request is invalid. MD5 value must be 128 bits and base64 encoded.",
    ),
    "InvalidQueryParameterValue": (
        400,
        "Value for one of the query parameters specified in the request URI is invalid.",
    ),
    "InvalidRange": (416, "The range specified is invalid for the current size of the resource."),
    "InvalidResourceName": (400, "The specified resource name contains invalid characters."),
    "InvalidXmlDocument": (400, "XML specified is not syntactically valid."),
    "InvalidXmlNodeValue": (400, "The value for one of the XML nodes is not in the correct format."),
    "KeyBasedAuthenticationNotPermitted": (
        403,
        "Key based authentication is not permitted on this storage account.",
    ),
    "LeaseAlreadyPresent": (409, "There is already a lease present."),
    "LeaseIdMismatchWithBlobOperation": (
        412,
        "The lease ID specified did not match the lease ID for the blob.",
    ),
    "LeaseIdMismatchWithContainerOperation": (
        412,
        "The lease ID specified did not match the lease ID for the container.",
    ),
    "LeaseIdMismatchWithLeaseOperation": (
        409,
        "The lease ID specified did not match the lease ID for the container or blob.",
    ),
    "LeaseIdMissing": (
        412,
        "There is currently a lease on the container or blob and no lease ID was specified in the request.",
    ),
    "LeaseIsBreakingAndCannotBeAcquired": (
        409,
        f"{_BREAKING} and cannot be acquired until it is broken.",
    ),
    "LeaseIsBreakingAndCannotBeChanged": (
        409,
        f"{_BREAKING} and cannot be changed.",
    ),
    "LeaseIsBrokenAndCannotBeRenewed": (
        409,
        "The lease ID matched, but the lease has been broken explicitly and cannot be renewed.",
    ),
    "LeaseNotPresentWithBlobOperation": (412, "There is currently no lease on the blob."),
    "LeaseNotPresentWithContainerOperation": (412, "There is currently no lease on the container."),
    "LeaseNotPresentWithLeaseOperation": (409, "There is currently no lease on the container or blob."),
    "Md5Mismatch": (
        400,
        "The MD5 value specified in the request did not match with the MD5 value calculated by the server.",
    ),
    "MissingRequiredHeader": (400, "An HTTP header that's mandatory for this request is not specified."),
    "MissingRequiredQueryParameter": (
        400,
        "A query parameter that's mandatory for this request is not specified.",
    ),
    "MultipleConditionHeadersNotSupported": (400, "Multiple condition headers are not supported."),
    "NoAuthenticationInformation": (
        401,
        f"{_UNAUTHENTICATED}Please refer to the information in the www-authenticate header.",
    ),
    "NotModified": (304, _CONDITION),
    "OutOfRangeInput": (400, "The specified resource name length is not within the permissible limits."),
    "OutOfRangeQueryParameterValue": (
        400,
        "One of the query parameters specified in the request URI is outside the permissible range.",
    ),
    "PublicAccessNotPermitted": (409, "Public access is not permitted on this storage account."),
    "ResourceNotFound": (404, "The specified resource does not exist."),
    "UnsatisfiableCondition": (400, "The request includes an unsatisfiable condition for this operation."),
}


class StorageError(Exception):
    """A refusal by its code; `about` becomes elements of the body after Code and Message."""

    def __init__(
        self, code: str, about: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.about = dict(about or {})
        self.headers = dict(headers or {})


def bad_header(name: str, value: str) -> StorageError:
    return StorageError("InvalidHeaderValue", {"HeaderName": name, "HeaderValue": value})
