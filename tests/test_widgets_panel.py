"""A panel whose platform goes away says so, and offers to connect again."""

import pytest
from orbital_widgets.connection import renewed, sentence
from orbital_widgets.panel import DEAD, Panel

from orbital_kernel.errors import QueryError, StoreError


class Shown(Panel):
    """Records what it is given to show."""

    shown = reason = ""

    def _show(self, answer):
        self.shown = answer

    def _failed(self, reason):
        self.reason = reason


@pytest.fixture
def going():
    """Return a panel whose first question fails and whose second is answered."""
    replies = [StoreError("the database does not answer"), "rows"]

    def ask():
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    panel = Shown(ask, every_s=None)
    yield panel
    panel.close()


def test_a_lost_platform_is_a_sentence_with_a_button_that_asks_again(going):
    going.wait()

    assert "the database does not answer. Press [Reconnect]" in going.reason
    assert not going.reconnect.layout.display
    going.reconnect.click()
    going.wait()
    assert "rows" == going.shown
    assert "none" == going.reconnect.layout.display


def test_a_refused_question_offers_no_new_connection():
    def ask():
        raise QueryError("no table has it")

    panel = Shown(ask, every_s=None).wait()
    panel.close()

    assert panel.reason.startswith("no table has it")
    assert "none" == panel.reconnect.layout.display


def test_an_error_nobody_foresaw_is_logged_and_shown_in_words(caplog):
    text = sentence(ZeroDivisionError("a bug"))

    assert "ZeroDivisionError" not in text
    assert "the log of this notebook has the details" in text
    assert "a bug" in caplog.text


def test_a_renewed_session_is_another_one_on_the_same_database(orbital):
    session = renewed(orbital)

    assert session is not orbital
    assert orbital.database == session.database
    assert orbital.settings.endpoint == session.settings.endpoint


def test_an_output_without_its_kernel_says_what_to_do():
    panel = Shown(lambda: "rows", every_s=None, static=False)
    bundle = panel._repr_mimebundle_()
    panel.close()

    assert DEAD in bundle["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
