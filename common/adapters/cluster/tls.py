"""TLS contexts made from PEM text, without leaving key files behind."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

from common.core.access import ClusterAccess
from common.core.errors import InvalidInput


def tls_context(access: ClusterAccess, *, client_cert: str = "", client_key: str = "") -> ssl.SSLContext:
    """The context to talk to a cluster with; `client_cert` and `client_key` (PEM) replace the access's own.

    Raises:
        InvalidInput: the authorities, the certificate or the key cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif access.ca_data:
        try:
            context.load_verify_locations(cadata=access.ca_data)
        except (ssl.SSLError, ValueError) as error:
            raise InvalidInput(
                f"cluster {access.id}",
                "tlsClientConfig.caData",
                found="unreadable",
                expected="PEM certificates",
            ) from error
    else:
        context.load_default_certs()
    cert = client_cert or access.client_cert
    key = client_key or (access.client_key.reveal() if access.client_key else "")
    if cert:
        _load_client_pair(context, access, cert, key)
    return context


def _load_client_pair(context: ssl.SSLContext, access: ClusterAccess, cert: str, key: str) -> None:
    """`load_cert_chain` takes only files: the pair lives in one of mode 0600 for as long as that takes."""
    descriptor, path = tempfile.mkstemp(prefix="moorings-", suffix=".pem")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{cert}\n{key}\n")
        context.load_cert_chain(path)
    except (ssl.SSLError, ValueError, OSError) as error:
        raise InvalidInput(
            f"cluster {access.id}",
            "tlsClientConfig.certData",
            found="a pair that cannot be loaded",
            expected="a PEM certificate and its PEM private key",
        ) from error
    finally:
        Path(path).unlink(missing_ok=True)
