"""A VMS that cannot be reached is named in one sentence, with what to set."""

import dataclasses
from types import SimpleNamespace

import pytest

from orbital_kernel import embedded
from orbital_kernel.errors import ConfigError, ProvisionError
from orbital_kernel.model.observatory import observatories, site
from orbital_kernel.storage import authorities
from orbital_kernel.storage.patience import Patience
from orbital_kernel.storage.provision.desired import desired
from orbital_kernel.storage.provision.reading import actual
from orbital_kernel.storage.vms import Vms

DESIRED = desired(observatories().values(), site(), tables=False)
QUICK = Patience(answer_s=0.6, attempts=6, sleep=lambda _seconds: None)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vms")
    yield embedded.ensure(folder)
    embedded.stop(folder)


def listed(vms):
    return actual(vms, DESIRED)


def test_a_wrong_password_is_named(settings):
    wrong = dataclasses.replace(settings, vms_password="wrong")

    with pytest.raises(ProvisionError, match="check VMS_USER and VMS_PASSWORD"):
        listed(Vms.connect(wrong))


def test_a_wrong_certificate_is_named_at_once(settings, tmp_path):
    other = embedded.ensure(tmp_path / "other")
    try:
        wrong = dataclasses.replace(settings, vms_cert_file=other.vms_cert_file)
        with pytest.raises(ProvisionError, match="not signed by VMS_CERT_FILE"):
            listed(Vms.connect(wrong))
    finally:
        embedded.stop(tmp_path / "other")


def test_without_a_certificate_file_the_system_verifies(settings):
    private = dataclasses.replace(settings, vms_cert_file=None)

    with pytest.raises(ProvisionError, match="set VMS_CERT_FILE"):
        listed(Vms.connect(private))
    assert "the system's authorities" in authorities.verified_by(private)


def test_the_password_goes_unverified_only_where_it_is_said(settings, caplog):
    insecure = dataclasses.replace(settings, vms_cert_file=None, vms_insecure="yes")

    assert listed(Vms.connect(insecure)) is not None
    assert "NOT verified" in caplog.text
    for text in ("no", "0"):
        verified = dataclasses.replace(insecure, vms_insecure=text)
        assert authorities.cert_file(verified) == authorities.system_authorities()
    with pytest.raises(ConfigError, match="ORBITAL_VMS_INSECURE is 'perhaps'"):
        Vms.connect(dataclasses.replace(insecure, vms_insecure="perhaps"))


def test_a_certificate_file_that_is_missing_is_named(settings, tmp_path):
    missing = dataclasses.replace(settings, vms_cert_file=str(tmp_path / "no.pem"))

    with pytest.raises(ConfigError, match="which is not a file"):
        Vms.connect(missing)


def test_a_missing_address_names_the_variables_to_set():
    none = dict.fromkeys(
        ("vms_address", "vms_user", "vms_password", "vms_token", "vms_cert_file")
    )
    with pytest.raises(ProvisionError, match="set VMS_ADDRESS"):
        Vms.connect(SimpleNamespace(**none))


def test_a_vms_that_is_down_is_given_up_in_words(settings):
    gone = dataclasses.replace(settings, vms_address="127.0.0.1:9")

    with pytest.raises(ProvisionError, match="check that it is up and reachable"):
        listed(Vms.connect(gone, patience=QUICK))
