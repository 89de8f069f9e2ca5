"""Who verifies the VMS: VMS_CERT_FILE, the system's authorities, or explicitly nobody.

vastpy verifies nothing without a file of certificates, and sends the password to whatever
server answers; so that it always gets one, unless ORBITAL_VMS_INSECURE says otherwise.
"""

import ssl
from pathlib import Path

import certifi

from orbital_kernel.config import Settings
from orbital_kernel.errors import ConfigError

YES, NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


def cert_file(settings: Settings) -> str | None:
    """Return the file of trusted certificates for vastpy; None only if so configured.

    Raises ConfigError for a file that does not exist or an unknown ORBITAL_VMS_INSECURE.
    """
    if settings.vms_cert_file:
        if not Path(settings.vms_cert_file).is_file():
            raise ConfigError(
                f"VMS_CERT_FILE is {settings.vms_cert_file}, which is not a file: name the "
                "certificate authority of this VMS, or unset it to use the system's"
            )
        return settings.vms_cert_file
    return None if _insecure(settings) else system_authorities()


def verified_by(settings: Settings) -> str:
    """Return in words how the connection to the VMS is verified."""
    trusted = cert_file(settings)
    if trusted is None:
        return "TLS NOT verified (ORBITAL_VMS_INSECURE): anybody can read the password"
    name = "VMS_CERT_FILE" if settings.vms_cert_file else "the system's authorities"
    return f"TLS verified by {name} ({trusted})"


def system_authorities() -> str:
    """Return the file of the system's certificate authorities, else certifi's."""
    return ssl.get_default_verify_paths().cafile or certifi.where()


def _insecure(settings: Settings) -> bool:
    text = (settings.vms_insecure or "").strip().lower()
    if text not in (*YES, *NO):
        raise ConfigError(
            f"ORBITAL_VMS_INSECURE is {settings.vms_insecure!r}: set it to 'yes' to send the "
            "password without verifying the VMS, or unset it"
        )
    return text in YES
