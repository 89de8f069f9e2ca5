"""Every request and every answer conforms to the vendor's public API description."""

import re
from dataclasses import replace

import jsonschema
import pytest
import vastpy
from memory_tables import MemoryTables

from orbital_kernel import embedded
from orbital_kernel.model.observatory import FOLDER, observatories, site
from orbital_kernel.storage.cost import spending
from orbital_kernel.storage.growth.automation import Controller, Watched
from orbital_kernel.storage.health.health import health
from orbital_kernel.storage.ledger import Ledger
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.execute import apply
from orbital_kernel.storage.provision.plan import diff
from orbital_kernel.storage.provision.provisioning import Provisioning
from orbital_kernel.storage.provision.reading import actual
from orbital_kernel.storage.snapshots import take
from orbital_kernel.storage.vms import Vms

SHARED = """
[tenant]
name = "orbital-tenant"
max_views = 8
hard = "9 TB"
reason = "one tenant for all"

[[vip_pools]]
name = "orbital-pool"
ip_ranges = [["127.0.0.8", "127.0.0.9"]]
subnet_cidr = 8
reason = "two addresses"
"""

DESIRED = desired(observatories().values(), site(), tables=False)
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
        template = next(name for pattern, name in self.paths if pattern.fullmatch(path))
        return self.document["paths"][template][method.lower()]

    def resolved(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        # The lists of ad_hoc_query have the type object, and words that say list.
        if node.get("description", "").startswith("list of "):
            return {**node, "type": "array"}
        return node

    def merged(self, node):
        """Return a schema with its parts in one, so that it can be closed."""
        node = dict(self.resolved(node))
        for part in [self.merged(part) for part in node.pop("allOf", ())]:
            node["properties"] = {
                **node.get("properties", {}),
                **part.get("properties", {}),
            }
            node["required"] = [*node.get("required", ()), *part.get("required", ())]
        return node

    def schema(self, node, *, nulls, closed=False, seen=()):
        if "$ref" in node:
            if node["$ref"] in seen:
                return {}
            seen = (*seen, node["$ref"])
        node = self.merged(node) if closed else self.resolved(node)
        converted = {
            k: v for k, v in node.items() if k not in LOST and not k.startswith("x-")
        }
        if converted.get("type") == "array":
            choices = converted.pop("enum", None)
            items = self.schema(
                converted.get("items", {}), nulls=nulls, closed=closed, seen=seen
            )
            converted["items"] = {**items, "enum": choices} if choices else items
        for name in ("allOf", "anyOf", "oneOf"):
            if name in converted:
                converted[name] = [
                    self.schema(n, nulls=nulls, seen=seen) for n in converted[name]
                ]
        if "properties" in converted:
            converted["properties"] = {
                k: self.schema(v, nulls=nulls, closed=closed, seen=seen)
                for k, v in converted["properties"].items()
            }
            if closed:
                converted["additionalProperties"] = False
        if nulls and "type" in converted:
            converted["type"] = [converted["type"], "null"]
            if "enum" in converted:
                converted["enum"] = [*converted["enum"], None]
        return converted

    def check_request(self, method, url, fields, data):
        operation = self.operation(method, url)
        parameters = {self.resolved(p)["name"] for p in operation.get("parameters", [])}
        assert set(fields or {}) <= parameters, (method, url, fields)
        if data:
            (body,) = self.resolved(operation["requestBody"])["content"].values()
            schema = self.schema(body["schema"], nulls=False, closed=True)
            jsonschema.validate(data, schema)

    def check_answer(self, method, url, answer):
        responses = self.operation(method, url)["responses"]
        good = next(
            responses[status] for status in ("200", "201", "204") if status in responses
        )
        if method == "DELETE" and answer in (b"", None):
            return
        content = self.resolved(good).get("content")
        if not content:
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


@pytest.fixture
def resources(tmp_path):
    """Return the desired resources with a tenant and a VIP pool of their own."""
    text = (FOLDER / "site.toml").read_text().replace('tenant = "default"\n', "")
    path = tmp_path / "site.toml"
    path.write_text(text.replace("[over_commit]", f"{SHARED}\n[over_commit]", 1))
    return desired(observatories().values(), site(path), tables=False)


def test_provisioning_conforms_to_the_api_description(watched, vms, resources):
    tables = MemoryTables("ops.actions", "ops.storage")
    storage = Provisioning(vms, tables, lambda _tables: resources)
    storage.apply(storage.plan())
    quota = next(
        q for q in vms.listing("quotas", paged=True) if q["name"] == "orbital-swift"
    )
    vms.patch("quotas", quota["id"], {"hard_limit": 10**12})
    pool = next(p for p in vms.listing("vippools") if p["name"] == "orbital-pool")
    vms.patch("vippools", pool["id"], {"subnet_cidr": 16})
    drift = storage.plan()
    storage.apply(drift)
    snapshot = take(vms, "/orbital", "one", keep_s=3600, tenant_id=quota["tenant_id"])
    vms.delete("snapshots", snapshot.id)
    vms.empty("/observatories/swift", quota["tenant_id"])
    _, applied = storage.destroy()

    assert applied.ok
    assert {"quota", "vippool"} == {change.resource for change in drift.changes}
    requests = {(method, url.split("/")[2]) for method, url in watched}
    for resource in ("views", "quotas", "viewpolicies", "qospolicies", "vippools"):
        assert {("GET", resource), ("POST", resource), ("DELETE", resource)} <= requests
    for resource in ("tenants", "protectionpolicies", "protectedpaths", "snapshots"):
        assert {("POST", resource), ("DELETE", resource)} <= requests
    assert {("PATCH", "quotas"), ("PATCH", "vippools")} <= requests
    assert ("DELETE", "folders") in requests


def test_watching_conforms_to_the_api_description(watched, vms):
    tables = MemoryTables("ops.actions", "ops.storage")
    apply(diff(DESIRED, actual(vms, DESIRED)), vms).require()
    health(vms)
    spaces = (site().database, *(o.storage for o in observatories().values()))
    quotas = tuple(
        Watched(
            path=space.view.path,
            quota=replace(
                space.quota, growth=replace(space.quota.growth, approval_bytes=10**15)
            ),
        )
        for space in spaces
    )
    row = next(q for q in vms.listing("quotas", paged=True) if q["path"] == "/orbital")
    vms.patch("quotas", row["id"], {"hard_limit": 2, "soft_limit": 1})
    controller = Controller(vms, Ledger(tables), quotas, promise=False)
    decisions = controller.step()
    vms.endpoints()
    vms.owner_of("nobody's")
    spending.data_reduction(vms)

    assert "HARD_EXCEEDED" not in {d.reason for d in decisions}
    requests = {url.removeprefix("api/latest/") for _, url in watched}
    for resource in ("health", "clusters", "cnodes", "dnodes", "alarms", "users"):
        assert resource in requests
    assert {"vastdb/vips", "monitors/ad_hoc_query"} <= requests


def test_the_check_itself_refuses_what_the_api_has_not(watched, vms):
    with pytest.raises(AssertionError, match="path"):
        vms.get("quotas", path="/orbital")
    with pytest.raises(jsonschema.ValidationError, match="quota"):
        vms.request("POST", "views", policy_id=1, quota=5)
    with pytest.raises(jsonschema.ValidationError, match="gold"):
        vms.request("POST", "vippools", subnet_cidr=8, gold=True)
