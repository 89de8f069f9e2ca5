"""A platform that does not answer is 'unknown' in every check: never 'normal'."""

from types import SimpleNamespace

from orbital_kernel.storage.health.health import health
from orbital_kernel.storage.patience import Patience
from orbital_kernel.storage.vms import Vms

BRIEF = Patience(answer_s=1.0, attempts=2, sleep=lambda _seconds: None)


def test_a_vms_that_is_gone_is_unknown_in_every_check():
    settings = SimpleNamespace(
        vms_address="127.0.0.1:9",
        vms_user="nobody",
        vms_password="none",
        vms_token=None,
        vms_cert_file=None,
        vms_insecure=None,
    )
    told = health(Vms.connect(settings, patience=BRIEF), quotas=("orbital",))

    assert "unknown" == told.state
    assert {"unknown"} == {check.state for check in told.checks}
