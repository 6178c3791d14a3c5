"""A certificate authority of the tests' own, made by the openssl command."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

HAS_OPENSSL = shutil.which("openssl") is not None


@dataclass(frozen=True)
class Certificates:
    """An authority (`ca`), and contexts of a server that it vouches for: today, and no longer (`expired`)."""

    ca: Path
    context: ssl.SSLContext
    expired: ssl.SSLContext


def make_certificates(folder: Path) -> Certificates:
    """Make an authority and a server's certificate for 127.0.0.1 in `folder`."""
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n", encoding="utf-8")
    signed = ("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
    signed += ("-extfile", "names")
    for command in (
        ("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=nih test authority", "-days", "2"),
        ("req", *new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1"),
        (*signed, "-out", "server.pem", "-days", "2"),
        (*signed, "-out", "expired.pem", "-days", "-1"),
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    context, expired = (_server(folder / name, folder / "server.key") for name in ("server.pem", "expired.pem"))
    return Certificates(ca=folder / "ca.pem", context=context, expired=expired)


def _server(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
