"""Entries of the log are shown to operators, who examine it octet for octet."""

from idbridge.evidence.reading import newest
from idbridge.tlog import tile
from idbridge.tlog.tile import WIDTH, Bundle
from tests.admin.conftest import Admin
from tests.admin.kit import Issuer
from tests.gateway.asking import problem_of
from tests.gateway.recording import publish


def test_an_operator_reads_the_entries_that_the_tiles_have_the_hashes_of(admin: Admin, issuer: Issuer) -> None:
    settings = admin.node.settings
    admin.node.ask()
    publish(settings)
    assert settings.log_dir is not None
    size = newest(settings.log_dir).checkpoint.size
    last = Bundle((size - 1) // WIDTH, tile.width_at(size, 0, (size - 1) // WIDTH))

    async def fetched(path: str, token: str) -> tuple[int, bytes]:
        async with admin.node.client() as client:
            answer = await client.get(f"/log/{path}", headers={"authorization": f"Bearer {token}"})
            if answer.status_code != 200:
                assert problem_of(answer, 403) == "policy.operator_required"
            return answer.status_code, answer.content

    assert admin.runner.run(fetched(last.path, issuer.token(roles=["reader"])))[0] == 403
    _, entries = admin.runner.run(fetched(last.path, issuer.token()))
    _, hashes = admin.runner.run(fetched(last.tile.path, issuer.token()))
    tile.require_bundle(last, tile.decode_entries(entries, width=last.width), tile=hashes)
