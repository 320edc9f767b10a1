"""A self-signed certificate, made once a run."""

import atexit
import functools
import pathlib
import shutil
import ssl
import subprocess
import tempfile


def make_certificate(folder):
    """Returns (certificate path, key path)."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "7",
         "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True)
    return cert, key


@functools.lru_cache(maxsize=None)
def certificate():
    """The one of the run: (certificate path, key path)."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ws-pubsub-tls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    return make_certificate(folder)


@functools.lru_cache(maxsize=None)
def client_context():
    return ssl.create_default_context(cafile=str(certificate()[0]))
