"""The manifests of deploy/kubernetes: each overlay is built, and each rule is shown to find what breaks it."""

import copy
import re
import shutil
import subprocess

import pytest
import yaml

import manifests
from manifests import KUBERNETES, ROOT, TYPES

pytestmark = pytest.mark.skipif(manifests.kustomize()[0] is None, reason=str(manifests.kustomize()[1]))
VARIANTS = ["dev", "production", "production with all components"]


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """{variant: objects}."""
    folder = tmp_path_factory.mktemp("kubernetes") / "kubernetes"
    shutil.copytree(KUBERNETES, folder)
    file = folder / "overlays" / "production" / "kustomization.yaml"
    text = file.read_text()
    everything = text.replace("\n  # - ../../components/", "\n  - ../../components/")
    assert everything.count("\n  - ../../components/") == len(list((KUBERNETES / "components").iterdir()))
    file.write_text(everything)
    return {
        "dev": manifests.build(KUBERNETES / "overlays" / "dev"),
        "production": manifests.build(KUBERNETES / "overlays" / "production"),
        "production with all components": manifests.build(file.parent),
    }


def find(objects, key):
    return next(value for value in objects if manifests.name(value) == key)


def pod(objects, key):
    return find(objects, key)["spec"]["template"]["spec"]


def container(objects, key):
    return pod(objects, key)["containers"][0]


needs_types = pytest.mark.skipif(
    not (TYPES / "typescript").is_dir() or shutil.which("node") is None,
    reason="no node, or no types of Kubernetes' API in .deps/deploy-node (scripts/setup --tests fetches them)",
)


@needs_types
def test_every_field_is_one_that_kubernetes_knows(built, tmp_path):
    objects = [value for variant in VARIANTS for value in built[variant]]
    objects.append(yaml.safe_load((KUBERNETES / "secret.example.yaml").read_text()))
    assert len(objects) > 60
    assert manifests.type_errors(objects, tmp_path) == []


@needs_types
def test_misspelt_fields_are_found(built, tmp_path):
    objects = copy.deepcopy(built["production with all components"])
    api, processor = "Deployment/market-api", "Deployment/trade-processor"
    container(objects, api)["readinesProbe"] = container(objects, api).pop("readinessProbe")
    pod(objects, processor)["terminationGracePeriodSeconds"] = "15"
    del find(objects, "StatefulSet/market-producer")["spec"]["selector"]
    find(objects, "NetworkPolicy/dns")["spec"]["egress"][0]["port"] = []
    find(objects, "ScaledObject/trade-processor")["spec"]["maxReplicas"] = 3
    find(objects, "PodMonitor/market-stream")["spec"]["podMetricsEndpoint"] = []
    errors = manifests.type_errors(objects, tmp_path)
    found = {error.partition(":")[0] for error in errors}
    assert found == {
        api, processor, "StatefulSet/market-producer", "NetworkPolicy/dns", "ScaledObject/trade-processor",
        "PodMonitor/market-stream",
    }, errors


def test_kustomize_finds_misspelt_fields_of_its_own(tmp_path):
    folder = tmp_path / "kubernetes"
    shutil.copytree(KUBERNETES, folder)
    file = folder / "overlays" / "dev" / "kustomization.yaml"
    file.write_text(file.read_text().replace("configMapGenerator:", "configMapGenerators:"))
    with pytest.raises(AssertionError, match="configMapGenerators"):
        manifests.build(file.parent)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_rules_hold(built, variant):
    assert manifests.findings(built[variant]) == []


def no_limit(objects):
    del container(objects, "Deployment/market-api")["resources"]["limits"]


def as_root(objects):
    pod(objects, "Deployment/market-api")["securityContext"]["runAsUser"] = 0


def may_write(objects):
    container(objects, "Deployment/market-api")["securityContext"]["readOnlyRootFilesystem"] = False


def with_links(objects):
    del pod(objects, "Deployment/market-api")["enableServiceLinks"]


def latest(objects):
    container(objects, "Deployment/market-api")["image"] = "registry.example.org/market-stream:latest"


def unversioned(objects):
    container(objects, "Deployment/market-api")["image"] = "registry.example.org:5000/market-stream"


def unready(objects):
    del container(objects, "Deployment/market-api")["readinessProbe"]


def hasty(objects):
    pod(objects, "Deployment/market-api")["terminationGracePeriodSeconds"] = 15


def unknown_setting(objects):
    container(objects, "Deployment/market-api")["env"].append({"name": "API_HOSTS", "value": "0.0.0.0"})


def unknown_setting_of_all(objects):
    next(value for value in objects if value["kind"] == "ConfigMap")["data"]["KAFKA_BROKER"] = "kafka:9092"


def open_secret(objects):
    container(objects, "Deployment/market-api")["env"].append({"name": "API_TOKEN", "value": "x"})


def open_password(objects):
    next(value for value in objects if value["kind"] == "ConfigMap")["data"]["REDIS_URL"] = "redis://:secret@redis:1"


