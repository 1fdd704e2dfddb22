"""What the tests of requests to wallets share: an access certificate with its authority, and a request."""

from datetime import timedelta

from idbridge.crypto.certificates import Authority, Subject, make_authority, make_leaf
from idbridge.crypto.ephemeral import EphemeralKey
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.time import Validity
from idbridge.presentation.access_certificate import AccessCertificate, ClientIdPrefix, access_certificate
from idbridge.presentation.request_object import RequestParameters, ResponseMode
from tests.gateway.clocks import NOON

HOST = "node.th.example"
VALIDITY = Validity(NOON - timedelta(days=1), NOON + timedelta(days=365))
NODE = Subject("Node of Thailand", country="TH")
QUERY = {"credentials": [{"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:example:sg:pid:1"]}}]}
STATE = "state-of-this-request"


def authority() -> Authority:
    return make_authority(generate("ES256"), subject=Subject("Wallet access authority", "TH"), validity=VALIDITY)


def certified(signer: FileSigner, *hosts: str, by: Authority | None) -> bytes:
    return make_leaf(signer, subject=NODE, validity=VALIDITY, issuer=by, dns_names=hosts)


def access(*hosts: str) -> AccessCertificate:
    signer = generate("ES256")
    return access_certificate(signer, (certified(signer, *(hosts or (HOST,)), by=authority()),))


def parameters(certificate: AccessCertificate, key: EphemeralKey | None = None) -> RequestParameters:
    return RequestParameters(
        client_id=certificate.client_id(ClientIdPrefix.X509_HASH, host=HOST),
        response_uri=f"https://{HOST}/wallet/response/a",
        mode=ResponseMode.DIRECT_POST if key is None else ResponseMode.DIRECT_POST_JWT,
        nonce="nonce-of-this-request",
        state=STATE,
        query=QUERY,
        key=key,
        name="Bank of the Sample River",
    )
