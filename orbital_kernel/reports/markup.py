"""HTML and Markdown of cells, reduced to markup that neither runs nor loads anything."""

import re

import bleach
from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
from bs4 import BeautifulSoup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from orbital_kernel.reports import frame_tables

TAGS = frozenset(
    {
        *("a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del"),
        *("details", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2"),
        *("h3", "h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p", "pre", "s"),
        *("small", "span", "strong", "sub", "summary", "sup", "table", "tbody"),
        *("td", "tfoot", "th", "thead", "tr", "u", "ul"),
    }
)
ATTRIBUTES = {
    "*": lambda _tag, name, value: (
        name in {"class", "id", "title"} or (name == "style" and "url(" not in value)
    ),
    "div": ["data-root-id"],
    "a": lambda _tag, name, value: name == "href" and not value.startswith("data:"),
    "img": ["alt", "height", "src", "width"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
}
STYLES = CSSSanitizer(
    allowed_css_properties=ALLOWED_CSS_PROPERTIES
    | {
        *("background", "border", "border-bottom", "border-collapse", "border-left"),
        *("border-radius", "border-right", "border-top", "margin", "max-height"),
        *("max-width", "opacity", "padding", "vertical-align"),
    }
)
NOTEBOOK_LINK = re.compile(r'href="([\w-]+)\.ipynb"')


def clean(html: str) -> str:
    """Return HTML in which everything but plain markup is shown as text.

    Style sheets are dropped, because the page has its own. An image outside the page is
    replaced by its address.
    """
    soup = BeautifulSoup(html, "html.parser")
    frame_tables.plain(soup)
    for sheet in soup.find_all("style"):
        sheet.decompose()
    for image in soup.find_all("img"):
        source = str(image.get("src", ""))
        if not source.startswith("data:image/"):
            image.replace_with(f"(not shown in a report: the image {source})")
    return str(
        bleach.clean(
            str(soup),
            tags=TAGS,
            attributes=ATTRIBUTES,
            protocols={"http", "https", "mailto", "data"},
            css_sanitizer=STYLES,
        )
    )


def prose(markdown: str) -> str:
    """Return a Markdown cell as HTML, with links to other notebooks' reports."""
    return NOTEBOOK_LINK.sub(r'href="\1.html"', clean(_html(markdown, escape=False)))


def answer(markdown: str) -> str:
    """Return a Markdown output as HTML; HTML in it is data and shown as text."""
    return clean(_html(markdown, escape=True))


def _html(markdown: str, *, escape: bool) -> str:
    renderer = IPythonRenderer(
        escape=escape, embed_images=not escape, exclude_anchor_links=True
    )
    return str(MarkdownWithMath(renderer=renderer).render(markdown))
