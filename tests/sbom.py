"""Write sbom.cdx.json: what the locks install, as a CycloneDX bill of materials.

The wheel carries it as `orbital-*.dist-info/sboms/sbom.cdx.json` (PEP 770).
"""

import json
from pathlib import Path
from typing import Any

from licences import ROOT, Locked, installed, licence, locked_packages

FILE = ROOT / "sbom.cdx.json"


def document() -> dict[str, Any]:
    """Return the bill of materials of both locks."""
    available = installed()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "orbital",
                "name": "orbital",
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [
            _component(package, licence(package.name, available))
            for package in locked_packages()
        ],
    }


def _component(package: Locked, expression: str | None) -> dict[str, Any]:
    """Return one package; the hashes are those of every file that pip accepts for it."""
    purl = f"pkg:pypi/{package.name}@{package.version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
        **({"licenses": [_licence(expression)]} if expression else {}),
        "externalReferences": [
            {
                "type": "distribution",
                "url": purl,
                "hashes": [{"alg": "SHA-256", "content": h} for h in package.hashes],
            }
        ],
    }


def _licence(expression: str) -> dict[str, Any]:
    if expression == "NONE":
        return {"license": {"name": "none stated by the package"}}
    return {"expression": expression}


def write(path: Path = FILE) -> None:
    """Write the document, a line for each package."""
    content = document()
    lines = [json.dumps(c, sort_keys=True) for c in content.pop("components")]
    head = json.dumps(content, sort_keys=True).removesuffix("}")
    path.write_text(f'{head}, "components": [\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    write()
