"""The subcommands of `orbital`, a file a topic; they print, nothing below them does."""
