"""Every bound of the system: one place, with unit and origin. A test hits each of them."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is read, parsed or believed. Sizes are octets unless the name says otherwise."""

    # What a client may send (architecture section 6).
    body_bytes: int = 64 * 1024
    batch_body_bytes: int = 4 * 1024 * 1024
    batch_items: int = 100
    token_bytes: int = 16 * 1024
    encrypted_token_bytes: int = 26 * 1024  # a token of its own bound in five parts, with a header of half of its bound
    login_age: timedelta = timedelta(days=366)  # the longest `max_age` that a request may name
    decryption_keys: int = 8  # of one node, which publishes them all
    protected_header_bytes: int = 8 * 1024
    nesting_depth: int = 16
    json_values: int = 65_536  # commas in one text of a client, and eight times its objects and arrays
    disclosures: int = 256
    claim_path_steps: int = 4  # of a claim inside others, as a list names it
    key_value_pairs: int = 8  # in one text that a list says to hold several values
    requested_claims: int = 64
    identifier_characters: int = 512
    purpose_text_min_characters: int = 3
    purpose_text_max_characters: int = 300
    request_head_bytes: int = 32 * 1024
    request_arrival: timedelta = timedelta(seconds=15)  # from its first octet to its last
    answer_taken: timedelta = timedelta(minutes=1)  # in which a client takes at least a part of an answer that waits
    gives_way: timedelta = timedelta(seconds=2)  # after which who asks or reads no further may have to make room
    discarded_bytes: int = 8 * 1024 * 1024  # of a body whose answer came before its end
    arriving_bytes: int = 256 * 1024 * 1024  # of all bodies that are being read, as announced or at their bound
    arriving_bytes_each: int = 64 * 1024 * 1024  # of one relying party: a quarter, so that none fills a worker
    form_bytes: int = 224 * 1024  # of a page's form without a file; a text of `body_bytes` takes three times that coded
    upload_bytes: int = 10 * 1024 * 1024  # of a photo that a page takes, as telephones make them
    forms_at_once: int = 4  # that one node reads at a time, with the photos in them
    query_credentials: int = 16  # of one DCQL query
    query_sets: int = 16  # sets of credentials, and options of each
    query_values: int = 64  # values of a claim, types, authorities or claim sets of one credential
    presentations: int = 16  # in one vp_token
    vp_token_bytes: int = 48 * 1024  # as JSON text; in the body every quotation mark takes two octets
    type_documents: int = 256  # of SD-JWT VCs, that one node holds
    type_document_bytes: int = 64 * 1024
    type_chain: int = 8  # types, each extending the next
    transactions: int = 8  # that one presentation authorises
    subject_characters: int = 255  # OpenID Connect Core 1.0, section 2, `sub`

    # Clients of OpenID Connect.
    client_uris: int = 32  # of one kind, of one client
    client_uri_characters: int = 2_000  # what every browser and proxy carries
    client_assertion_bytes: int = 8 * 1024
    client_assertion_lifetime: timedelta = timedelta(seconds=120)  # from `iat` to `exp`, as Singpass allows
    request_parameters: int = 64  # of one form or query
    claims_parameter_bytes: int = 16 * 1024  # the parameter `claims`
    authorization_request_bytes: int = 20 * 1024  # of all values that are kept of one
    kept_request_bytes: int = 32 * 1024  # of the JSON of them: half of `sealed_value_bytes`, the login has the other
    verification_age: timedelta = timedelta(days=36_600)  # the longest `max_age` of a verification
    opaque_characters: int = 1_024  # of `state` and `nonce`, which are the client's own
    logout_token_lifetime: timedelta = timedelta(seconds=120)  # of those made here
    logout_token_age: timedelta = timedelta(minutes=10)  # of those received, from `iat`
    trustmark_lifetime: timedelta = timedelta(days=1)  # after which what a node says of itself is to be asked for anew
    metadata_max_age: timedelta = timedelta(hours=1)  # that others may keep discovery document and key set
    upstream_response_bytes: int = 64 * 1024  # of a discovery document or token response
    dpop_proof_bytes: int = 8 * 1024
    dpop_proof_age: timedelta = timedelta(seconds=60)  # from `iat`; ahead, it may be by the leeway of clocks
    dpop_nonce_period: timedelta = timedelta(minutes=5)  # a nonce is good in the period of its making and the next
    pushed_request_lifetime: timedelta = timedelta(seconds=60)  # until a browser brings its name (RFC 9126, 2.2)
    login_transaction: timedelta = timedelta(minutes=15)  # from there to the person's yes or no
    logins_of_client: int = 10_000  # begun within `login_transaction`: a tenth of `sealed_entries`
    logins_unpushed: int = 25_000  # likewise, of all clients that push nothing, which anybody can begin: a quarter
    logins_of_pushed_request: int = 8  # one, and some more in other tabs or after a reload
    code_lifetime: timedelta = timedelta(seconds=60)  # FAPI 2.0 section 5.3.2.1
    bound_token_lifetime: timedelta = timedelta(minutes=10)  # of an access token that is bound to a key
    bearer_token_lifetime: timedelta = timedelta(minutes=5)  # of one that is not
    api_token_lifetime: timedelta = timedelta(minutes=5)  # of a relying party's own token: it is not taken back
    api_token_bytes: int = 2 * 1024
    session_lifetime: timedelta = timedelta(hours=24)  # how long a client can be told that a login is over
    country_cookie: timedelta = timedelta(days=180)  # that a browser remembers which state was chosen; not who chose
    sandbox_memory_entries: int = 1_000  # of one kind, at one pretend provider; the oldest goes first
    browser_logins: int = 32  # of one browser, that one logout looks up
    logouts_waiting: int = 1_000  # clients that are yet to be told of a logout, of one worker
    logout_attempts: int = 3  # to tell one client; with the pauses, while its token is good
    logout_pause: timedelta = timedelta(seconds=20)  # between two attempts
    logout_answer_bytes: int = 4 * 1024  # of a client that was told, of which only the status is read

    # What is registered of relying parties.
    registration_bytes: int = 256 * 1024  # as JSON, with all its clients and their keys
    registered_entries: int = 256  # texts of one list of a registration
    registered_rate: int = 60_000  # requests a minute, and at once, that a registration may allow
    rates_wait: timedelta = timedelta(milliseconds=250)  # for the count that workers share, before each allows its part
    rates_pause: timedelta = timedelta(seconds=5)  # after a count that did not come, until it is asked for again
    api_keys: int = 4  # of one relying party, those that end soon among them
    api_key_overlap: timedelta = timedelta(days=30)  # that an old key stays good beside its successor
    oidc_clients: int = 32  # of one relying party
    operator_token_age: timedelta = timedelta(hours=2)  # from `iat`, however late `exp` is
    registry_look: timedelta = timedelta(seconds=1)  # between two looks whether the registry changed
    registry_wait: timedelta = timedelta(seconds=5)  # for an answer of the database

    # Asking wallets (OpenID4VP).
    encrypted_answer_bytes: int = 60 * 1024  # of a wallet's answer as a JWE; the form around it keeps to `body_bytes`
    presentation_lifetime: timedelta = timedelta(minutes=15)  # of a request to a wallet that names none
    presentation_lifetime_min: timedelta = timedelta(minutes=1)
    presentation_lifetime_max: timedelta = timedelta(hours=24)  # of a link that travels by mail or on paper
    presentation_kept: timedelta = timedelta(minutes=15)  # past its end, so that who asked still learns how it ended
    presentation_order_bytes: int = 32 * 1024  # of what a relying party wants asked, which is kept sealed
    presentations_open: int = 1_000  # of one relying party, that one worker began and has not seen the end of
    wallet_request_fetches: int = 5  # of one request object: wallets fetch it twice, and a scanner or two before them
    response_code_lifetime: timedelta = timedelta(minutes=5)  # from the wallet to the browser, and on to who asked
    webhooks_waiting: int = 100  # of one relying party, that one worker tells or is going to tell again
    webhook_calls: int = 8  # at a time, of one worker
    webhook_calls_each: int = 2  # of these for one relying party, so that a silent address leaves room for the others
    webhook_wait: timedelta = timedelta(seconds=15)  # for the answer to one, as Standard Webhooks advises
    deliveries_kept: int = 10_000  # of one kind, in the store that workers share, so that none is lost with a worker
    deliveries_taken: int = 64  # under way for one party in one worker, above which it takes over none for it
    delivery_lease: timedelta = timedelta(seconds=60)  # for which a worker keeps to itself what it is telling
    delivery_margin: timedelta = timedelta(seconds=5)  # after a pause, for its worker to go on before another does
    delivery_look: timedelta = timedelta(seconds=1)  # between two looks for what workers that ended left
    delivery_drain: timedelta = timedelta(seconds=5)  # for what is being told when a worker is told to end
    webhook_life: timedelta = timedelta(minutes=30)  # of a webhook, from the first attempt; after it nobody is told
    recall_reports: int = 500  # report ids in one webhook: 20 kB, as Standard Webhooks advises at most
    webhook_answer_bytes: int = 64 * 1024  # of which nothing is read but the status
    event_streams: int = 256  # of one worker
    event_streams_each: int = 16  # of one relying party
    event_stream_life: timedelta = timedelta(minutes=5)  # then the client comes again, as such clients do by themselves
    event_look: timedelta = timedelta(seconds=1)  # between two looks whether something happened
    event_heartbeat: timedelta = timedelta(
        seconds=10
    )  # well before a proxy on the way gives up, as nginx does here in 15

    # Logins at national providers.
    upstream_calls: int = 32  # at a time, to all providers
    upstream_provider_calls: int = 8  # at a time, to one provider, so that a slow one holds up no other
    upstream_failures: int = 5  # in a row, after which a provider is left alone
    upstream_rest: timedelta = timedelta(seconds=30)  # for which it is
    upstream_discovery_life: timedelta = timedelta(minutes=10)  # of a discovery document, from the fetch
    upstream_key_pause: timedelta = timedelta(seconds=30)  # between two looks at one key set for an unknown `kid`
    upstream_sessions: int = 32  # of one person at one provider that a logout there ends, the youngest

    # QR codes (ISO/IEC 18004: the largest code of text; architecture D2 for what states list).
    qr_characters: int = 4_296
    qr_claims: int = 512  # of one code, those inside others among them
    qr_embedded: int = 4  # claims of one code whose octets are CBOR once more
    qr_envelopes: int = 8  # ways of taking codes apart that one state lists
    qr_age: timedelta = timedelta(days=3_660)  # the longest that a profile may let a code without expiry be good
    picture_bytes: int = 16 * 1024 * 1024
    picture_pixels: int = 40_000_000
    picture_memory: int = 1024 * 1024 * 1024  # address space of the process that decodes it
    picture_time: timedelta = timedelta(seconds=10)  # of a processor; three times as much by the wall
    picture_codes: int = 16  # that are listed of one picture

    # W3C credentials: none of the standards bounds them.
    vc_entries: int = 16  # contexts, types, names, subjects or entries of a member of one credential
    vc_credentials: int = 8  # in one presentation, each of which holds none of its own

    # Certificates (architecture section 6).
    path_depth: int = 4
    path_candidates: int = 8
    path_namesakes: int = 2  # certificates of one authority among the candidates
    certificate_bytes: int = 8 * 1024
    crl_bytes: int = 4 * 1024 * 1024  # architecture section 6, as for status lists
    crl_entries: int = 100_000
    crl_addresses: int = 8  # of one service
    crl_issuers: int = 32  # certificates by one of which the CRL at one address is signed
    crl_state_addresses: int = 32  # of all services of one state, so that none keeps a node busy
    crl_state_bytes: int = 16 * 1024 * 1024  # of one state, so that eleven fit into a snapshot that is kept
    crl_floors: int = 512  # parts of all CRLs of one state whose numbers a node remembers
    certificate_names: int = 64  # alternative names and name constraints, which are compared each with each

    # Status lists and key sets (architecture section 6; Token Status List sections 5, 8 and 13.7).
    status_list_bytes: int = 4 * 1024 * 1024  # as fetched, before anything is inflated
    status_list_inflated_bytes: int = 16 * 1024 * 1024
    status_list_addresses: int = 32  # of one service
    status_state_lists: int = 64  # of all services of one state, so that none keeps a node busy
    status_state_fetches: int = 4  # of one state and kind at a time, CRLs and key sets too
    status_state_bytes: int = 6 * 1024 * 1024  # of one state, as fetched, key sets too; beside CRLs into one snapshot
    status_state_inflated_bytes: int = 64 * 1024 * 1024  # of one state, mapped into memory
    status_list_entries: int = 131_072  # the fewest of a W3C bitstring, so that an index hides in a crowd
    status_mechanisms: int = 4  # that one credential names; all of them have to be good
    status_list_lifetime: timedelta = timedelta(days=31)  # from `iat`, however late `exp` is
    status_list_ttl_min: timedelta = timedelta(minutes=15)  # from the fetch; a shorter `ttl` counts as this
    status_list_ttl_max: timedelta = timedelta(hours=24)  # from the fetch, also without `ttl`
    key_set_bytes: int = 64 * 1024
    key_set_keys: int = 32  # entries, whatever they are for
    key_sets_per_state: int = 8
    key_set_life: timedelta = timedelta(hours=24)  # from the fetch: how long an unreachable set counts on

    # Trust material.
    trust_list_bytes: int = 5_000_000
    pins_bytes: int = 256 * 1024
    list_sequence: int = 2**53 - 1  # the last whole number that every JSON reader keeps (RFC 7493 section 2.2)
    list_sequence_step: int = 1_000
    list_lifetime: timedelta = timedelta(days=184)  # six months, as the ETSI TS 119 602 profiles
    list_issue_skew: timedelta = timedelta(minutes=5)
    services_per_list: int = 3_000
    keys_per_service: int = 16
    ledger_lines: int = 10_000  # histories of a state's keys, present and past, that a node remembers
    floors_bytes: int = 64 * 1024 * 1024  # eleven states with every ledger full
    record_bytes: int = 256 * 1024  # one record as it is signed
    act_bytes: int = 4 * 1024  # one act as it is signed, with the reason that is given for it
    records_bytes: int = 64 * 1024 * 1024  # of one folder, some fifty thousand acts
    xml_tags: int = 300_000  # of an imported list; some eight times what the largest national one has
    import_pivots: int = 16  # lists of lists between the pinned signer and the present one
    import_pointers: int = 128  # lists that a list of lists points to; the European one has 43
    recognition_document_bytes: int = 256 * 1024
    recognition_document_signatures: int = 22  # eleven states, each once more while it rotates its key
    grace_low: timedelta = timedelta(days=7)  # architecture D3; for A3 there is none
    grace_substantial: timedelta = timedelta(hours=24)

    # Distribution by TUF: sizes of metadata, and how long each role may be good.
    metadata_bytes: int = 256 * 1024
    timestamp_bytes: int = 16 * 1024
    proposal_bytes: int = 8 * 1024 * 1024  # a list in base64, and what else travels with it
    root_rotations: int = 64  # roots that one refresh walks; a release brings its newest root along
    metadata_version: int = 2**31 - 1
    metadata_version_step: int = 100_000  # timestamps of eleven years, one each hour
    role_keys: int = 32
    target_files: int = 1_024  # of one role
    documents_bytes: int = 32 * 1024 * 1024  # of all documents of one distribution, lists apart
    root_lifetime: timedelta = timedelta(days=400)
    targets_lifetime: timedelta = timedelta(days=200)
    state_role_lifetime: timedelta = timedelta(days=190)  # a little longer than the list itself
    agreements_lifetime: timedelta = timedelta(days=400)
    deny_role_lifetime: timedelta = timedelta(days=31)
    snapshot_lifetime: timedelta = timedelta(days=8)
    timestamp_lifetime: timedelta = timedelta(hours=25)
    shrink_brake: float = 0.2  # share of the services held that one edition may end without a further signature

    # The deny list (architecture D1 and D3).
    deny_list_bytes: int = 1024 * 1024
    deny_entry_bytes: int = 16 * 1024  # with 22 signatures about half of it; forty entries of one state fill no list
    deny_entries: int = 500  # denials, ratifications and lifts that are listed
    deny_entries_each: int = 40  # denials not lifted to which one state put its name, so that none fills the list
    deny_settled: int = 10_000  # lifted denials that are listed no more and must not come back, the youngest
    deny_unratified: timedelta = timedelta(hours=72)  # how long officers of other states deny alone
    deny_alarm: timedelta = timedelta(hours=24)  # before such a denial lapses
    deny_freshness: timedelta = timedelta(hours=24)  # age of the last timestamp past which no list has grace

    # The snapshot store: eleven lists at their bound, and every other document of the region.
    snapshot_files: int = 8_192
    snapshot_bytes: int = 256 * 1024 * 1024
    snapshot_manifest_bytes: int = 4 * 1024 * 1024

    # The log of evidence (C2SP tlog-tiles, signed-note, tlog-proof; architecture D8).
    log_size: int = 2**63 - 1  # leaves: what the 63 lines of a consistency proof reach (C2SP tlog-witness)
    log_entry_bytes: int = 65_535  # any log's: its length stands in two octets of a bundle (C2SP tlog-tiles)
    leaf_bytes: int = 1_024  # of our own entries: a verdict with the longest names that may be registered takes 970
    leaf_further: int = 8  # keys and lists that an answer rests on beside those that its leaf names in full
    leaf_names_characters: int = 96  # of released names told in full; the digest of more of them is told
    note_bytes: int = 64 * 1024  # signatures of algorithms to come take five thousand octets each
    note_signatures: int = 32  # at least 16 (C2SP signed-note); a log with two keys and witnesses of eleven states
    checkpoint_extensions: int = 8  # lines after the root, of which we write none
    receipt_bytes: int = 70 * 1024  # a note, 63 hashes and what opens one entry
    dispute_bytes: int = 96 * 1024 * 1024  # a bundle: eleven lists at their bound in base64, and status lists
    dispute_decision_bytes: int = 256 * 1024  # a decision with every claim that a credential may have
    log_waiting: int = 4_096  # leaves that wait for the disk, above which no more are taken
    log_wait: timedelta = timedelta(milliseconds=250)  # for the disk, after which nothing is released
    log_gather: timedelta = timedelta(milliseconds=2)  # that the disk lets others join a batch, while the log is busy
    log_gather_rate: int = 2_000  # leaves a second from which on it is busy: more than one comes with each sync
    log_unpublished: int = 16_384  # leaves that stand in no tile yet, so that a restart reads no more than these
    log_write_ahead_bytes: int = 64 * 1024 * 1024  # of one such file: so many leaves, each alone under a checkpoint
    log_publish_pause: timedelta = timedelta(seconds=1)  # between two times that tiles are written and a head is kept
    log_clock_back: timedelta = timedelta(seconds=2)  # that a clock may go back, and its leaves count as of before
    log_clock_ahead: timedelta = timedelta(seconds=10)  # that a clock may jump ahead, and nothing is written above that
    log_head_attempts: int = 4  # to settle with the store of heads, which changes under no one while a log is opened
    log_reopen_pause: timedelta = timedelta(seconds=1)  # between two tries to open a log whose writer has failed
    log_frame_bytes: int = 128 * 1024  # between a worker and the writer of the log: a receipt in JSON, or a leaf
    log_sandbox_wait: timedelta = timedelta(seconds=30)  # at most, where a practice node on a busy machine waits longer
    witness_refusal_pause: timedelta = timedelta(hours=1)  # between two leaves of one worker that say the same of a log
    cosign_pause: timedelta = timedelta(seconds=10)  # between two times that witnesses are asked
    cosign_attempts: int = 2  # at a time: with the size that is known here, and once with that which the witness names
    acts_waiting: int = 4_096  # changes of lists, keys and registrations that wait to be written down
    receipt_bundles: int = 4_096  # the newest, of 256 leaves each, in which a receipt is looked for: a million leaves
    answer_code_characters: int = 64  # typed from a printed answer: 40 of the last leaf there can be, and gaps
    receipt_searches_each: int = 4  # of one relying party, that are made or wait for their turn at one worker
    receipt_check_bytes: int = 192 * 1024  # a receipt, a credential and an assertion, with what JSON adds to them
    leaf_text_characters: int = 63  # of a name told in full, as of a relying party; the digest of a longer one is told
    day_key_look: timedelta = timedelta(seconds=1)  # between two looks whether the key of the day in use is still there
    acts_told_bytes: int = 16 * 1024 * 1024  # what a node remembers of registrations that its log was told of
    leaf_forms: int = 1_024  # of leaves that a node writes again and again, a kilobyte each; made anew above that

    # Outgoing HTTP.
    fetch_connect: timedelta = timedelta(seconds=2)  # to one address, within the whole
    fetch_total: timedelta = timedelta(seconds=5)
    fetch_bytes: int = 256 * 1024
    node_statement_bytes: int = 1024 * 1024  # what a node says of its lists, with every denial twice

    # Time (architecture section 6; RFC 9901 section 7.3 leaves the window to the verifier).
    clock_leeway: timedelta = timedelta(seconds=60)
    clock_leeway_max: timedelta = timedelta(seconds=300)
    key_binding_age: timedelta = timedelta(minutes=5)
    id_token_age: timedelta = timedelta(hours=24)
    assertion_lifetime: timedelta = timedelta(minutes=5)
    exchanged_login_age: timedelta = timedelta(minutes=5)  # of a login of the highest level at a token exchange
    idempotency_window: timedelta = timedelta(minutes=2)

    # Keys.
    rsa_min_bits: int = 2048
    rsa_max_bits: int = 4096
    key_file_bytes: int = 16 * 1024
    key_derivation_rounds: int = 600_000  # PBKDF2 with HMAC-SHA-256, as OWASP advises
    key_publication_lead: timedelta = timedelta(hours=24)  # as long as a list may be on its way (architecture D3)
    node_key_age: timedelta = timedelta(days=365)
    key_successor_notice: timedelta = timedelta(days=30)
    subject_overlap: timedelta = timedelta(days=400)  # that former subjects are told: who logs in yearly is known again
    passphrase_characters: int = 12  # the least
    passphrase_bytes: int = 1024

    # Memory kept on the hot path, in entries.
    header_cache_entries: int = 4096
    signature_cache_entries: int = 16_384  # digests of 32 octets: under two megabytes
    header_cache_characters: int = 4 * 1024 * 1024
    path_cache_entries: int = 4096
    standing_cache_entries: int = 65_536
    idempotency_entries: int = 65_536
    idempotency_entries_each: int = 16_384  # of one relying party: a quarter, so that none fills it for the others
    api_token_cache_entries: int = 4_096  # tokens of relying parties that were verified before
    one_time_entries: int = 1_000_000
    one_time_remembered: int = 100_000  # by one process, of what it saw spent in a store that others can reach
    sealed_entries: int = 100_000  # codes, tokens and transactions of a node that is one process
    sealed_value_bytes: int = 64 * 1024
    store_wait: timedelta = timedelta(seconds=1)  # for an answer of the store that workers share
    journal_waiting: int = 4_096  # lines that wait for whoever reads the journal, above which they are dropped
    journal_flush: timedelta = timedelta(seconds=1)  # at an end, for lines that wait for a reader
    store_clock_ahead: timedelta = timedelta(seconds=30)  # beyond the time that passed: half of what it keeps in excess
    store_retake: timedelta = timedelta(seconds=10)  # in which who took a value may ask again: longer than two waits
    store_commands_waiting: int = 1_000  # that gather for one round trip
    store_connections: int = 64  # of one worker, for what does not gather
    workers: int = 64  # processes of one node

    # How much work a node takes at a time, and how it watches itself.
    connections: int = 2_048  # of one worker; above, whoever has waited longest without asking gives way
    requests_at_once: int = 1_024  # that one worker works on; what waits for stores and the disk is many a request
    requests_at_once_each: int = 256  # verifications of one relying party: a quarter, so that none fills a worker
    admission_other: float = 0.75  # share of these bounds for what is neither health nor a verification
    admission_operator: float = 0.5  # share for operators, who can wait
    queue_wait: timedelta = timedelta(milliseconds=250)  # from a request's head to its turn, past which it is refused
    overload_pause: timedelta = timedelta(seconds=5)  # the longest that who is refused is told to wait, by chance
    disk_unready: float = 0.10  # of a file system that the node writes to free; below it the node is not ready
    disk_refuse: float = 0.05  # below it nothing is decided that might not be written down
    standing_look: timedelta = timedelta(seconds=1)  # between two looks at the disk and at what the canary wrote
    watch_pause: timedelta = timedelta(seconds=1)  # before what looks at the world begins again, once a fault ended it
    canary_pause: timedelta = timedelta(minutes=1)  # between two rounds of samples
    canary_samples: int = 64  # of one node, a good and a forged one of each state and some more
    canary_answer_bytes: int = 1024 * 1024  # of the answer to one sample, as of a statement of a node
    refusals_told_at_once: int = 20  # in the journal of one worker, of each kind
    refusal_told_each: timedelta = timedelta(seconds=1)  # and one more after so long
    spans_waiting: int = 2_048  # requests of one worker that wait to be written to its trace; more are not noted
    traces_bytes: int = 64 * 1024 * 1024  # of one file of traces, beside which one that was full is kept
    traces_turn: timedelta = timedelta(days=7)  # that one file of traces is written to, before another one is begun
    traces_life: timedelta = timedelta(days=7)  # of a file of traces since it was written to last; then it goes
    traces_look: timedelta = timedelta(hours=1)  # between two looks for files of traces that are old
    figures_bytes: int = 4 * 1024 * 1024  # of what one worker counts, as it tells it
    hint_pause: timedelta = timedelta(milliseconds=200)  # between two looks that hints of other workers bring about
    store_look: timedelta = timedelta(minutes=1)  # between two questions whether the store still forgets nothing
    operator_sign_in: timedelta = timedelta(minutes=10)  # from the console to the operators' issuer and back
    operator_session: timedelta = timedelta(minutes=30)  # of a browser at the console
    business_session: timedelta = timedelta(hours=8)  # of a browser that asks by link: a working day
    asks_listed: int = 20  # of one such browser, the latest
    alerts_kept: int = 100  # that the console shows again
    calendar_rows: int = 100  # of what ends soonest, on the console
    counted_kinds: int = 20_000  # of verdicts in one process: a week of hours, at a hundred kinds an hour
    counted_for: timedelta = timedelta(days=7)  # that the console looks back
    conformance_file_bytes: int = 512 * 1024  # one file of a case of the conformance corpus
    conformance_manifest_bytes: int = 8 * 1024 * 1024  # of its manifest, which names every file
    conformance_load_bytes: int = 4 * 1024 * 1024  # of the trust material that a conformance node is given at once
    conformance_load_files: int = 200  # in it
    conformance_answer_bytes: int = 1024 * 1024  # what a target under test may say to one case
    conformance_state_bytes: int = 64 * 1024 * 1024  # that a program under test may keep in its folder
    conformance_state_files: int = 10_000  # and folders, in it
    conformance_contract_depth: int = 64  # of the OpenAPI document of a gateway under test; ours has 18 levels
    conformance_patience: timedelta = timedelta(seconds=30)  # with a target under test, for one answer
    conformance_hangs: int = 10  # cases in a row in which a target hung, after which it is asked no more
    conformance_settling: timedelta = timedelta(seconds=2)  # after a wallet is done, for it to disclose nothing
    conformance_posts: int = 4  # of the forms that a wallet posts to one request, those that are kept
    conformance_pages: int = 20  # of one login at a provider under test
    conformance_wait: timedelta = timedelta(minutes=11)  # for something to expire there; a code may live for ten
    conformance_record_bytes: int = 128 * 1024 * 1024  # the record of one run: thousands of cases, all of them failed
    conformance_shown_characters: int = 4_000  # of what was sent and received, in a report of a run
    conformance_findings: int = 500  # that a report of a run tells in full
    conformance_attestation_bytes: int = 256 * 1024  # of one run, with the reasons of its waivers
    conformance_attestation_age: timedelta = timedelta(days=365)  # of the run, after which it says nothing any more
    counts_pause: timedelta = timedelta(seconds=5)  # between two times that a worker hands over what it counted

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name):
                raise ValueError(f"limit {field.name} must not be zero")


LIMITS: Final = Limits()
