"""Write the names of published fields that the stand-in carries: published.py OPENAPI.json.

The names are facts of the vendor's public description of VMS (OpenAPI); the test of
declarations holds the written file against that description.
"""

import json
import sys
from pathlib import Path

FILE = Path(__file__).parents[2] / "vast_standin/vms/published.txt"
HEAD = """\
# Names of the fields that the vendor's public OpenAPI description of VMS gives to each
# resource. Answers carry all of them; null where one machine has nothing to say.
"""


class Description:
    """The OpenAPI document with its references followed."""

    def __init__(self, document):
        self.document = document

    def follow(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].split("/")[1:]:
                target = target[part]
            node = target
        return node

    def properties(self, schema):
        schema = self.follow(schema)
        if schema.get("type") == "array":
            schema = self.follow(schema["items"])
        properties = {}
        for part in schema.get("allOf", []):
            properties |= self.properties(part)
        return properties | schema.get("properties", {})

    def operation(self, path, method):
        return self.document["paths"].get(path, {}).get(method)

    def body(self, operation):
        content = self.follow(operation["requestBody"])["content"]
        (media,) = content.values()
        return self.follow(media["schema"])

    def answer(self, operation, status="200"):
        response = self.follow(operation["responses"][status])
        return self.follow(response["content"]["application/json"]["schema"])

    def listed(self, resource):
        """Return the properties of a record of a resource's list."""
        operation = self.operation(f"/{resource}/", "get")
        properties = self.properties(self.answer(operation))
        if "results" in properties:
            properties = self.properties(properties["results"])
        return properties

    def parameters(self, operation):
        return {self.follow(p)["name"] for p in operation.get("parameters", [])}


def text_of(description, resources):
    """Return the file's text for these resources."""
    lines = (
        f"{name}: {' '.join(sorted(description.listed(name)))}\n"
        for name in sorted(resources)
    )
    return HEAD + "".join(lines)


if __name__ == "__main__":
    from vast_standin.vms.kinds import RESOURCES

    document = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    FILE.write_text(text_of(Description(document), RESOURCES), encoding="utf-8")
