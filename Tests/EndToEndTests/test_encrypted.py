"""The whole stack with TLS and authentication on every link, as docs/SECURITY.md says to set it up."""

import asyncio
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

import pytest
import websockets

import influx
from chaos.kafkalog import ROOT
from chaos.servers import kafka_home
from conftest import wait_for
from encrypted import SECRETS, Authority, Stack

BIN = pathlib.Path(os.environ.get("MARKET_STREAM_BIN", ROOT / ".build" / "debug")).resolve()
pytestmark = [
    pytest.mark.skipif(kafka_home() is None, reason="needs Apache Kafka (KAFKA_HOME)"),
    pytest.mark.skipif(not (BIN / "trade-processor").exists(), reason=f"trade-processor is not built in {BIN}"),
]


@pytest.fixture(scope="module")
def secured():
    """Servers, an exchange and our services; there are candles."""
    with tempfile.TemporaryDirectory(prefix="market-stream-tls.") as folder:
        os.chmod(folder, 0o755)
        stack = Stack(pathlib.Path(folder) / "stack", BIN)
        try:
            stack.start()
            certificate, key = map(str, stack.authority.give("exchange"))
            exchange = stack.service(
                "exchange-simulator", "SIMULATOR_PORT", SYMBOLS="BTCUSDT,ETHUSDT", SIMULATOR_RATE="100",
                SIMULATOR_TLS_CERT=certificate, SIMULATOR_TLS_KEY=key,
            ).start()  # fmt: skip
            venue = {
                "BINANCE_WS_URL": f"wss://127.0.0.1:{exchange.port}",
                "BINANCE_REST_URL": f"https://127.0.0.1:{exchange.port}",
                "BINANCE_CA_FILE": str(stack.authority.certificate),
            }
            settings = stack.settings("trade-processor")
            if influx.available():
                tls = (*stack.authority.give("influx"), stack.context())
                stack.influx = influx.Influx(stack.folder / "influx", tls)
                stack.influx.start()
                settings |= {
                    "INFLUXDB_HOST": stack.influx.url, "INFLUXDB_CA_FILE": str(stack.authority.certificate),
                    "INFLUXDB_USERNAME": influx.USER, "INFLUXDB_TOKEN": influx.SECRET, "INFLUXDB_INTERVAL": "10s",
                    "INFLUXDB_DATABASE": influx.DATABASE, "INFLUXDB_FLUSH_INTERVAL": "200ms",
                }  # fmt: skip
            stack.service("trade-processor", "METRICS_PORT", **settings).start()
            stack.service("market-producer", "METRICS_PORT", **stack.settings("market-producer"), **venue).start()
            certificate, key = map(str, stack.authority.give("api"))
            stack.service(
                "market-api", "API_PORT", **stack.settings("market-api"), **venue, API_TLS_CERTIFICATE=certificate,
                API_TLS_KEY=key, API_TOKEN=SECRETS["token"],
            ).start()  # fmt: skip
            yield stack
        finally:
            if stack.influx:
                stack.influx.stop()
            stack.close()


def tails(stack):
    return "\n".join(f"---- {name}\n{service.tail(1_200)}" for name, service in stack.services.items())


def ask(stack, path, method="GET", token=None):
    """(status, text) of the API."""
    request = urllib.request.Request(f"https://127.0.0.1:{stack.services['market-api'].port}{path}", method=method)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10, context=stack.context()) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def candles(stack, condition="missing_trades = 0"):
    return stack.rows(
        "SELECT json_object_agg(symbol, n) FROM"
        f" (SELECT symbol, count(*) AS n FROM candles_10s WHERE {condition} GROUP BY 1) c"
    ) or {}


def test_candles_flow_over_encrypted_links(secured):
    wait_for(lambda: candles(secured).keys() == {"BTCUSDT", "ETHUSDT"}, 60, lambda: tails(secured))
    for service in ("trade-processor", "market-producer"):
        secured.services[service].wait_until("/ready")
    wait_for(lambda: ask(secured, "/ready")[0] == 200, 30, lambda: f"{ask(secured, '/health')}\n{tails(secured)}")
    stored = wait_for(
        lambda: json.loads(ask(secured, "/candles?symbol=BTCUSDT&interval=10s")[1]).get("candles"), 30,
        lambda: tails(secured),
    )  # fmt: skip
    assert all(candle["trade_count"] > 0 for candle in stored)

    async def price():
        address = f"wss://127.0.0.1:{secured.services['market-api'].port}/feed"
        async with websockets.connect(address, ssl=secured.context()) as session:
            await session.send(json.dumps({"op": "subscribe", "symbols": ["ETHUSDT"], "intervals": ["10s"]}))
            while True:
                message = json.loads(await asyncio.wait_for(session.recv(), 20))
                if message["type"] == "price":
                    return message["price"]

    assert float(asyncio.run(price())) > 0
    # Writing goes through: to Kafka by the API, from there to the producer, the processor and the database.
    status, text = ask(secured, "/symbol/BTCUSDT/unsubscribe", "POST", SECRETS["token"])
    assert status in (200, 202), text
    followed = "SELECT to_json(is_followed) FROM subscriptions WHERE instrument = 'BTCUSDT'"
    wait_for(lambda: secured.rows(followed) is False, 30, lambda: tails(secured))
    assert ask(secured, "/symbol/BTCUSDT/subscribe", "POST", "wrong")[0] == 401
    # What each part says of itself, and nobody lacks a right.
    parts = json.loads(ask(secured, "/health")[1])["parts"]
    assert {part["state"] for part in parts.values()} == {"ok"}, parts
    for name in ("trade-processor", "market-producer"):
        parts = json.loads(secured.services[name].get("/health")[1])["parts"]
        assert {part["state"] for part in parts.values()} == {"ok"}, (name, parts)
    for service in secured.services.values():
        for word in ("AUTHORIZATION_FAILED", "NOPERM", "permission denied"):
            assert word not in service.log_text(), f"{service.name}\n{service.tail()}"


