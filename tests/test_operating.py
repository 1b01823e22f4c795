"""What docs/operating.md says to write into files works as it stands there: nginx, systemd, the alerts."""

from __future__ import annotations

import asyncio
import datetime
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot import metrics
from bot.clock import Clock
from bot.house import House
from bot.telegram_webhook import PATH, SECRET_HEADER
from tests.botapi import BotApi
from tests.process import ROOT, Process, free_port
from tests.test_webhook import message

PAGE = (ROOT / "docs" / "operating.md").read_text("utf8")
HOST = "praat.example"


def block(language: str, after: str = "") -> str:
    """The first block of this language on the page, behind these words."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE[PAGE.index(after) :], re.DOTALL)
    assert found
    return found[1]


def need(command: str) -> None:
    """Skip aloud without this program; with CI set that is a failure."""
    if not shutil.which(command):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            f"there is no {command}: its part of the page is not tried"
        )


# ---------------------------------------------------------------- nginx


class Here(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = {"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
        return [found]  # type: ignore[list-item]

    async def close(self) -> None:
        pass


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of its own signing for HOST, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
    signed = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), False).sign(key, hashes.SHA256())
    pem, secret = folder / "fullchain.pem", folder / "privkey.pem"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*form))
    return pem, secret


@contextmanager
def nginx(folder: Path, web: list[str]) -> Iterator[int]:
    """nginx with the page's own block before these processes; its port."""
    port, (pem, secret) = free_port(), certificate(folder)
    site = block("nginx").replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    site = site.replace("server 127.0.0.1:8080;", " ".join(f"server {one};" for one in web))
    site = re.sub(r"/etc/\S*fullchain.pem", str(pem), site)
    site = re.sub(r"/etc/\S*privkey.pem", str(secret), site)
    temporary = " ".join(
        f"{one}_temp_path {folder}/{one};" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    file.write_text(f"{user} daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{ {temporary} {site} }}")
    with (folder / "nginx.log").open("wb") as log:
        running = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(file)], stderr=log)
    try:
        yield port
    finally:
        running.terminate()
        running.wait(10)
    assert "[emerg]" not in (folder / "nginx.log").read_text()


@asynccontextmanager
async def client(folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that believes this certificate and no other."""
    trust = ssl.create_default_context(cafile=folder / "fullchain.pem")
    connector = aiohttp.TCPConnector(ssl=trust, resolver=Here(), force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


async def test_pages_and_webhooks_come_through_nginx_with_tls(tmp_path: Path) -> None:
    need("nginx")
    async with BotApi() as api:
        process = Process(tmp_path / "data", api)
        public = f"https://{HOST}"
        process.env |= {"STADSDIALOOG_TELEGRAM_WEBHOOK": public, "STADSDIALOOG_WEB_ADDRESS": f"{public}/"}
        await process.start()
        await process.serving()
        # The second one is not there, as during an upgrade.
        with nginx(tmp_path, [process.env["STADSDIALOOG_WEB"], f"127.0.0.1:{free_port()}"]) as port:
            async with client(tmp_path) as session, asyncio.timeout(30):
                address = f"{HOST}:{port}"
                while True:
                    try:
                        async with session.get(f"https://{address}/") as page:
                            assert page.status == 200
                        break
                    except aiohttp.ClientConnectorError:
                        await asyncio.sleep(0.05)
                async with session.ws_connect(f"wss://{address}/chat", origin=public) as line:
                    await line.send_json({"hello": {"visit": "", "seen": 0, "language": "nl"}})
                    assert (await line.receive_json())["missed"][0]["says"]
                while not api.updates.webhook:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                api.store.chat(1001).state = "member"
                secret = str(api.calls_of("setWebhook")[0].params["secret_token"])
                for number in range(6):
                    body = message(number + 1, 1001)
                    headers = {SECRET_HEADER: secret}
                    async with session.post(f"https://{address}{PATH}", json=body, headers=headers) as taken:
                        assert taken.status == 200
                async with session.post(f"https://{address}{PATH}", json=message(9, 1001)) as refused:
                    assert refused.status == 403
                async with session.get(f"https://{address}/v1/health") as staff:
                    assert staff.status == 404, "the staff port is not published"
                while not api.box(1001).messages:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        assert await process.end(15) == 0


# ---------------------------------------------------------------- systemd, alerts


def test_the_unit_is_one_that_systemd_understands(tmp_path: Path) -> None:
    need("systemd-analyze")
    unit = block("ini", "## As a service").replace("/opt/stadsdialoog/.venv/bin/python", "/bin/true")
    unit = unit.replace("User=stadsdialoog", "User=root").replace("WorkingDirectory=/opt/stadsdialoog", "")
    file = tmp_path / "stadsdialoog.service"
    file.write_text(re.sub(r"EnvironmentFile=.*", "", unit))
    ran = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, timeout=60)
    told = [line for line in ran.stderr.splitlines() if file.name in line]
    assert told == []


async def test_every_figure_an_alert_is_on_exists(house: House) -> None:
    telegram = {"ready": True, "queued": 0, "parked": 0, "last_poll_seconds": 1.0}
    parts = {
        "database": True,
        "clock": Clock().health(),
        "leading": {"ready": True, "leads": True},
        "telegram": telegram,
    }
    with house.engine.connect() as conn:
        there = set(re.findall(r"^# TYPE (\w+)", metrics.exposition(parts, conn).decode(), re.MULTILINE))
    named = set(re.findall(r"stadsdialoog_[a-z_]+", PAGE[PAGE.index("## What to watch") :]))
    assert len(named) >= 9
    assert named <= there