def wrong_shard(objects):
    find(objects, "StatefulSet/market-producer")["spec"]["replicas"] = 7


def policy_for_nobody(objects):
    find(objects, "NetworkPolicy/services-to-kafka")["spec"]["podSelector"]["matchExpressions"][0]["values"].append("x")


def service_of_nobody(objects):
    find(objects, "Service/market-api")["spec"]["selector"]["app.kubernetes.io/name"] = "market-apis"


def wrong_port(objects):
    find(objects, "Service/market-api")["spec"]["ports"][0]["targetPort"] = "https"


BREAKAGES = [
    (no_limit, "no memory in limits"), (as_root, "runAsUser"), (may_write, "readOnlyRootFilesystem"),
    (with_links, "enableServiceLinks"), (latest, "has no version"), (unversioned, "has no version"),
    (unready, "no readinessProbe"), (hasty, "killed before"), (unknown_setting, "knows API_HOSTS"),
    (unknown_setting_of_all, "knows KAFKA_BROKER"), (open_secret, "API_TOKEN is a secret"),
    (open_password, "REDIS_URL is a secret"), (wrong_shard, "with 7 replicas"), (policy_for_nobody, "=x"),
    (service_of_nobody, "selects no pod"), (wrong_port, "has no port https"),
]


@pytest.mark.parametrize("breakage, finding", BREAKAGES, ids=[breakage.__name__ for breakage, _ in BREAKAGES])
def test_what_breaks_a_rule_is_found(built, breakage, finding):
    objects = copy.deepcopy(built["production"])
    breakage(objects)
    found = manifests.findings(objects)
    assert found and all(finding in text for text in found), found


def test_who_may_talk_to_whom(built):
    callers = {
        ("kafka", 9092): ["market-producer", "trade-processor", "market-api"],
        ("postgres", 5432): ["trade-processor", "market-api", "market-migrate"],
        ("redis", 6379): ["trade-processor", "market-api"],
        ("exchange-simulator", 9443): ["market-producer", "market-api"],
    }
    assert manifests.ways(built["dev"]) == {
        (source, target, port) for (target, port), sources in callers.items() for source in sources
    }
    # In production the stores are elsewhere, and the services do not talk to one another.
    assert manifests.ways(built["production"]) == set()
    objects = [value for value in built["dev"] if manifests.name(value) != "NetworkPolicy/default-deny"]
    assert ("redis", "kafka", 9092) not in manifests.ways(objects)
    assert ("redis", "market-api", 8000) in manifests.ways(
        [value for value in objects if manifests.name(value) not in ("NetworkPolicy/metrics", "NetworkPolicy/dns")])


def test_production_is_spread_and_survives_one_node(built):
    objects = built["production"]
    for key in ("StatefulSet/market-producer", "Deployment/trade-processor", "Deployment/market-api"):
        constraints = pod(objects, key)["topologySpreadConstraints"]
        assert [entry["topologyKey"] for entry in constraints] == [
            "kubernetes.io/hostname", "topology.kubernetes.io/zone"]
        find(objects, f"PodDisruptionBudget/{key.partition('/')[2]}")
    assert find(objects, "Deployment/trade-processor")["spec"]["replicas"] >= 2
    assert find(objects, "HorizontalPodAutoscaler/market-api")["spec"]["minReplicas"] >= 2


def test_processors_grow_up_to_the_partitions(built):
    scaled = find(built["production with all components"], "ScaledObject/trade-processor")["spec"]
    defaults = dict(re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M))
    assert scaled["maxReplicaCount"] == int(defaults["KAFKA_TOPIC_PARTITIONS"])
    metadata = scaled["triggers"][0]["metadata"]
    assert metadata["consumerGroup"] == defaults["KAFKA_GROUP_ID"]
    assert metadata["topic"] == defaults["KAFKA_TRADES_TOPIC"]
    assert metadata["bootstrapServersFromEnv"] in manifests.settings_of(
        built["production"], container(built["production"], "Deployment/trade-processor"))


def test_every_secret_that_is_asked_for_is_explained_and_made(built):
    example = yaml.safe_load((KUBERNETES / "secret.example.yaml").read_text())
    made = yaml.safe_load(subprocess.run(
        [ROOT / "scripts" / "secrets", "--kubernetes", "some-place"], capture_output=True, text=True, check=True,
        timeout=60).stdout)
    for variant, secret in (("dev", made), ("production", example)):
        asked = {
            (entry["valueFrom"]["secretKeyRef"]["name"], entry["valueFrom"]["secretKeyRef"]["key"])
            for _, _, one in manifests.containers(built[variant]) for entry in one.get("env", [])
            if "secretKeyRef" in entry.get("valueFrom", {})
        }
        assert asked == {(secret["metadata"]["name"], key) for key in secret["stringData"]}
    assert made["metadata"]["namespace"] == "some-place"


def test_the_stores_are_those_of_docker_compose(built):
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for store in ("kafka", "postgres", "redis"):
        assert container(built["dev"], f"StatefulSet/{store}")["image"] == compose[store]["image"]