@pytest.mark.skipif(not influx.available(), reason="no influxd on this machine")
def test_points_reach_influxdb_with_the_processors_role(secured):
    wait_for(lambda: secured.influx.points(), 60, lambda: tails(secured))
    left = "SELECT to_json(count(*)) FROM influx_outbox"
    wait_for(lambda: secured.rows(left) == 0, 30, lambda: tails(secured))


def test_plain_text_is_refused_by_every_server(secured):
    assert not secured.kafka.answers(), "Kafka answers without TLS"
    without_password = ["-X", "security.protocol=ssl", "-X", f"ssl.ca.location={secured.authority.certificate}"]
    assert not secured.kafka.answers(*without_password), "Kafka answers without a password"
    assert secured.kafka.answers("-F", str(secured.kafka.kcat))
    refused = secured.admin("-c", "SELECT 1", mode="disable")
    assert refused.returncode != 0 and "no encryption" in refused.stderr, refused
    for port, question in (
        (secured.redis.port, b"PING\r\n"),
        (secured.services["market-api"].port, b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        (secured.services["exchange-simulator"].port, b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            plain.sendall(question)
            try:
                answer = plain.recv(1_000)
            except ConnectionResetError:
                answer = b""
            assert b"PONG" not in answer and b"HTTP/1.1 200" not in answer, answer


def test_no_secret_stands_where_somebody_may_look(secured):
    wait_for(lambda: candles(secured), 90, lambda: tails(secured))
    texts = {
        path.name: path.read_text(errors="replace")
        for path in (secured.folder / "log").iterdir()
        # Kafka's own log of its settings is the broker's.
        if path.is_file() and path.name.startswith(("market-", "trade-", "exchange-", "postgres", "redis"))
    }
    assert {"market-api.log", "trade-processor.log", "market-producer.log"} <= texts.keys()
    for path in ("/config", "/health", "/metrics", "/system", "/version", "/openapi.yaml"):
        status, texts[f"API {path}"] = ask(secured, path)
        assert status == 200, (path, texts[f"API {path}"])
    for name in ("trade-processor", "market-producer"):
        for path in ("/health", "/ready", "/metrics"):
            texts[f"{name} {path}"] = secured.services[name].get(path)[1]
    lines = 0
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                texts[f"command line {folder.name}"] = (folder / "cmdline").read_text(errors="replace")
                lines += 1
            except OSError:
                pass
    assert lines > 5
    for where, text in texts.items():
        secrets = {**SECRETS, "influx": influx.SECRET}
        found = [name for name, secret in secrets.items() if secret in text]
        assert not found, f"{where} holds the secret of {found}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": "localhost.localdomain&hostaddr=127.0.0.1"}, ["localhost.localdomain", "sslmode"]),
        ({"authority": "another"}, ["certificate verify failed", "sslrootcert"]),
        ({"mode": "disable"}, ["no encryption", "sslmode"]),
    ],
)
def test_postgres_is_not_believed_and_it_says_what_to_do(secured, tmp_path, change, words):
    if "authority" in change:
        change = {"authority": Authority(tmp_path, "another")}
    host = change.pop("host", "127.0.0.1").split("&")
    url = secured.postgres_url("migrator", host[0], **change) + "".join(f"&{option}" for option in host[1:])
    done = secured.run("marketctl", ["migrate"], POSTGRES_URL=url)
    assert done.returncode != 0
    for word in words:
        assert word in done.stdout, done.stdout
    assert SECRETS["pg_migrator"] not in done.stdout


def say(stack, name, words, **change):
    """Starts another instance with changed settings, until its health and log have all these words; what they are."""
    service = stack.service(name, "METRICS_PORT", **{**stack.settings(name), **change})
    try:
        service.start()

        def said():
            # A refused password of PostgreSQL ends it, with the reason as its last word.
            was_running = service.running
            text = (service.get("/health")[1] if was_running else "") + service.log_text()
            if all(word.lower() in text.lower() for word in words):
                return text
            assert was_running, service.tail()
            return None

        return wait_for(said, 40, lambda: f"{words}\n{service.get('/health')[1]}\n{service.tail(2_000)}")
    finally:
        service.kill()


