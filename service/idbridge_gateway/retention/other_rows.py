"""Rows of everything that is not sealed: digests, counts, registrations, files, cookies, and what is kept nowhere."""

from typing import Final

from idbridge_gateway.retention.row import STORES, About, Form, Place, Row

_TABLE: Final = "tests/gateway/test_retention.py"
_NEW_STORE: Final = f"{_TABLE}::test_everything_in_redis_has_a_row_and_an_end"
_NEW_FILE: Final = f"{_TABLE}::test_every_file_of_a_node_has_a_row"
_NO_CASE: Final = "tests/promises/test_nothing_personal_at_rest.py::test_no_file_holds_anything_of_a_person"
_REPEATED: Final = "tests/gateway/test_idempotency.py"
_NODE: Final = "the node"
_OPERATOR: Final = "operators of the node"
_ANYBODY: Final = "anybody"
_MEMORY: Final = (Place.MEMORY,)
_FILES: Final = (Place.FILES,)
_BROWSER: Final = (Place.BROWSER,)
_NOBODY, _PERSON, _PARTY = About.NOBODY, About.PERSON, About.RELYING_PARTY

SPENT_ROWS: Final[tuple[Row, ...]] = (
    Row(
        name="1t", what="that a nonce, an id or a code was spent", about=_PERSON, form=Form.DIGEST, places=STORES,
        readers=_NODE, ends="nobody could accept it any longer",
        proof="tests/gateway/test_redis_stores.py"
        "::test_a_value_is_kept_past_the_last_instant_at_which_it_could_be_accepted",
    ),
    Row(
        name="memory", what="the name of the store, and how many batches it was told", about=_NOBODY,
        form=Form.NUMBERS, places=(Place.REDIS,), readers=_NODE, ends="never",
        proof="tests/gateway/test_store_memory.py::test_what_is_kept_of_a_store_is_a_random_name_and_a_number",
    ),
    Row(
        name="taken", what="a sealed value, for whoever took it and got no answer", about=_PERSON, form=Form.SEALED,
        places=(Place.REDIS,), readers="the worker that took it", limits=("store_retake",),
        proof=f"{_TABLE}::test_in_redis_nothing_sealed_outlives_its_row",
    ),
    Row(
        name="again", what="that a question was asked: report id, snapshot, instant, accepted or not", about=_PARTY,
        form=Form.KEYED, places=STORES, readers=_NODE, limits=("idempotency_window",),
        proof="tests/gateway/test_idempotency.py::test_everything_in_redis_ends_by_itself_and_names_nobody",
    ),
    Row(
        name="tally", what="how many logins of a client were begun of late", about=_PARTY, form=Form.NUMBERS,
        places=STORES, readers=_NODE, limits=("login_transaction",),
        proof="tests/gateway/test_begun.py::test_a_tally_in_redis_counts_for_all_workers_and_ends_by_itself",
    ),
    Row(
        name="rate", what="how many requests of a relying party arrived this minute", about=_PARTY, form=Form.NUMBERS,
        places=STORES, readers=_NODE, ends="two of its minutes are over", proof=_NEW_STORE,
    ),
    Row(
        name="hours", what="verdicts by hour, state and reason code", about=_NOBODY, form=Form.NUMBERS, places=STORES,
        readers=_OPERATOR, ends="a day after the time that the console looks back (`counted_for`)",
        proof="tests/gateway/test_hours.py::test_a_count_tells_the_hour_and_the_state_and_nothing_of_anybody",
    ),
    Row(
        name="outbox-webhook", what="ids of a request to a wallet that ended, yet to be told", about=_PARTY,
        form=Form.ENCRYPTED, places=STORES, readers=_NODE, limits=("webhook_life",),
        proof="tests/gateway/test_deliveries.py::test_what_is_kept_cannot_be_read_or_made_up",
    ),
    Row(
        name="outbox-back-channel", what="logout tokens yet to be delivered", about=_PERSON, form=Form.ENCRYPTED,
        places=STORES, readers=_NODE, limits=("logout_token_lifetime",),
        proof="tests/gateway/test_deliveries.py::test_what_is_kept_cannot_be_read_or_made_up",
    ),
)  # fmt: skip

