"""Access tokens: JWTs signed by a key that lives as long as the process."""

from __future__ import annotations

import base64
import json
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from simulator.access import Principal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

LIFETIME_S = 86400
_KEY_ID = "simulator"


class Signer:
    """Makes the tokens of one run; its public key is served where clients look for it."""

    def token(self, caller: Principal, audience: str) -> str:
        now = int(time.time())
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{caller.tenant}/",
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_S,
            "tid": caller.tenant,
            "oid": caller.object_id,
            "sub": caller.object_id,
            "appid": caller.client_id,
            "idtyp": "app",
            "ver": "1.0",
        }
        signed = f"{_part({'typ': 'JWT', 'alg': 'RS256', 'kid': _KEY_ID})}.{_part(claims)}"
        return f"{signed}.{_base64(self._signature(signed.encode()))}"

    def keys(self) -> dict[str, Any]:
        """The JSON Web Key Set."""
        numbers = _key().public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "kid": _KEY_ID, "alg": "RS256"}
        return {"keys": [{**key, "n": _number(numbers.n), "e": _number(numbers.e)}]}

    def _signature(self, text: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        return _key().sign(text, PKCS1v15(), SHA256())


@cache
def _key() -> RSAPrivateKey:
    """Made once a process, and not before it is needed: it takes longer than loading a small estate."""
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    return generate_private_key(public_exponent=65537, key_size=2048)


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))
