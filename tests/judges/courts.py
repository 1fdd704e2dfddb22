"""All courts: one for each file of public vectors that a format here covers."""

from typing import Final

from tests.judges.coses import COSE
from tests.judges.court import Court
from tests.judges.health import CROSSBORDER, DGC
from tests.judges.jose import COOKBOOK, WYCHEPROOF_JOSE, WYCHEPROOF_SIG
from tests.judges.lists import EUTL, LOTE, VICAL
from tests.judges.mdocs import MDOC
from tests.judges.paths import PKITS
from tests.judges.sd_jwts import RFC9901
from tests.judges.statuses import STATUSLIST
from tests.judges.w3c import VC_JOSE_COSE, VCDM2

COURTS: Final[tuple[Court, ...]] = (
    WYCHEPROOF_JOSE, WYCHEPROOF_SIG, COOKBOOK, RFC9901, DGC, CROSSBORDER, PKITS, EUTL, LOTE, VICAL, STATUSLIST, COSE,
    MDOC, VCDM2, VC_JOSE_COSE,
)  # fmt: skip
