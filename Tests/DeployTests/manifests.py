"""deploy/kubernetes, built by kustomize and held to the types of Kubernetes' API and to rules of our own."""

import functools
import json
import pathlib
import re
import shutil
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
TYPES = ROOT / ".deps" / "deploy-node" / "node_modules"
OURS = "market-stream"
# The package of types for a group that is not Kubernetes' own.
PACKAGES = {
    "keda.sh": "@kubernetes-models/keda",
    "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
}
# Containers that may write where they stand, and why: its start script writes the configuration beside the program.
WRITABLE = {"kafka"}


@functools.cache
def kustomize():
    """(command, None), or (None, why there is none). Older than 5 it does not know `labels` with templates."""
    if shutil.which("kustomize"):
        version = subprocess.run(["kustomize", "version"], capture_output=True, text=True, timeout=60).stdout
        command, found = ["kustomize", "build"], re.search(r"v(\d+)\.", version)
    elif shutil.which("kubectl"):
        version = subprocess.run(
            ["kubectl", "version", "--client", "-o", "json"], capture_output=True, text=True, timeout=60
        ).stdout
        command, found = ["kubectl", "kustomize"], re.search(r'"kustomizeVersion": "v(\d+)\.', version)
    else:
        return None, "neither kustomize nor kubectl on this machine"
    if not found or int(found[1]) < 5:
        return None, f"{command[0]} is too old: kustomize 5 or later is needed"
    return command, None