MEMORY_ROWS: Final[tuple[Row, ...]] = (
    Row(
        name="signature-cache", what="which signatures of issuers were found good", about=_PERSON, form=Form.DIGEST,
        places=_MEMORY, readers=_NODE, ends="younger ones take its place, or the process ends", proof=f"{_TABLE}"
        "::test_the_cache_of_signatures_holds_digests_alone",
    ),
    Row(
        name="header-cache", what="protected headers of credentials, which name keys", about=_NOBODY, form=Form.PLAIN,
        places=_MEMORY, readers=_NODE, ends="younger ones take its place, or the process ends",
        proof="tests/gateway/test_retention.py::test_the_cache_of_headers_holds_no_claims",
    ),
    Row(
        name="path-cache", what="certification paths that were found good", about=_NOBODY, form=Form.PUBLIC,
        places=_MEMORY, readers=_NODE, ends="other trust material is in force", proof=_NO_CASE,
    ),
    Row(
        name="standing-cache", what="what lists and arrangements say of a service", about=_NOBODY, form=Form.PUBLIC,
        places=_MEMORY, readers=_NODE, ends="other trust material is in force", proof=_NO_CASE,
    ),
    Row(
        name="api-token-cache", what="tokens of relying parties that were found good", about=_PARTY, form=Form.DIGEST,
        places=_MEMORY, readers=_NODE, ends="younger ones take its place, or the process ends",
        proof="tests/gateway/test_retention.py::test_the_cache_of_tokens_for_the_api_holds_digests_alone",
    ),
)  # fmt: skip

SQL_ROWS: Final[tuple[Row, ...]] = tuple(
    Row(
        name=name, what=what, about=about, form=form, places=(Place.SQL,), readers=_OPERATOR, ends=ends, proof=proof
    )
    for name, what, about, form, ends, proof in (
        (
            "registry", "environment and number of the last change", _NOBODY, Form.NUMBERS, "never",
            "tests/registry/test_store.py::test_what_was_added_is_read_back_as_it_was",
        ),
        (
            "relying_parties", "registrations: who may ask what, for what", _PARTY, Form.PLAIN,
            "an operator takes it out", "tests/registry/test_store.py::test_what_was_added_is_read_back_as_it_was",
        ),
        (
            "oidc_clients", "clients of a registration with their public keys", _PARTY, Form.PLAIN,
            "an operator takes it out",
            "tests/registry/test_form.py::test_a_secret_is_registered_by_its_digest_and_never_as_itself",
        ),
        (
            "api_keys", "digests of API keys, their last four characters and their end", _PARTY, Form.DIGEST,
            "an operator takes it out",
            "tests/registry/test_file_store.py::test_keys_are_written_with_what_is_known_of_them_and_read_back_equal",
        ),
        (
            "log_heads", "how far the log has come: its origin, size and root", _NOBODY, Form.PUBLIC, "never",
            "tests/evidence/test_head.py::test_the_store_changes_nothing_unless_it_holds_what_is_expected",
        ),
        (
            "registry_changes", "who changed which registration, and which members", About.OPERATOR, Form.PSEUDONYM,
            "never: it is the record of changes",
            "tests/admin/test_relying_parties.py::test_every_change_leaves_a_line_that_names_no_person",
        ),
    )
)  # fmt: skip


def _file(
    name: str,
    what: str,
    *,
    form: Form = Form.PUBLIC,
    readers: str = _NODE,
    ends: str = "",
    setting: str = "",
    proof: str = _NEW_FILE,
    about: About = _NOBODY,
) -> Row:
    return Row(
        name=name, what=what, about=about, form=form, places=_FILES, readers=readers, ends=ends, setting=setting,
        proof=proof,
    )  # fmt: skip


