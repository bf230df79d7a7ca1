"""sbom.py VERSION PACKAGES LIBRARIES FOLDER: the parts of a release as CycloneDX 1.5 on standard output.

PACKAGES is what `swift package show-dependencies --format json` said, LIBRARIES a file with the paths that the packed
shared libraries of FOLDER come from. Licences are those of docs/DEPENDENCIES.md. Nothing depends on the clock.
"""

import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]


def licences():
    """{package: licence} of the tables."""
    found = {}
    for line in (ROOT / "docs" / "DEPENDENCIES.md").read_text().splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            for name in re.findall(r"`([^`]+)`", cells[0]):
                found[name] = next((cell for cell in cells[1:] if re.match(r"[A-Z]", cell)), None)
    return found


def swift_packages(file):
    """(what the project itself uses, {package: (version, address, what it uses)})."""
    root, found = json.loads(file.read_text()), {}

    def visit(node):
        uses = [child["identity"] for child in node["dependencies"]]
        found.setdefault(node["identity"], (node["version"], node["url"], sorted(uses)))
        for child in node["dependencies"]:
            visit(child)

    visit(root)
    uses = found.pop(root["identity"])[2]
    return uses, dict(sorted(found.items()))


def declared_addresses():
    """{package: address} as manifests say it, where SwiftPM is told to fetch from elsewhere."""
    file = ROOT / "Package.resolved"
    pins = json.loads(file.read_text())["pins"] if file.exists() else []
    return {pin["identity"]: pin["location"] for pin in pins}


def debian_packages(paths):
    """{path: (package, version)} of the files that belong to the system's packages."""
    if not shutil.which("dpkg-query"):
        return {}
    # dpkg may know a file by its name before the merge of /lib into /usr/lib, or by what a link leads to.
    names = {name: path for path in paths for real in (path, os.path.realpath(path))
             for name in (real, real.removeprefix("/usr"))}
    # It fails when one of them is nobody's, and still says whose the others are.
    said = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True).stdout
    owners = {names[name]: owner.split(",")[0] for owner, name in re.findall(r"^(\S.*?): (/.*)$", said, re.M)
              if name in names}
    if not owners:
        return {}
    said = subprocess.run(
        ["dpkg-query", "-W", "-f", "${binary:Package} ${Package} ${Version}\n", *set(owners.values())],
        capture_output=True, text=True, check=True).stdout
    versions = {}
    for line in said.splitlines():
        full, package, version = line.split()
        versions[full] = versions[package] = (package, version)
    return {path: versions[owner] for path, owner in owners.items()}


def distribution():
    fields = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', pathlib.Path("/etc/os-release").read_text(), re.M))
    return fields.get("ID", "linux")


def library(path, folder, owner):
    name = os.path.basename(path)
    component = {
        "type": "library", "bom-ref": f"lib/{name}", "name": name,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256((folder / name).read_bytes()).hexdigest()}],
    }
    pins = dict(re.findall(r"^(\w+)_VERSION=(\S+)$", (ROOT / "scripts" / "lib" / "pins.sh").read_text(), re.M))
    if owner:
        package, version = owner
        component |= {"version": version, "purl": f"pkg:deb/{distribution()}/{package}@{version.replace(':', '%3A')}"}
    elif "/.deps/lib/" in path:
        component |= {"version": pins["CONFLUENT_KAFKA"], "description": "out of the wheel confluent-kafka"}
    elif "swift" in path:
        component |= {"description": "of the Swift toolchain"}
    return component


def document(version, listing, libraries, folder):
    known = licences()
    direct, packages = swift_packages(listing)
    addresses = declared_addresses()
    project = f"market-stream@{version}"
    components = []
    for name, (release, url, _) in packages.items():
        component = {"type": "library", "bom-ref": name, "name": name, "version": release}
        address = addresses.get(name, url)
        if address.startswith("https://"):
            component["purl"] = f"pkg:swift/{address.removeprefix('https://').removesuffix('.git')}@{release}"
        if known.get(name):
            component["licenses"] = [{"license": {"name": known[name]}}]
        components.append(component)
    chart = hashlib.sha256((ROOT / ".deps" / "assets" / "lightweight-charts.js").read_bytes()).hexdigest()
    components.append({
        "type": "library", "bom-ref": "lightweight-charts", "name": "lightweight-charts",
        "version": re.search(r"CHARTS_NPM_VERSION=(\S+)", (ROOT / "scripts/lib/pins.sh").read_text())[1],
        "licenses": [{"license": {"name": "Apache-2.0"}}], "hashes": [{"alg": "SHA-256", "content": chart}],
    })
    owners = debian_packages(libraries)
    components += [library(path, folder, owners.get(path)) for path in libraries]
    instant = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": instant.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application", "bom-ref": project, "name": "market-stream", "version": version,
                "licenses": [{"license": {"name": "Apache-2.0"}}],
            },
        },
        "components": components,
        "dependencies": [
            {"ref": project, "dependsOn": sorted(direct) + ["lightweight-charts"] + [
                f"lib/{os.path.basename(path)}" for path in libraries]},
            *({"ref": name, "dependsOn": uses} for name, (_, _, uses) in packages.items()),
        ],
    }
    content = json.dumps(body, sort_keys=True)
    body["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"
    return body


if __name__ == "__main__":
    sources = pathlib.Path(sys.argv[3]).read_text().split()
    print(json.dumps(document(sys.argv[1], pathlib.Path(sys.argv[2]), sources, pathlib.Path(sys.argv[4])), indent=2))