def test_another_authority_and_a_wrong_password_are_named(secured, tmp_path):
    another = str(Authority(tmp_path, "another").certificate)
    usual = dict(secured.services)
    try:
        advice = "check the user, password, token or certificate"
        words = ["certificate verify failed", advice, "KAFKA_CLIENT_SSL"]
        texts = [say(secured, "market-producer", words, KAFKA_CLIENT_SSL_CA_LOCATION=another)]
        words = ["authentication failed", advice]
        texts.append(say(secured, "market-producer", words, KAFKA_CLIENT_SASL_PASSWORD="wrong-and-secret"))
        url = secured.redis_url("processor").replace(str(secured.authority.certificate), another)
        texts.append(say(secured, "trade-processor", ["certificate", "cacert"], REDIS_URL=url))
        # The API's user may not write: the command is named.
        words = ["NOPERM", "'evalsha' command"]
        texts.append(say(secured, "trade-processor", words, REDIS_URL=secured.redis_url("api")))
        url = secured.postgres_url("processor").replace(SECRETS["pg_processor"], "wrong-and-secret")
        texts.append(say(secured, "trade-processor", ["password authentication failed"], POSTGRES_URL=url))
        for text in texts:
            assert "wrong-and-secret" not in text
            assert not any(secret in text for secret in SECRETS.values())
    finally:
        secured.services.clear()
        secured.services.update(usual)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("api", "UPDATE candles SET close = 1"),
        ("api", "DELETE FROM candles_10s"),
        ("api", "SELECT value FROM quarantine"),
        ("api", "SELECT state FROM processor_state"),
        ("api", "SELECT ensure_candle_partitions('10s', 0, 1)"),
        ("api", "INSERT INTO subscriptions VALUES ('X', true)"),
        ("processor", "DROP TABLE candles"),
        ("processor", "ALTER TABLE candles ADD COLUMN x int"),
        ("processor", "TRUNCATE candles"),
        ("processor", "CREATE TABLE public.x ()"),
        ("processor", "SELECT drop_candle_partitions('10s', 4000000000)"),
        ("processor", "SELECT * FROM instrument_numbers"),
        ("processor", "UPDATE candle_retention SET horizon = 0"),
        ("processor", "DELETE FROM schema_migrations"),
        ("migrator", "CREATE ROLE x"),
        ("migrator", "CREATE DATABASE x"),
    ],
)
def test_a_role_may_do_no_more_than_it_must(secured, role, statement):
    done = subprocess.run(
        ["psql", "-qAt", "-c", statement], capture_output=True, text=True,
        env={
            **os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(secured.postgres.port), "PGDATABASE": "market",
            "PGUSER": f"market_{role}", "PGPASSWORD": SECRETS[f"pg_{role}"], "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(secured.authority.certificate),
        },
    )  # fmt: skip
    assert done.returncode != 0 and ("permission denied" in done.stderr or "must be owner" in done.stderr), done


def test_tables_are_made_for_a_role_that_owns_none(secured):
    """As the processor does for windows of another month."""
    sql = "SET ROLE market_processor; SELECT ensure_candle_partitions('10s', 1500000000, 1500000001)"
    done = secured.admin("-c", sql)
    assert done.returncode == 0, done.stderr
    owner = "SELECT to_json(relowner::regrole::text) FROM pg_class WHERE relname = 'candles_10s_2017_07'"
    assert secured.rows(owner) == "market_migrator"
    # Retention is a right of its own, given with the file's variable.
    drop = "SELECT drop_candle_partitions('10s', 1600000000)"
    assert secured.admin("-c", f"SET ROLE market_processor; {drop}").returncode != 0
    roles = str(ROOT / "deploy" / "postgres" / "roles.sql")
    assert secured.admin("--set=retention=on", "-f", roles).returncode == 0
    try:
        done = secured.admin("-c", f"SET ROLE market_processor; {drop}")
        assert done.returncode == 0, done.stderr
        assert secured.rows(owner) is None
    finally:
        assert secured.admin("-f", roles).returncode == 0
    # Each table that a migration made has an owner and somebody's rights: a new one belongs into roles.sql.
    forgotten = (
        "SELECT coalesce(json_agg(c.relname), '[]') FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid"
        " LEFT JOIN pg_inherits j ON j.inhrelid = i.inhparent"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND j.inhrelid IS NULL"
        " AND (c.relowner <> 'market_migrator'::regrole OR NOT has_any_column_privilege('market_processor', c.oid,"
        " 'SELECT') AND NOT has_any_column_privilege('market_api', c.oid, 'SELECT'))"
    )
    assert secured.rows(forgotten) == []