_STANDS: Final = "the next one takes its place"
STATE_ROWS: Final[tuple[Row, ...]] = (
    _file("floors.json", "the newest trust lists and denials that were seen", ends=_STANDS),
    _file("revocation.json", "the newest revocation lists that were seen", ends=_STANDS),
    _file("distribution.json", "the newest versions of the trust tree that were seen", ends=_STANDS),
    _file("tuf", "metadata of the trust tree", ends=_STANDS),
    _file("store", "snapshots of trust material that were in force", setting="snapshot_days"),
    _file("status-store", "status lists that were in force", setting="snapshot_days"),
    _file("status-bits", "status lists as they are mapped into memory", ends="no process maps it"),
    _file("witnessed", "the newest heads of other logs that were cosigned", ends=_STANDS),
    _file(
        "store-seen",
        "the name of the store and how many batches it was told",
        form=Form.NUMBERS,
        ends=_STANDS,
        proof="tests/gateway/test_store_memory.py::test_what_is_kept_of_a_store_is_a_random_name_and_a_number",
    ),
    _file(
        "store-count",
        "the name of the store and how many batches it was told, by what any process of the node saw",
        form=Form.NUMBERS,
        ends=_STANDS,
        proof="tests/gateway/test_store_memory.py::test_what_is_kept_of_a_store_is_a_random_name_and_a_number",
    ),
    _file(
        "acts-told",
        "relying parties with digests of their registrations, and held days, as the log was told of them",
        readers=_OPERATOR,
        ends=_STANDS,
    ),
    _file(
        "recalls",
        "ids of webhooks of recalls, and to which relying party they went",
        form=Form.PLAIN,
        about=_PARTY,
        readers=_OPERATOR,
        ends="a leaf of the log tells of it",
        proof="tests/gateway/test_recall_noted.py::test_a_note_goes_once_its_leaf_is_durable_and_not_before",
    ),
    _file("log-cosigned", "the newest checkpoint that witnesses have confirmed", readers=_ANYBODY, ends=_STANDS),
    _file("canary-latched", "that something forged was accepted", ends="an operator takes it away"),
    _file(".tuf-*", "metadata of the trust tree while it is looked at", ends="the look is over"),
    _file(".*.lock", "empty files that one process at a time locks", ends="never"),
)

LOG_ROWS: Final[tuple[Row, ...]] = (
    _file("checkpoint", "the signed head of the log", readers=_ANYBODY, ends=_STANDS),
    _file("log.vkey", "the public key of the log", readers=_ANYBODY, ends="never"),
    _file("tile", "hashes of the log", readers=_ANYBODY, ends="never",
          proof="tests/evidence/test_fsck.py"
          "::test_pruning_takes_whole_bundles_that_are_old_enough_and_leaves_every_receipt_good"),
    _file("entries", "leaves: report id, relying party, reason, and commitments under a key of the day",
          form=Form.KEYED, readers="auditors; of its own leaves the relying party", ends="an operator prunes them",
          proof="tests/evidence/test_fsck.py"
          "::test_pruning_takes_whole_bundles_that_are_old_enough_and_leaves_every_receipt_good"),
    _file("wal", "leaves that stand in no bundle yet", form=Form.KEYED, ends="they stand in one",
          proof="tests/evidence/test_recovery.py"
          "::test_a_last_write_that_was_cut_short_at_any_octet_is_dropped_and_nothing_before_it"),
    _file("pruned", "from which leaf on entries are kept", form=Form.NUMBERS, ends=_STANDS),
    _file(".draft", "files of the log while they are written", form=Form.KEYED, ends="they are written"),
    _file(".lock", "an empty file that the one writer locks", ends="never"),
    _file("*.key", "keys of days, apart from backups", form=Form.SECRET, ends="an operator erases the day",
          proof="tests/evidence/test_day_keys.py"
          "::test_after_an_erasure_the_log_says_so_and_only_who_holds_an_opening_can_open"),
    _file("heads", "how far the log has come, on another disk: its origin, size and root", ends=_STANDS,
          proof="tests/evidence/test_head.py::test_the_store_changes_nothing_unless_it_holds_what_is_expected"),
    _file("*.erasing", "keys of days that are being destroyed", form=Form.SECRET, ends="its leaf is durable",
          proof="tests/gateway/test_acts.py"
          "::test_a_process_that_is_killed_within_an_erasure_leaves_a_key_that_the_next_node_destroys"),
)  # fmt: skip