def build(folder):
    """The objects of a kustomization."""
    command, reason = kustomize()
    assert command, reason
    run = subprocess.run([*command, str(folder)], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and not run.stderr, run.stderr
    return [document for document in yaml.safe_load_all(run.stdout) if document]


def type_errors(objects, folder):
    """What TypeScript says of objects written down as values of the API's types: misspelt and missing fields, wrong
    kinds of values."""
    lines, owners = [], []
    for number, value in enumerate(objects):
        group, _, version = value["apiVersion"].rpartition("/")
        package = PACKAGES.get(group, "kubernetes-models")
        module = "/".join(part for part in (package, group, version, value["kind"]) if part)
        text = f'import type {{ I{value["kind"]} as T{number} }} from "{module}";\n'
        text += f"export const o{number}: T{number} = {json.dumps(value, indent=1)};"
        owners += [name(value)] * (text.count("\n") + 1)
        lines.append(text)
    (folder / "node_modules").symlink_to(TYPES)
    (folder / "objects.ts").write_text("\n".join(lines))
    options = "--noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler --target esnext".split()
    run = subprocess.run(
        ["node", str(TYPES / "typescript" / "bin" / "tsc"), *options, "--pretty", "false", "objects.ts"],
        cwd=folder, capture_output=True, text=True, timeout=120,
    )
    found = re.findall(r"^objects\.ts\((\d+),\d+\): error \w+: (.*)$", run.stdout, re.M)
    assert found or run.returncode == 0, run.stdout + run.stderr
    return [f"{owners[int(line) - 1]}: {problem}" for line, problem in found]


def name(value):
    return f"{value['kind']}/{value['metadata']['name']}"


def workloads(objects):
    """(object, pod template) of everything that makes pods."""
    for value in objects:
        if value["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield value, value["spec"]["template"]


def containers(objects):
    for value, template in workloads(objects):
        for container in template["spec"].get("initContainers", []) + template["spec"]["containers"]:
            yield value, template["spec"], container


def is_ours(container):
    return re.search(rf"(^|/){OURS}(:|$)", container["image"]) is not None


def known_settings():
    text = (ROOT / ".env.example").read_text()
    return set(re.findall(r"^#([A-Z_]+)=", text, re.M))


# ---- one pod each

def resource_findings(objects):
    for value, _, container in containers(objects):
        resources = container.get("resources", {})
        for kind, key in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
            if key not in resources.get(kind, {}):
                yield f"{name(value)}: no {key} in {kind}"


def security_findings(objects):
    for value, pod, container in containers(objects):
        of_pod, own = pod.get("securityContext", {}), container.get("securityContext", {})
        wanted = [
            ("runAsNonRoot", of_pod.get("runAsNonRoot") is True),
            ("runAsUser", of_pod.get("runAsUser", 0) > 0 and (not is_ours(container) or of_pod["runAsUser"] == 10001)),
            ("seccompProfile", of_pod.get("seccompProfile") == {"type": "RuntimeDefault"}),
            ("automountServiceAccountToken", pod.get("automountServiceAccountToken") is False),
            ("enableServiceLinks", pod.get("enableServiceLinks") is False),
            ("allowPrivilegeEscalation", own.get("allowPrivilegeEscalation") is False),
            ("capabilities", own.get("capabilities") == {"drop": ["ALL"]}),
            ("readOnlyRootFilesystem",
                own.get("readOnlyRootFilesystem") is True or container["name"] in WRITABLE),
        ]
        yield from (f"{name(value)}: {what}" for what, holds in wanted if not holds)


def image_findings(objects):
    for value, _, container in containers(objects):
        tag = container["image"].rpartition("/")[2].partition(":")[2]
        if not tag or tag == "latest":
            yield f"{name(value)}: image {container['image']} has no version"


def probe_findings(objects):
    for value, pod, container in containers(objects):
        if value["kind"] == "Job":
            continue
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe not in container:
                yield f"{name(value)}: no {probe}"
        stop = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if pod.get("terminationGracePeriodSeconds", 30) < stop + 10 + 3:
            yield f"{name(value)}: killed before its 10 s are over"


# ---- settings

def settings_of(objects, container):
    """{key: text or None} of what a container's environment is."""
    maps = {value["metadata"]["name"]: value.get("data", {}) for value in objects if value["kind"] == "ConfigMap"}
    found = {}
    for source in container.get("envFrom", []):
        found |= maps[source["configMapRef"]["name"]]
    return found | {entry["name"]: entry.get("value") for entry in container.get("env", [])}


def setting_findings(objects):
    known = known_settings()
    for value, _, container in containers(objects):
        settings = settings_of(objects, container)
        texts = " ".join(text for text in settings.values() if text)
        for key, text in settings.items():
            if is_ours(container) and key not in known and f"$({key})" not in texts:
                yield f"{name(value)}: no program knows {key}"
            if text and (re.search(r"://[^/]*@", text) or re.search(r"TOKEN|PASSWORD|SECRET", key)):
                yield f"{name(value)}: {key} is a secret in the open"
    yield from (f"{name(value)}: a secret in the open" for value in objects if value["kind"] == "Secret")


def shard_findings(objects):
    for value, _, container in containers(objects):
        shard = settings_of(objects, container).get("PRODUCER_SHARD")
        if shard and shard != f"$(POD_INDEX)/{value['spec']['replicas']}":
            yield f"{name(value)}: PRODUCER_SHARD is {shard} with {value['spec']['replicas']} replicas"


# ---- who is meant by whom

def selects(selector, labels):
    """Whether a label selector matches."""
    for requirement in selector.get("matchExpressions", []):
        assert requirement["operator"] == "In", "the tests know no other operator"
        if labels.get(requirement["key"]) not in requirement["values"]:
            return False
    return all(labels.get(key) == text for key, text in selector.get("matchLabels", {}).items())


def labels_of_pods(objects):
    return {name(value): template["metadata"]["labels"] for value, template in workloads(objects)}


def selectors(objects):
    """(who, selector) of everything that chooses pods of this namespace."""
    for value in objects:
        spec = value.get("spec", {})
        if value["kind"] == "Service":
            yield value, {"matchLabels": spec["selector"]}
        elif value["kind"] in ("PodDisruptionBudget", "PodMonitor", "Deployment", "StatefulSet"):
            yield value, spec["selector"]
        elif value["kind"] == "NetworkPolicy":
            yield value, spec["podSelector"]
            for peer in peers(spec):
                if "namespaceSelector" not in peer and "podSelector" in peer:
                    yield value, peer["podSelector"]


def peers(spec):
    for rule in spec.get("ingress", []):
        yield from rule["from"]
    for rule in spec.get("egress", []):
        yield from rule["to"]


def selector_findings(objects):
    pods = labels_of_pods(objects)
    for value, selector in selectors(objects):
        if not any(selects(selector, labels) for labels in pods.values()):
            yield f"{name(value)}: selects no pod"
        for requirement in selector.get("matchExpressions", []):
            for text in requirement["values"]:
                if not any(labels.get(requirement["key"]) == text for labels in pods.values()):
                    yield f"{name(value)}: there is no pod with {requirement['key']}={text}"
    names = set(map(name, objects))
    for value in objects:
        if value["kind"] in ("HorizontalPodAutoscaler", "ScaledObject"):
            target = value["spec"]["scaleTargetRef"]
            if f"{target.get('kind', 'Deployment')}/{target['name']}" not in names:
                yield f"{name(value)}: there is no {target['name']}"
            elif any(name(other) == f"Deployment/{target['name']}" and "replicas" in other["spec"]
                     for other in objects):
                yield f"{name(value)}: each apply would set back its number"


def ports_of(template):
    return {port["name"]: port["containerPort"]
            for container in template["spec"]["containers"] for port in container.get("ports", [])}


def service_findings(objects):
    for value in objects:
        if value["kind"] != "Service":
            continue
        for owner, template in workloads(objects):
            if selects({"matchLabels": value["spec"]["selector"]}, template["metadata"]["labels"]):
                for port in value["spec"]["ports"]:
                    if port["targetPort"] not in ports_of(template):
                        yield f"{name(value)}: {name(owner)} has no port {port['targetPort']}"


RULES = [
    resource_findings, security_findings, image_findings, probe_findings, setting_findings, shard_findings,
    selector_findings, service_findings,
]


def findings(objects):
    return [finding for rule in RULES for finding in rule(objects)]


# ---- the network

def may_reach(objects, source, target, port):
    """Whether the policies let a pod open a connection to another one of the namespace."""
    pods = labels_of_pods(objects)
    templates = {name(value): template for value, template in workloads(objects)}

    def allowed(direction, own, other):
        field, side = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
        applying = [
            value["spec"] for value in objects
            if value["kind"] == "NetworkPolicy" and direction in value["spec"]["policyTypes"]
            and selects(value["spec"]["podSelector"], pods[own])
        ]
        return not applying or any(
            any("podSelector" in peer and selects(peer["podSelector"], pods[other]) for peer in rule[side])
            and any(ports_of(templates[target]).get(entry["port"], entry["port"]) == port for entry in rule["ports"])
            for spec in applying for rule in spec.get(field, [])
        )

    return allowed("Egress", source, target) and allowed("Ingress", target, source)


def ways(objects):
    """Every connection inside the namespace that is allowed: (from, to, port)."""
    found = set()
    for source, _ in workloads(objects):
        for target, template in workloads(objects):
            for port in ports_of(template).values():
                if may_reach(objects, name(source), name(target), port):
                    found.add((source["metadata"]["name"], target["metadata"]["name"], port))
    return found
