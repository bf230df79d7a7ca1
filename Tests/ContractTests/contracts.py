"""The contracts under schemas/ as validators."""

import json
import pathlib

import jsonschema
import referencing
import referencing.jsonschema
import yaml

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "schemas"
DIALECT = referencing.jsonschema.DRAFT202012


def load(name):
    text = (SCHEMAS / name).read_text()
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)


OPENAPI = load("openapi.yaml")
ASYNCAPI = load("asyncapi.yaml")
KAFKA = {path.name: load(f"kafka/{path.name}") for path in sorted((SCHEMAS / "kafka").glob("*.schema.json"))}

REDIS = {path.name: load(f"redis/{path.name}") for path in sorted((SCHEMAS / "redis").glob("*.schema.json"))}
CAPTURE = load("capture.schema.json")

REGISTRY = referencing.Registry().with_resources(
    [(name, DIALECT.create_resource(content)) for name, content in {
        "openapi.yaml": OPENAPI, "asyncapi.yaml": ASYNCAPI, "capture.schema.json": CAPTURE, **KAFKA, **REDIS}.items()]
)


def validator(reference):
    """Validates against `file#/pointer`, or a whole file."""
    return jsonschema.Draft202012Validator({"$ref": reference}, registry=REGISTRY)


def problems(reference, value):
    """What is wrong with a value, as sentences."""
    return [f"{error.json_path}: {error.message}" for error in validator(reference).iter_errors(value)]


def references(node):
    """Every `$ref` under a node."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def pointer_to(path, method, status, content_type):
    """Where OpenAPI says what an answer looks like; None for a status or a type that is not documented."""
    responses = OPENAPI["paths"][path][method]["responses"]
    if str(status) not in responses:
        return None
    response = responses[str(status)]
    if "$ref" in response:
        pointer = response["$ref"]
        response = OPENAPI["components"]["responses"][pointer.rsplit("/", 1)[1]]
    else:
        pointer = f"#/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}/responses/{status}"
    if content_type not in response.get("content", {}):
        return None
    return f"openapi.yaml{pointer}/content/{content_type.replace('/', '~1')}/schema"
