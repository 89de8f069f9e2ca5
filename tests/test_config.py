"""Settings come from the vendors' variables, whole or not at all."""

import pytest

from orbital_kernel import config
from orbital_kernel.errors import ConfigError

CLUSTER = {
    "AWS_S3_ENDPOINT_URL": "https://db.example",
    "AWS_ACCESS_KEY_ID": "AK",
    "AWS_SECRET_ACCESS_KEY": "hush-hush",
    "VMS_ADDRESS": "vms.example",
    "VMS_USER": "admin",
    "VMS_PASSWORD": "do-not-tell",
}


def test_nothing_set_means_the_embedded_platform():
    assert config.from_environment({"AWS_ACCESS_KEY_ID": "AK", "HOME": "/"}) is None


def test_all_set_means_that_cluster():
    settings = config.from_environment(CLUSTER)

    assert settings is not None
    assert "https://db.example" == settings.endpoint
    assert "cluster" == settings.engine
    assert CLUSTER == settings.environment()


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_an_endpoint_without_keys_is_refused_by_name(missing):
    with pytest.raises(ConfigError, match=missing):
        config.from_environment({k: v for k, v in CLUSTER.items() if k != missing})


def test_a_vms_without_a_database_is_refused():
    with pytest.raises(ConfigError, match="AWS_S3_ENDPOINT_URL is not"):
        config.from_environment({"VMS_ADDRESS": "vms.example"})


def test_storage_needs_a_vms_and_a_way_to_sign_in():
    without_address = {k: v for k, v in CLUSTER.items() if not k.startswith("VMS")}
    without_password = {k: v for k, v in CLUSTER.items() if k != "VMS_PASSWORD"}

    for environment, reason in (
        (without_address, "VMS_ADDRESS"),
        (without_password, "VMS_TOKEN"),
    ):
        settings = config.from_environment(environment)
        assert settings is not None
        with pytest.raises(ConfigError, match=reason):
            settings.require_vms()


def test_secrets_are_in_no_repr():
    shown = repr(config.from_environment({**CLUSTER, "VMS_TOKEN": "ssh-token"}))

    assert not any(s in shown for s in ("hush-hush", "do-not-tell", "ssh-token"))


def test_exports_survive_a_shell_with_odd_characters():
    settings = config.from_environment({**CLUSTER, "VMS_PASSWORD": "a'b $c"})

    assert settings is not None
    assert "export VMS_PASSWORD='a'\"'\"'b $c'" in settings.exports().splitlines()


def test_the_data_folder_is_given_or_orbital_home_or_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("ORBITAL_HOME", str(tmp_path / "home"))

    assert tmp_path / "home" == config.data_folder()
    assert tmp_path / "given" == config.data_folder(tmp_path / "given")
    monkeypatch.delenv("ORBITAL_HOME")
    assert "orbital" == config.data_folder().name
