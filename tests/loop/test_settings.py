"""Settings: an argument goes before the environment, which goes before the default."""

import pytest

from homeostat.core.errors import ConfigError
from homeostat.loop.settings import settings_from


def test_an_argument_goes_before_the_environment() -> None:
    environment = {"HOMEOSTAT_SERVICE": "env", "HOMEOSTAT_STORE": "/env.db", "HOMEOSTAT_TOKEN": "t"}
    assert settings_from(environment, service="arg").service == "arg"
    assert settings_from(environment).service == "env"
    assert settings_from(environment).store_path() == "/env.db"
    assert settings_from(environment, store="/arg.db").store_path() == "/arg.db"
    assert settings_from({"OTEL_SERVICE_NAME": "otel"}).service == "otel"
    assert settings_from({}).service == "app"


def test_a_release_is_an_attribute_of_the_application_only_if_there_is_one() -> None:
    environment = {"HOMEOSTAT_RELEASE": "1.4.0"}
    assert settings_from(environment).application.attributes == {"service": "app", "release": "1.4.0"}
    assert settings_from(environment, release="2").release == "2"
    assert settings_from(environment, release="").application.attributes == {"service": "app"}
    assert settings_from({}).application.attributes == {"service": "app"}


def test_a_store_given_as_argument_goes_before_an_endpoint_of_the_environment() -> None:
    environment = {"HOMEOSTAT_ENDPOINT": "http://127.0.0.1:4318"}
    assert settings_from(environment).endpoint == "http://127.0.0.1:4318"
    assert settings_from(environment, store="x.db").endpoint is None


@pytest.mark.parametrize(
    ("environment", "arguments", "named"),
    [
        ({"HOMEOSTAT_FLUSH_INTERVAL_S": "fast"}, {}, "fast"),
        ({}, {"flush_interval_s": 0.0}, "0.0"),
        ({}, {"series_max": 0}, "0"),
        ({}, {"endpoint": "127.0.0.1:4318"}, "127.0.0.1:4318"),
        ({"HOMEOSTAT_ENDPOINT": "ftp://x"}, {}, "ftp://x"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_its_value(
    environment: dict[str, str], arguments: dict[str, object], named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        settings_from(environment, **arguments)  # type: ignore[arg-type]
