"""COVERAGE.md says what the dispatch tables say."""

from vast_standin import coverage


def test_the_coverage_document_is_in_step():
    """Run ``python -m vast_standin.coverage`` where this fails."""
    assert coverage.document() == coverage.PATH.read_text()


def test_every_call_has_a_description():
    assert "| |" not in coverage.document().replace("|  |", "| |")