GIVEN_ROWS: Final[tuple[Row, ...]] = (
    _file("relying_parties.json", "registrations of a node without a database", form=Form.PLAIN, readers=_OPERATOR,
          about=_PARTY, ends="an operator takes it out", proof="tests/registry/test_file_store.py"
          "::test_keys_are_written_with_what_is_known_of_them_and_read_back_equal"),
    _file("keys", "the keys of the node, each opened by a passphrase", form=Form.SECRET, ends="they are rotated",
          proof="tests/gateway/test_safety.py::test_a_key_that_others_can_read_is_refused"),
    Row(
        name="traces-*", what="requests of a share: route, method, status and time", about=_NOBODY, form=Form.PLAIN,
        places=_FILES, readers=_OPERATOR, limits=("traces_turn", "traces_life", "traces_look"),
        proof="tests/gateway/test_tracing.py::test_a_file_of_traces_that_is_old_goes_and_nothing_else",
    ),
    _file("trust", "trust lists, arrangements and denials", readers=_ANYBODY, ends=_STANDS, proof=_NO_CASE),
)  # fmt: skip


def _cookie(
    name: str, what: str, *limits: str, proof: str, about: About = _PERSON, form: Form = Form.SEALED, ends: str = ""
) -> Row:
    return Row(
        name=name, what=what, about=about, form=form, places=_BROWSER, readers=_NODE, limits=limits, ends=ends,
        proof=proof,
    )  # fmt: skip


_LOGIN_COOKIES: Final = "tests/gateway/test_retention.py::test_cookies_are_the_ones_of_the_table"
COOKIE_ROWS: Final[tuple[Row, ...]] = (
    _cookie("idbridge-*", "the handle of a login in progress, one for each tab", "login_transaction",
            form=Form.SECRET, proof=_LOGIN_COOKIES),
    _cookie("idbridge-login-*", "the `sid` of a login, so that it can be ended here", "session_lifetime",
            form=Form.SECRET, proof=_LOGIN_COOKIES),
    _cookie("idbridge-operator", "the handle of a session at the console", "operator_session", about=About.OPERATOR,
            form=Form.SECRET, proof="tests/console/test_sign_in.py"
            "::test_cookies_are_not_for_scripts_and_not_for_other_sites"),
    _cookie("idbridge-operator-sign-in", "a sign-in at the console that is under way", "operator_sign_in",
            about=About.OPERATOR, proof="tests/console/test_sign_in.py"
            "::test_the_browser_keeps_a_sign_in_and_cannot_read_it"),
    _cookie("idbridge-business", "the handle of a session that asks by link", "business_session", about=_PARTY,
            form=Form.SECRET, proof=_LOGIN_COOKIES),
    _cookie("idbridge-business-sign-in", "a sign-in that asks by link and is under way", "login_transaction",
            "code_lifetime", about=_PARTY, proof=_LOGIN_COOKIES),
    _cookie("idbridge-country", "the state that was chosen last", "country_cookie", form=Form.PLAIN,
            proof=_LOGIN_COOKIES),
    _cookie("idbridge_lang", "the language that was chosen", form=Form.PLAIN, ends="a year later, or when another is",
            proof=_LOGIN_COOKIES),
)  # fmt: skip

NEVER_ROWS: Final[tuple[Row, ...]] = tuple(
    Row(
        name=name, what=what, about=about, form=Form.NONE, places=(Place.NOWHERE,), readers="nobody", proof=proof
    )
    for name, what, about, proof in (
        (
            "credential", "what is sent to be verified, and its claims", _PERSON,
            "tests/promises/test_nothing_personal_at_rest.py::test_no_file_or_line_holds_a_credential",
        ),
        (
            "report", "the answer to a verification", _PERSON,
            f"{_REPEATED}::test_memory_holds_neither_key_nor_body_nor_a_digest_that_anybody_else_could_make",
        ),
        (
            "consent-receipt", "the receipt of a person's yes; person and client have it", _PERSON,
            "tests/gateway/test_pages_receipt.py::test_who_asks_for_an_old_receipt_is_told_that_none_is_kept",
        ),
        (
            "photo", "a picture that is sent to `/try`", _PERSON,
            "tests/gateway/test_pages_try.py::test_nothing_of_what_was_sent_is_logged_or_goes_into_an_address",
        ),
        (
            "journal", "anything of a person in a line of the journal", _PERSON,
            "tests/promises/test_nothing_personal_at_rest.py::test_no_line_of_any_log_holds_anything_of_a_person",
        ),
    )
)  # fmt: skip
