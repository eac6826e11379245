"""What the server and the driver say went wrong, as one sentence with a way out; knows codes, not the driver."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from graphrec_neo4j.settings import Connection

OLDEST_SERVER = (5, 26)

_BOLT = re.compile(r"(bolt|neo4j)(\+s|\+ssc)?://")
_AGENT = re.compile(r"Neo4j/(\d+)\.(\d+)")

_BROKE_OFF = ("incomplete handshake", "defunct", "Expected four byte", "Expected handshake")

_BY_CODE = (
    (
        "Security.Unauthorized",
        "{where} refuses user {username!r}: check NEO4J_USERNAME and NEO4J_PASSWORD.",
    ),
    (
        "Security.AuthenticationRateLimit",
        "{where} refuses user {username!r} for some seconds after several wrong passwords: wait, then check "
        "NEO4J_PASSWORD.",
    ),
    (
        "Security.CredentialsExpired",
        "the first password of {username!r} on {where} must be changed before use: run ALTER CURRENT USER SET PASSWORD "
        "FROM 'old' TO 'new' in the database 'system'.",
    ),
    (
        "Security.Forbidden",
        "{username!r} may not do what {doing} does on {where} ({text}): grant it as docs/security.md says.",
    ),
    (
        "Database.DatabaseNotFound",
        "{address} has no database {database!r}: SHOW DATABASES lists those there are; name one with NEO4J_DATABASE "
        "or --database.",
    ),
    (
        "DatabaseUnavailable",
        "the database {where} is not online: wait, start it with START DATABASE, or look at the server's log.",
    ),
    (
        "Procedure.ProcedureNotFound",
        "{where} lacks a procedure that {doing} calls ({text}): take Neo4j 5.26 LTS or a later one.",
    ),
    (
        "ReadOnly",
        "the database {where} can only be read, and {doing} writes: make it writable, or name another one.",
    ),
    (
        "Cluster.NotALeader",
        "{where} is a member of a cluster that takes no writes: use neo4j:// in place of bolt://.",
    ),
    (
        "Transaction.TransactionTimedOut",
        "{doing} took longer on {where} than it may, so the server ended it ({code}): ask for less, or set "
        "GRAPHREC_QUERY_SECONDS to more seconds.",
    ),
    (
        "OutOfMemory",
        "{where} ran out of memory during {doing} ({code}): give the server more (server.memory.heap.max_size, "
        "dbms.memory.transaction.total.max).",
    ),
)

_BY_TEXT = (
    (
        ("Hostname mismatch", "IP address mismatch", "doesn't match"),
        "the certificate of {address} is for another name: use the name that is in it, or {trusting}, which trusts "
        "any certificate.",
    ),
    (
        ("certificate has expired", "certificate is not yet valid"),
        "the certificate of {address} is not valid today: renew it, or use {trusting}, which trusts any certificate.",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED", "certificate verify failed"),
        "the certificate of {address} is not signed by anyone whom this machine trusts: name the file of its authority "
        "in SSL_CERT_FILE, or use {trusting}, which trusts any certificate.",
    ),
    (
        ("Failed to establish encrypted connection",),
        "{address} does not speak TLS: use {plain}, or switch TLS on in the server.",
    ),
    (
        ("looks like HTTP",),
        "{address} is not the port for Bolt but one for HTTP: Bolt is at 7687 unless the server says otherwise.",
    ),
    (
        ("DNS resolve", "Cannot resolve", "Name or service not known", "nodename nor servname", "getaddrinfo"),
        "there is no host of the name in {address}: check NEO4J_URI.",
    ),
    (
        ("Connection refused", "timed out", "No route to host", "unreachable", "Connection reset"),
        "{where} cannot be reached ({text}): start the server or check NEO4J_URI.",
    ),
    (
        ("handshake", "closed the connection", "incomplete", "No data"),
        "{where} hangs up before it says what it is ({text}): if it asks for TLS, use {secure}; otherwise check the "
        "port in NEO4J_URI.",
    ),
    (
        ("routing information",),
        "{where} gives no routing table ({text}): use {direct} for a single server; an Aura instance must be running.",
    ),
)


def address(connection: Connection) -> str:
    """The scheme, host and port of a connection; what else stands in its address is not shown."""
    parts = urlsplit(connection.uri)
    return f"{parts.scheme}://{parts.netloc}"


def no_address(connection: Connection) -> str | None:
    """The sentence for a connection whose address is none of Neo4j's, None for one that may be."""
    uri = connection.uri
    if "@" in uri.partition("?")[0]:
        # It may hold a password, so it is not shown.
        return "a Neo4j address has no user and no password in it: give these as NEO4J_USERNAME and NEO4J_PASSWORD."
    if not _BOLT.match(uri):
        return f"{uri!r} is not a Neo4j address; one is neo4j://localhost:7687."
    if uri.startswith("bolt") and "?" in uri:
        return f"{address(connection)!r} is not a Neo4j address: what stands behind a '?' is for neo4j:// alone."
    return None


def by_code(code: str | None, text: str, doing: str, connection: Connection) -> str:
    """The sentence for an error that the server gave a code, during the statement ``doing``."""
    known = next((sentence for part, sentence in _BY_CODE if part in (code or "")), None)
    return (known or "{doing} failed on {where}: {code}: {text}.").format(
        code=code, text=text, doing=doing, **_words(connection)
    )


def unreachable(texts: list[str], connection: Connection) -> str:
    """The sentence for a server that cannot be talked to; ``texts`` are what was said about it, the cause last."""
    everything = "\n".join(texts)
    for marks, sentence in _BY_TEXT:
        if any(mark in everything for mark in marks):
            told = next(text for text in reversed(texts) if any(mark in text for mark in marks))
            return sentence.format(text=one_line(told), **_words(connection))
    told = one_line(texts[0])
    return f"{_words(connection)['where']} cannot be reached ({told}): start the server or check NEO4J_URI."


def broke_off(texts: list[str]) -> bool:
    """Whether a server had been reached when the connection broke, which may pass; ``texts`` as for unreachable."""
    return any(mark in text for text in texts for mark in _BROKE_OFF)


def too_old(agent: str, connection: Connection) -> str | None:
    """The sentence for a server that calls itself ``Neo4j/4.4.30``, None for one that is new enough or unknown."""
    found = _AGENT.match(agent)
    if found is None or (int(found[1]), int(found[2])) >= OLDEST_SERVER:
        return None
    return f"{address(connection)} is {agent.replace('/', ' ', 1)}: take Neo4j 5.26 LTS or a later one."


def one_line(text: str) -> str:
    """The last line that says something, without its full stop and shortened, as an error's cause stands at its end."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no reason given"]
    return lines[-1].rstrip(".")[:300]


def _words(connection: Connection) -> dict[str, str]:
    scheme = connection.uri.partition("://")[0].partition("+")[0]
    return {
        "where": f"{address(connection)} ({connection.database})",
        "address": address(connection),
        "database": connection.database,
        "username": connection.username,
        "trusting": f"{scheme}+ssc://",
        "secure": f"{scheme}+s:// or {scheme}+ssc://",
        "plain": f"{scheme}://",
        "direct": connection.uri.partition("://")[0].replace("neo4j", "bolt") + "://",
    }


def unsendable(error: Exception, doing: str) -> str:
    """Return the sentence for a value that Bolt cannot carry."""
    if isinstance(error, UnicodeError):
        return f"a text for {doing} holds half a surrogate pair, which is no character; mend it where it comes from."
    return f"a number for {doing} is out of 64 bits, which Neo4j cannot hold; give it as a text where that is allowed."
