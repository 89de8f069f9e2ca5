"""Every request sent and every answer served suits the vendor's public API description."""

import re

import jsonschema
import pytest
import vastpy

from orbital_kernel import embedded
from orbital_kernel.observatory import observatories, site
from orbital_kernel.storage.apply import Vms, apply, destroy
from orbital_kernel.storage.health import health
from orbital_kernel.storage.plan import desired, diff

WANTED = desired(observatories().values(), site(), tables=False)
# The description has objects where ad_hoc_query is known to answer arrays.
LOST = (
    "format",
    "readOnly",
    "example",
    "description",
    "default",
    "title",
    "discriminator",
)


class Description:
    """The API description as JSON schemas; `null` is allowed in answers, as VMS does."""

    def __init__(self, document):
        self.document = document
        self.paths = [
            (re.compile(re.sub(r"\{\w+\}", r"\\d+", path.rstrip("/")) + "/?"), path)
            for path in sorted(document["paths"], key=lambda path: path.count("{"))
        ]

    def operation(self, method, url):
        path = re.sub(r"^api/latest", "", url)
        known = next(told for pattern, told in self.paths if pattern.fullmatch(path))
        return self.document["paths"][known][method.lower()]

    def resolved(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def schema(self, node, *, nulls, closed=False, seen=()):
        if "$ref" in node:
            if node["$ref"] in seen:
                return {}
            seen = (*seen, node["$ref"])
        node = self.resolved(node)
        made = {
            k: v for k, v in node.items() if k not in LOST and not k.startswith("x-")
        }
        if made.get("type") == "array":
            choices = made.pop("enum", None)
            items = self.schema(
                made.get("items", {}), nulls=nulls, closed=closed, seen=seen
            )
            made["items"] = {**items, "enum": choices} if choices else items
        for name in ("allOf", "anyOf", "oneOf"):
            if name in made:
                made[name] = [
                    self.schema(n, nulls=nulls, seen=seen) for n in made[name]
                ]
        if "properties" in made:
            made["properties"] = {
                k: self.schema(v, nulls=nulls, closed=closed, seen=seen)
                for k, v in made["properties"].items()
            }
            if closed:
                made["additionalProperties"] = False
        if nulls and "type" in made:
            made["type"] = [made["type"], "null"]
            if "enum" in made:
                made["enum"] = [*made["enum"], None]
        return made

    def check_request(self, method, url, fields, data):
        operation = self.operation(method, url)
        known = {self.resolved(p)["name"] for p in operation.get("parameters", [])}
        assert set(fields or {}) <= known, (method, url, fields)
        if data:
            body = self.resolved(operation["requestBody"])["content"][
                "application/json"
            ]
            schema = self.schema(body["schema"], nulls=False, closed=True)
            jsonschema.validate(data, schema)

    def check_answer(self, method, url, answer):
        told = self.operation(method, url)["responses"]
        status = {"GET": "200", "POST": "201", "PATCH": "200", "DELETE": "204"}[method]
        content = self.resolved(told[status]).get("content")
        if not content or url.endswith("ad_hoc_query"):
            return
        if isinstance(answer, dict) and {"count", "results"} <= set(answer):
            answer = answer["results"]
        schema = self.schema(content["application/json"]["schema"], nulls=True)
        errors = jsonschema.Draft202012Validator(schema).iter_errors(answer)
        assert [] == [e.message for e in errors], (method, url)


@pytest.fixture
def watched(vms_api, monkeypatch):
    """Have each request of the vendor's client and its answer checked; return them."""
    description, calls = Description(vms_api), []
    send = vastpy.VASTClient.request

    def request(self, method, fields=None, data=None):
        description.check_request(method, self._url, fields, data)
        answer = send(self, method, fields=fields, data=data)
        description.check_answer(method, self._url, answer)
        calls.append((method, self._url))
        return answer

    monkeypatch.setattr(vastpy.VASTClient, "request", request)
    return calls


@pytest.fixture
def vms(tmp_path):
    yield Vms.connect(embedded.ensure(tmp_path))
    embedded.stop(tmp_path)


def test_provisioning_speaks_as_the_description_says(watched, vms):
    apply(diff(WANTED, vms.actual(WANTED)), vms).require()
    quota = next(
        q for q in vms.listing("quotas", paged=True) if q["name"] == "orbital-swift"
    )
    vms.patch("quotas", quota["id"], {"hard_limit": 10**12})
    drift = diff(WANTED, vms.actual(WANTED))
    apply(drift, vms).require()
    health(vms)
    _, applied = destroy(WANTED, vms)

    assert applied.ok
    assert ["quota"] == [change.resource for change in drift.changes]
    asked = {(method, url.split("/")[2]) for method, url in watched}
    for resource in ("views", "quotas", "viewpolicies", "qospolicies"):
        assert {("GET", resource), ("POST", resource), ("DELETE", resource)} <= asked
    assert ("PATCH", "quotas") in asked


def test_the_check_itself_refuses_what_the_api_has_not(watched, vms):
    with pytest.raises(AssertionError, match="path"):
        vms.get("quotas", path="/orbital")
    with pytest.raises(jsonschema.ValidationError, match="quota"):
        vms.ask("POST", "views", policy_id=1, quota=5)
