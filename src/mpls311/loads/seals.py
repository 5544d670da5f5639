"""The seal of a manifest: a checksum of the document, within it."""

import hashlib
import re

_SEAL = re.compile(rb',\n "seal": "([0-9a-f]{64})"\n\}\n\Z')
_END = b"\n}\n"


class BrokenSealError(ValueError):
    """A document is not what was sealed."""


def sealed(document: bytes) -> bytes:
    """A JSON object with its SHA-256 as the last member, `seal`.

    Args:
        document: An object, indented by one; it ends with a brace in a line of its own.
    """
    assert document.endswith(_END), "an indented object"
    digest = hashlib.sha256(document).hexdigest()
    return document.removesuffix(_END) + f',\n "seal": "{digest}"'.encode() + _END


def unsealed(document: bytes) -> bytes:
    """The document as it was before it was sealed; one of a version without seals as it is.

    Raises:
        BrokenSealError: A byte of it is another one.
    """
    seal = _SEAL.search(document)
    if seal is None:
        return document
    content = document[: seal.start()] + _END
    if hashlib.sha256(content).hexdigest() != seal[1].decode():
        raise BrokenSealError("its checksum is another one")
    return content
