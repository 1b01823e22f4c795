"""Settings, from the environment or a `.env` file, prefix `STADSDIALOOG_`. A wrong one stops the start by name."""

from __future__ import annotations

import difflib
import os
from ipaddress import ip_network
from pathlib import Path

from dotenv import dotenv_values
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "STADSDIALOOG_"


class SettingsFault(Exception):
    """One line a setting: its name, and what was expected."""


class Settings(BaseSettings):
    """Every setting, with its default. The README's table is tested against this class."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    telegram_token: str = Field("", repr=False, pattern=r"^(\d+:[\w-]{20,})?$")
    telegram_api: str = Field("https://api.telegram.org", pattern=r"^https?://[^\s]+$")
    telegram_webhook: str = Field("", pattern=r"^(https://[^\s]+)?$")
    data: Path = Path("data")
    database: str = Field("", repr=False)
    web: str = "127.0.0.1:8080"
    web_proxy: str = ""
    web_address: str = Field("", pattern=r"^(https?://[^\s]+)?$")
    staff: str = "127.0.0.1:8081"
    staff_token: str = Field("", repr=False)
    export_dir: Path | None = None
    export_url: str = Field("", pattern=r"^(https?://[^\s]+)?$")
    export_secret: str = Field("", repr=False, pattern=r"^(whsec_[A-Za-z0-9+/=_-]+( whsec_[A-Za-z0-9+/=_-]+)?)?$")
    export_every: int = Field(900, ge=1)
    pseudonym_key: str = Field("", repr=False)
    reveal_at: int = Field(10, ge=2)
    group_reveal_at: int = Field(4, ge=3)
    contact_days: int = Field(30, ge=0)
    rows_days: int = Field(365, ge=0)
    backup_days: int = Field(30, ge=0)
    asked_by: str = ""
    contact: str = ""
    privacy_contact: str = ""

    @field_validator("web", "staff")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError("expected HOST:PORT, as in 127.0.0.1:8080")
        return value

    @field_validator("web_proxy")
    @classmethod
    def _address_or_network(cls, value: str) -> str:
        try:
            return str(ip_network(value)) if value else ""
        except ValueError:
            raise ValueError("expected the proxy's address, as in 127.0.0.1, or a network") from None

    @field_validator("database")
    @classmethod
    def _known_database(cls, value: str) -> str:
        try:
            known = not value or make_url(value).drivername in ("sqlite", "postgresql+psycopg")
        except ArgumentError:
            known = False
        if not known:
            raise ValueError("expected sqlite:///FILE or postgresql+psycopg://…")
        return value

    @property
    def database_address(self) -> str:
        return self.database or f"sqlite:///{self.data / 'stadsdialoog.db'}"

    @property
    def public_web(self) -> str:
        """The web chat's address as shown in links, ending in a slash."""
        return (self.web_address or f"http://{self.web}/").rstrip("/") + "/"

    @property
    def drop_folder(self) -> Path:
        return self.export_dir or self.data / "export"


def read_settings() -> Settings:
    """The settings in force. Raises SettingsFault naming each unknown or malformed one."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    given = {name.upper() for name in (*os.environ, *dotenv_values(".env")) if name.upper().startswith(PREFIX)}
    faults = []
    for name in sorted(given - known):
        near = difflib.get_close_matches(name, known, 1)
        faults.append(f"{name}: is no setting" + (f"; did you mean {near[0]}?" if near else ""))
    try:
        settings = Settings()
    except ValidationError as error:
        for one in error.errors():
            faults.append(f"{PREFIX}{str(one['loc'][0]).upper()}: {one['msg'].removeprefix('Value error, ')}")
    if not faults and settings.export_url and not settings.export_secret:
        faults.append(f"{PREFIX}EXPORT_SECRET: expected whsec_… because EXPORT_URL is set")
    if faults:
        raise SettingsFault("\n".join(faults))
    return settings
