import pytest

from idbridge.assertion.node import Node
from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment, MemberState


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "node.th.example",
        "http://node.th.example",
        "https://",
        "ftp://node.th.example",
        "https://node.th.example?a=b",
        "https://node.th.example#f",
        "https://user@node.th.example",
        "https://[::",
    ],
)
def test_a_live_node_whose_issuer_is_no_plain_https_address_is_refused(issuer: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Node(issuer=issuer, state=MemberState.TH, environment=Environment.LIVE)

    assert caught.value.code == "system.configuration"


def test_plain_http_exists_in_the_sandbox_only() -> None:
    node = Node(issuer="http://127.0.0.1:8701", state=MemberState.TH, environment=Environment.SANDBOX)

    assert node.issuer == "http://127.0.0.1:8701"
