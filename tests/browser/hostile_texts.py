"""Texts that a stranger may write into a name, for terminals, pages and spreadsheets."""

HOSTILE = (
    "<script>window.hacked=1;alert(1)</script>",
    "<img src=x onerror='window.hacked=1;alert(1)'>",
    "</script></style><svg onload='window.hacked=1;alert(1)'>",
    "x' onmouseover='window.hacked=1' onfocus=\"window.hacked=1\" autofocus='",
    "@name{safe} $name <b onclick=window.hacked=1>b</b>",
    "[/b][link=javascript:window.hacked=1]link[/link]",
    "\x1b]0;title\x07\x1b[31mred\x1b[0m",
    "=cmd|' /C calc'!A0",
)
