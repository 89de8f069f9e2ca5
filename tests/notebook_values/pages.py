"""HTML as a tree: its tags, its texts, the documents of its scripts."""

import json
from html import unescape
from html.parser import HTMLParser

from .documents import Names, decoded, script
from .trees import Printed


def page(html):
    """Return what an HTML text holds, in its order."""
    parser = _Page()
    parser.feed(html)
    parser.close()
    return parser.parts


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.parts = []
        self._names = Names()
        self._type = None
        self._code = []  # the parser may hand over a script piece by piece

    def handle_starttag(self, tag, attributes):
        values = {name: self._attribute(name, value) for name, value in attributes}
        self.parts.append({"tag": tag, **values})
        if tag == "script":
            self._type = values.get("type", "")

    def handle_endtag(self, tag):
        if tag == "script":
            self.parts.append(self._script("".join(self._code)))
            self._type, self._code = None, []
        self.parts.append({"end": tag})

    def handle_data(self, data):
        if self._type is None:
            self.parts.append(Printed(data))
        else:
            self._code.append(data)

    def handle_comment(self, data):
        self.parts.append({"comment": data})

    def _attribute(self, name, value):
        if name == "srcdoc":
            return page(value)
        return self._names[value] if name == "data-root-id" else value

    def _script(self, code):
        if self._type == "application/json":
            return decoded(json.loads(unescape(code)), self._names)
        return script(code, self._names)
