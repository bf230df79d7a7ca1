"""Servers that let nobody in without TLS and a password: Apache Kafka, PostgreSQL, Redis, the exchange, and who may."""

import json
import os
import pathlib
import ssl
import subprocess

from chaos.process import Process
from chaos.servers import ROOT, KafkaBroker, PostgresServer, free_port, kafka_home
from chaos.service import Service
from chaos.waiting import wait_for
from chaos.handbook import commands, run

SECURITY = ROOT / "docs" / "SECURITY.md"
# Each is somebody's password, and may be read nowhere.
SECRETS = {
    name: f"{name}-secret-{number}-for-nobody"
    for number, name in enumerate(
        ("admin", "producer", "processor", "api", "pg_migrator", "pg_processor", "pg_api", "redis_processor",
         "redis_api", "token")
    )
}  # fmt: skip


class Authority:
    """A certificate authority of its own, and the certificates it gives."""

    def __init__(self, folder, name="test authority"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self.folder / "ca.pem"
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", "ca.key", "-out", "ca.pem",
        )  # fmt: skip

    def give(self, name, alternatives="DNS:localhost,IP:127.0.0.1"):
        """(certificate, key) of a server; the key is PKCS #8."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternatives}\n")
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
            "-keyout", key, "-out", f"{name}.csr",
        )  # fmt: skip
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
        return certificate, key

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


class Kafka(KafkaBroker):
    """SASL_SSL with SCRAM-SHA-512 for clients, mutual TLS for the controller, and nobody may do what is not allowed."""

    def __init__(self, stack, authority):
        self.authority = authority
        certificate, key = authority.give("broker")
        pem = authority.folder / "broker.keystore.pem"
        pem.write_text(key.read_text() + certificate.read_text())
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required"

        def properties(_, settings):
            return {
                "listeners": settings["listeners"].replace("PLAINTEXT://", "SASL_SSL://", 1),
                "advertised.listeners": settings["advertised.listeners"].replace("PLAINTEXT", "SASL_SSL"),
                "listener.security.protocol.map": "CONTROLLER:SSL,SASL_SSL:SASL_SSL",
                "inter.broker.listener.name": "SASL_SSL",
                "sasl.enabled.mechanisms": "SCRAM-SHA-512",
                "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
                "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config":
                    f'{scram} username="admin" password="{SECRETS["admin"]}";',
                "ssl.keystore.type": "PEM", "ssl.keystore.location": pem,
                "ssl.truststore.type": "PEM", "ssl.truststore.location": authority.certificate,
                "listener.name.controller.ssl.client.auth": "required",
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": "User:admin;User:CN=broker",
            }  # fmt: skip

        port, controller = free_port(), free_port()
        super().__init__(stack, 1, {1: port}, {1: controller}, properties)
        names = {"producer": "market-producer", "processor": "trade-processor", "api": "market-api", "admin": "admin"}
        for user, name in names.items():
            self.format += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={SECRETS[user]}]"]
        self.admin = authority.folder / "admin.properties"
        self.admin.write_text(
            "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n"
            f'sasl.jaas.config={scram} username="admin" password="{SECRETS["admin"]}";\n'
            f"ssl.truststore.type=PEM\nssl.truststore.location={authority.certificate}\n"
        )
        self.kcat = authority.folder / "kcat.conf"
        self.kcat.write_text(
            f"security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\nsasl.username=admin\n"
            f"sasl.password={SECRETS['admin']}\nssl.ca.location={authority.certificate}\n"
        )

    def tools(self):
        """The environment in which Kafka's scripts are found, and start quickly."""
        scripts = kafka_home() / "bin"
        folder = self.authority.folder / "bin"
        folder.mkdir(exist_ok=True)
        own = folder / "kafka-acls.sh"
        if not (scripts / own.name).exists():
            # As in the distribution, where this one has been left out.
            own.write_text(f'#!/bin/sh\nexec {scripts}/kafka-run-class.sh org.apache.kafka.tools.AclCommand "$@"\n')
            own.chmod(0o755)
        return {
            "ADMIN": str(self.admin), "BROKERS": f"127.0.0.1:{self.port}",
            "PATH": f"{scripts}:{folder}:{os.environ['PATH']}", "KAFKA_HEAP_OPTS": "-Xmx128m",
            "KAFKA_JVM_PERFORMANCE_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        }  # fmt: skip

    def answers(self, *options):
        """Whether a metadata request with these options of kcat is answered."""
        command = ["kcat", "-b", f"127.0.0.1:{self.port}", "-L", "-m", "3", *options]
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0

    def wait_until_ready(self, seconds=90):
        def answers():
            assert self.running, f"{self.name} ended:\n{self.tail()}"
            return self.answers("-F", str(self.kcat))

        wait_for(answers, seconds, lambda: f"{self.name} does not answer:\n{self.tail()}", pause=0.5)
        return self


class Redis(Process):
    """Without a plain port; what each user may do stands in docs/SECURITY.md."""

    def __init__(self, stack, authority):
        self.port = free_port()
        certificate, key = authority.give("redis")
        users = stack.folder / "users.acl"
        rules = commands("Redis", SECURITY, language="acl")[0]
        for name in ("processor", "api"):
            rules = rules.replace(f">password-of-{name}", f">{SECRETS[f'redis_{name}']}")
        users.write_text(rules)
        folder = stack.folder / "redis"
        folder.mkdir()
        command = [
            "redis-server", "--port", "0", "--tls-port", self.port, "--bind", "127.0.0.1", "--dir", folder,
            "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority.certificate,
            "--tls-auth-clients", "no", "--aclfile", users, "--save", "",
        ]  # fmt: skip
        super().__init__("redis", command, {}, stack.folder, stack.folder / "log" / "redis.log")

    def ready(self):
        assert self.running, self.tail()
        return "Ready to accept connections" in self.tail()


class Stack:
    """All of it. `services` by name, each with the settings that docs/SECURITY.md shows."""

    def __init__(self, folder, bin_folder):
        self.folder = pathlib.Path(folder)
        self.bin = bin_folder
        for name in ("log", "pid"):
            (self.folder / name).mkdir(parents=True)
        os.chmod(self.folder, 0o755)
        self.cluster_id = "MkU3OEVBNTcwNTJENDM2Qg"
        self.authority = Authority(self.folder / "authority")
        self.kafka = Kafka(self, self.authority)
        self.postgres = PostgresServer(self, free_port())
        self.redis = Redis(self, self.authority)
        self.services = {}
        self.influx = None

    def start(self):
        self.kafka.start()
        self.redis.start()
        self.postgres.start()
        self._secure_postgres()
        wait_for(self.redis.ready, 20, self.redis.tail)
        self.kafka.wait_until_ready()
        for block in commands("Kafka", SECURITY):
            run(block, self.folder, **self.kafka.tools())
        return self

    def _secure_postgres(self):
        """TLS for everybody, plain text for nobody; then the roles, and the schema by its owner."""
        certificate, key = self.authority.give("postgres")
        data = self.postgres.data
        status = os.stat(data)
        for source, name in ((certificate, "server.crt"), (key, "server.key")):
            (data / name).write_bytes(source.read_bytes())
            os.chmod(data / name, 0o600)
            if os.getuid() == 0:
                os.chown(data / name, status.st_uid, status.st_gid)
        (data / "pg_hba.conf").write_text(commands("PostgreSQL", SECURITY, language="conf")[0])
        for setting in ("ssl = on", "password_encryption = 'scram-sha-256'"):
            self.postgres.psql(f"ALTER SYSTEM SET {setting}")
        self.postgres.psql("SELECT pg_reload_conf()")
        wait_for(lambda: not self.admin("-c", "SELECT 1", mode="require").returncode, 20, self.postgres.tail)
        self.roles()
        migrate = self.run("marketctl", ["migrate"], POSTGRES_URL=self.postgres_url("migrator"))
        assert migrate.returncode == 0, migrate.stdout
        self.roles()

    def roles(self):
        done = self.admin(
            "-f", ROOT / "deploy" / "postgres" / "roles.sql",
            MARKET_MIGRATOR_PASSWORD=SECRETS["pg_migrator"], MARKET_PROCESSOR_PASSWORD=SECRETS["pg_processor"],
            MARKET_API_PASSWORD=SECRETS["pg_api"],
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def admin(self, *arguments, mode="verify-full", **environment):
        """psql as the superuser."""
        access = {
            "PGHOST": "127.0.0.1", "PGPORT": str(self.postgres.port), "PGUSER": "market", "PGPASSWORD": "market",
            "PGDATABASE": "market", "PGSSLMODE": mode, "PGSSLROOTCERT": str(self.authority.certificate),
        }  # fmt: skip
        return subprocess.run(
            ["psql", "-qAt", *arguments], env={**os.environ, **access, **environment}, capture_output=True, text=True
        )

    def rows(self, sql):
        """Of a query whose answer is JSON."""
        done = self.admin("-c", sql)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip() or "null")

    def postgres_url(self, user, host="127.0.0.1", authority=None, mode="verify-full"):
        return (
            f"postgresql://market_{user}:{SECRETS[f'pg_{user}']}@{host}:{self.postgres.port}/market"
            f"?sslmode={mode}&sslrootcert={(authority or self.authority).certificate}"
        )

    def redis_url(self, user):
        return (
            f"rediss://market-{user}:{SECRETS[f'redis_{user}']}@127.0.0.1:{self.redis.port}/0"
            f"?cacert={self.authority.certificate}"
        )

    def settings(self, name):
        """What each of our programs is told, as docs/SECURITY.md shows it."""
        user = {"market-producer": "producer", "trade-processor": "processor", "market-api": "api"}[name]
        values = {
            "KAFKA_BROKERS": f"127.0.0.1:{self.kafka.port}",
            "KAFKA_CLIENT_SECURITY_PROTOCOL": "sasl_ssl",
            "KAFKA_CLIENT_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_CLIENT_SASL_USERNAME": name,
            "KAFKA_CLIENT_SASL_PASSWORD": SECRETS[user],
            "KAFKA_CLIENT_SSL_CA_LOCATION": str(self.authority.certificate),
            "MARKET_SOURCE": "simulator:encrypted",
            "SYMBOLS": "BTCUSDT,ETHUSDT",
        }
        if user != "producer":
            values |= {"POSTGRES_URL": self.postgres_url(user), "REDIS_URL": self.redis_url(user), "MIGRATE": "off"}
        return values

    def service(self, name, port_key, **settings):
        port = free_port()
        environment = {port_key: str(port), **settings}
        service = Service(name, self.bin / name, environment, self.folder, port)
        self.services[name] = service
        return service

    def run(self, program, arguments=(), **settings):
        """One of our programs to its end, or for 20 s."""
        return subprocess.run(
            [self.bin / program, *arguments], cwd=self.folder, env={**os.environ, **settings}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=20,
        )  # fmt: skip

    def context(self):
        return ssl.create_default_context(cafile=self.authority.certificate)

    def close(self):
        for service in reversed(self.services.values()):
            service.kill()
        for server in (self.kafka, self.redis, self.postgres):
            server.kill()
