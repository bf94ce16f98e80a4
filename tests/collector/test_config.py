"""collector.config: what the collector refuses to start with."""

import pytest

from collector.config import BadSettings, Settings

TOKEN = "a token of this installation"


@pytest.mark.parametrize("ours", ["http://127.0.0.1:8001", "https://127.0.0.1"])
def test_one_host_name_for_both_programs_is_refused(ours):
    """Cookies do not know ports, so the two programs never share a host name."""
    with pytest.raises(BadSettings, match="cookies do not know ports"):
        Settings(collector_url=ours, public_url="http://127.0.0.1:8000")


def test_settings_come_from_the_environment():
    """Each setting has one variable."""
    settings = Settings.from_env(
        {
            "HEADWATER_COLLECTOR_STORE": "/srv/store",
            "HEADWATER_COLLECTOR_KEYS": "/srv/keys",
            "HEADWATER_GUARDIAN_FILE": "/srv/guardian.json",
            "HEADWATER_COLLECTOR_TOKEN": TOKEN,
            "HEADWATER_COLLECTOR_URL": "https://pulse.example.org",
            "HEADWATER_PUBLIC_URL": "https://headwater.example.org",
        }
    )

    assert str(settings.collector_store) == "/srv/store"
    assert str(settings.collector_keys) == "/srv/keys"
    assert settings.guardian_file == "/srv/guardian.json"
    assert settings.collector_token == TOKEN
    assert settings.collector_url == "https://pulse.example.org"
