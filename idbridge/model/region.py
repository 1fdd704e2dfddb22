"""Member states, environments, assurance levels and commitment tiers: the region's closed vocabularies."""

from enum import IntEnum, StrEnum


class MemberState(StrEnum):
    """The eleven ASEAN member states, by ISO 3166-1 alpha-2 code."""

    BN = "BN"
    KH = "KH"
    ID = "ID"
    LA = "LA"
    MY = "MY"
    MM = "MM"
    PH = "PH"
    SG = "SG"
    TH = "TH"
    TL = "TL"
    VN = "VN"


class Environment(StrEnum):
    """Sandbox and live never mix (architecture D11)."""

    SANDBOX = "sandbox"
    LIVE = "live"


class AssuranceLevel(IntEnum):
    """The regional ladder. Ordered, so that ``min`` of two levels is the weaker one."""

    A0 = 0
    A1 = 1
    A2 = 2
    A3 = 3

    def __str__(self) -> str:
        return self.name


class CommitmentTier(StrEnum):
    """How much of the scheme a state is ready for (architecture D2)."""

    OBSERVER = "observer"
    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"


class Format(StrEnum):
    """Names of credential and token formats, as in the interface contract."""

    ID_TOKEN = "id_token"  # noqa: S105 - the name of a format, not a secret
    SD_JWT_VC = "dc+sd-jwt"
    MDOC = "mso_mdoc"
    JWT_VC_JSON = "jwt_vc_json"
    VC_JWT = "vc+jwt"
    VC_SD_JWT = "vc+sd-jwt"
    VP_TOKEN = "vp_token"  # noqa: S105 - the name of a format, not a secret
    QR = "qr"
    ASSERTION = "idbridge-assertion+jwt"


class ServiceType(StrEnum):
    """What a listed trust service is trusted to sign (ServiceTypeIdentifier of ETSI TS 119 602)."""

    LOGIN = "urn:idbridge:service:login"
    PID = "urn:idbridge:service:pid-issuance"
    ATTESTATION = "urn:idbridge:service:attestation-issuance"
    REVOCATION = "urn:idbridge:service:revocation"
    ASSERTION = "urn:idbridge:service:assertion"
    LOG = "urn:idbridge:service:log"
    WITNESS = "urn:idbridge:service:witness"
