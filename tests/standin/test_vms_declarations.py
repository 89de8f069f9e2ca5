"""What the management side declares and answers, against the vendor's public description.

Exceptions, all named here: answers may hold nulls (real clusters send them), lists may
come in the paging envelope, and list parameters `page`, `page_size` are always taken.
"""

import jsonschema
import pytest
from published import FILE, Description, text_of

from vast_standin.vms.kinds import RESOURCES
from vast_standin.vms.particular import CALLS


@pytest.fixture(scope="module")
def description(vms_api):
    return Description(vms_api)


def test_the_names_of_published_fields_are_those_of_the_description(description):
    assert text_of(description, RESOURCES) == FILE.read_text(encoding="utf-8")


KINDS = sorted(RESOURCES.values(), key=lambda kind: kind.name)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_answered_field_is_described(description, kind):
    described = description.properties(
        description.answer(description.operation(f"/{kind.name}/", "get"))
    )

    assert set() == {f.name for f in kind.fields if f.answered} - set(described)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_filter_is_described(description, kind):
    described = description.parameters(description.operation(f"/{kind.name}/", "get"))

    assert set() == set(kind.filters) - described


@pytest.mark.parametrize(
    "kind", [k for k in KINDS if "create" in k.calls], ids=lambda kind: kind.name
)
def test_creation_takes_what_is_described_and_needs_no_less(description, kind):
    schema = description.body(description.operation(f"/{kind.name}/", "post"))
    described = description.properties(schema)

    assert set() == {f.name for f in kind.fields if f.creatable} - set(described)
    needed = {f.name for f in kind.fields if f.required}
    assert set(schema.get("required", [])) - needed == set()


@pytest.mark.parametrize(
    "kind", [k for k in KINDS if "patch" in k.calls], ids=lambda kind: kind.name
)
def test_a_patch_takes_what_is_described(description, kind):
    schema = description.body(description.operation(f"/{kind.name}/{{id}}/", "patch"))

    assert set() == {f.name for f in kind.fields if f.patchable} - set(
        description.properties(schema)
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kinds_and_choices_agree_with_the_description(description, kind):
    described = description.properties(
        description.answer(description.operation(f"/{kind.name}/", "get"))
    )
    types = {"integer": "int", "number": "num", "string": "str", "boolean": "bool"}

    for field in kind.fields:
        declared = description.follow(described.get(field.name, {}))
        if declared.get("type") in types and field.kind != "any":
            assert (field.name, types[declared["type"]]) == (field.name, field.kind)
        if declared.get("type") == "array" and field.kind != "any":
            assert (field.name, "[") == (field.name, field.kind[0])
        if "enum" in declared and field.choices:
            assert set() == set(field.choices) - set(declared["enum"])


def test_every_particular_call_is_described(description):
    missing = []
    for method, route in CALLS:
        paths = (f"/{route}/", f"/{route}")
        if not any(description.operation(path, method.lower()) for path in paths):
            missing.append((method, route))

    # The vendor's exporter has its cluster metrics below "all" only.
    assert [("GET", "prometheusmetrics/cluster")] == missing


def test_live_answers_fit_the_description(description, standin, vms):
    """Validate what a used cluster really answers, field by field."""
    policy = vms.viewpolicies.get(name="default")[0]["id"]
    view = vms.views.post(path="/fits", policy_id=policy, create_dir=True)
    quota = vms.quotas.post(
        name="fits",
        path="/fits",
        hard_limit=10**9,
        is_user_quota=True,
        user_quotas=[{"name": "standin", "soft_limit": 10}],
    )
    qos = vms.qospolicies.post(name="fits", static_limits={"max_reads_bw_mbps": 10})

    for kind in KINDS:
        if kind.name in ("columns", "tables"):
            continue
        schema = description.answer(description.operation(f"/{kind.name}/", "get"))
        described = description.properties(schema)
        for row in vms[kind.name].get():
            for name, value in row.items():
                if value is not None:
                    checked(description, described[name], value, f"{kind.name}.{name}")

    for resource, row in (("views", view), ("quotas", quota), ("qospolicies", qos)):
        vms[resource][str(row["id"])].delete()


def checked(description, schema, value, where):
    resolved = resolve(description, schema)
    try:
        jsonschema.validate(value, resolved)
    except jsonschema.ValidationError as error:
        raise AssertionError(f"{where}: {error.message}") from error


def resolve(description, node):
    """Return a schema without references and with nulls allowed in objects."""
    if isinstance(node, list):
        return [resolve(description, item) for item in node]
    if not isinstance(node, dict):
        return node
    node = description.follow(node)
    if node.get("type") == "array" and "enum" in node:
        # The description puts the choices of items on their list.
        items = {**node["items"], "enum": node["enum"]}
        node = {**{k: v for k, v in node.items() if k != "enum"}, "items": items}
    return {
        name: resolve(description, value)
        for name, value in node.items()
        if name not in ("example", "description", "required", "format")
    }
