"""Tokens, made by python3-jwt: by none of the module's own code."""

import base64
import functools
import json
import secrets
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import RSAAlgorithm

ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256",
              "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@functools.cache
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


class Issuer:
    """Somebody with a key for one algorithm."""

    def __init__(self, algorithm, secret=None):
        self.algorithm = algorithm
        if algorithm.startswith("HS"):
            self.key = secret or secrets.token_urlsafe(64)
        elif algorithm in CURVES:
            self.key = ec.generate_private_key(CURVES[algorithm]())
        elif algorithm == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()
        else:
            self.key = rsa_key()

    def token(self, sub=None, expires_s=600, kid=None, **claims):
        """Expires in so many seconds; None: it has no `exp`."""
        if sub is not None:
            claims["sub"] = sub
        if expires_s is not None:
            claims.setdefault("exp", time.time() + expires_s)
        return jwt.encode(claims, self.key, self.algorithm,
                          headers={"kid": kid} if kid else None)

    def text(self):
        """A secret, or the public key in PEM."""
        if isinstance(self.key, str):
            return self.key
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def jwk(self, **more):
        """The same as a JWK, as an object."""
        more = {"alg": self.algorithm, **more}
        if isinstance(self.key, str):
            return {"kty": "oct", "k": base64url(self.key.encode()), **more}
        public = self.key.public_key()
        if self.algorithm in CURVES:
            numbers, size = public.public_numbers(), (public.key_size + 7) // 8
            return {"kty": "EC", "crv": f"P-{public.key_size}",
                    "x": base64url(numbers.x.to_bytes(size, "big")),
                    "y": base64url(numbers.y.to_bytes(size, "big")), **more}
        if self.algorithm == "EdDSA":
            raw = public.public_bytes(serialization.Encoding.Raw,
                                      serialization.PublicFormat.Raw)
            return {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw),
                    **more}
        named = json.loads(RSAAlgorithm.to_jwk(public))
        return {"kty": "RSA", "n": named["n"], "e": named["e"], **more}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}
