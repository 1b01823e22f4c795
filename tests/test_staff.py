"""The export API over real HTTP: keys, formats, problems, downloads that never hold up the dialogue."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import logging
import os
import re
import socket
import stat
import time
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from bot import download, staff
from bot.house import House
from bot.printing import browser
from content import Content
from storage.cache import FOLDER
from storage.database import now, wipe_traces
from storage.erasure import erase
from storage.exports import FORMATS, TABLES
from storage.releases import release
from tests.colleague import KEY
from tests.exporting import exported
from tests.seeding import crowd, mixed, position, resident
from tests.test_audit import lines

STATE: dict[str, Any] = {"database": True, "telegram": {"ready": True}}


class Api:
    """A client of the staff port; `get` sends the key unless told otherwise."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self.port, self.session = port, session

    async def get(
        self, path: str, key: str | None = KEY, method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        address = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, address, headers=sent) as answer:
            return answer.status, dict(answer.headers), await answer.read()


@pytest_asyncio.fixture
async def api(house: House) -> AsyncIterator[Api]:
    app = staff.app(house, KEY, lambda: STATE)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        yield Api(runner.addresses[0][1], session)
    await runner.cleanup()


async def people(house: House, number: int, prefix: str = "p") -> None:
    await house.worker.run(
        lambda conn: crowd(conn, [{**one, "space": one["growth"]} for one in mixed("ab", number)], prefix)
    )


def problem(status: int, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """The body as problem details, checked for what RFC 9457 wants."""
    assert headers["Content-Type"].startswith("application/problem+json")
    told: dict[str, Any] = json.loads(body)
    assert told["status"] == status
    assert told["type"] == "about:blank"
    assert told["title"]
    assert told["detail"].endswith(".")
    return told


# ---------------------------------------------------------------- the key


async def test_without_the_key_nothing_is_told(api: Api) -> None:
    for path in ("/v1/rounds", "/v1/metrics", "/v1/openapi", "/v1/rounds/dreams/answers"):
        for key in (None, "", "wrong", KEY[:-1], KEY + "x", "é", KEY.upper()):
            status, headers, body = await api.get(path, key)
            assert status == 401
            assert headers["WWW-Authenticate"].startswith('Bearer realm="stadsdialoog"')
            assert "Authorization: Bearer" in problem(status, headers, body)["detail"]


async def test_another_scheme_is_not_enough(api: Api) -> None:
    status, _, _ = await api.get("/v1/rounds", None, Authorization=f"Basic {KEY}")
    assert status == 401
    status, _, _ = await api.get("/v1/rounds", None, Authorization=f"bearer {KEY}")
    assert status == 200


async def test_the_key_and_the_purpose_are_in_no_log(api: Api, house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await people(house, 3)
    for path in ("/v1/rounds/dreams/answers?purpose=for-the-alderman", "/v1/nothing", "/v1/rounds/dreams/summary"):
        await api.get(path)
        await api.get(path, "a-wrong-key")
    assert "download: answers of dreams as csv, purpose stated" in caplog.text
    for secret in (KEY, "a-wrong-key", "for-the-alderman", "127.0.0.1"):
        assert secret not in caplog.text


# ---------------------------------------------------------------- downloads


async def test_a_download_is_the_export(api: Api, house: House) -> None:
    await people(house, 30)
    await house.worker.run(lambda conn: release(conn, house.content, "dreams", 10, now()))
    for table, form in [(name, form) for name, one in TABLES.items() for form in one.formats]:
        path = f"/v1/rounds/dreams/{table}?format={form}&purpose=Raadsvoorstel"
        if form == "pdf" and not browser():
            continue
        status, headers, body = await api.get(path)
        assert status == 200
        assert headers["Content-Type"] == FORMATS[form].media
        how = "inline" if table == "council" else "attachment"
        assert headers["Content-Disposition"] == f'{how}; filename="{table}-dreams.{FORMATS[form].suffix}"'
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        # SPSS and PDF have in the file when it was made.
        made = exported(house, table, form)
        assert (len(body), form) == (len(made), form)
        assert form in ("sav", "pdf") or body == made
        empty = await api.get(path, method="HEAD")
        assert (empty[0], empty[2]) == (200, b"")


ACCEPTED = {
    "": "csv",
    "*/*": "csv",
    "text/html,application/xhtml+xml,*/*;q=0.8": "csv",
    "text/*": "csv",
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "text/csv;q=0.5, application/jsonl": "jsonl",
    "text/csv;q=0, */*": "excel-csv",
    "application/json;q=0.9, text/csv;q=0.1": "csv",
}


async def test_the_format_follows_from_accept(api: Api) -> None:
    for accept, form in ACCEPTED.items():
        status, headers, _ = await api.get("/v1/rounds/dreams/answers", **({"Accept": accept} if accept else {}))
        assert (accept, status, headers["Content-Type"]) == (accept, 200, FORMATS[form].media)


async def test_a_large_download_does_not_hold_up_the_loop(api: Api, house: House) -> None:
    await people(house, 12_000)
    lag = 0.0

    async def watch() -> None:
        nonlocal lag
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            lag = max(lag, time.perf_counter() - began - 0.01)

    watching = asyncio.create_task(watch())
    status, _, body = await api.get("/v1/rounds/dreams/answers")
    watching.cancel()
    assert status == 200
    assert len(list(csv.reader(io.StringIO(body.decode(), newline="")))) == 24_001
    assert lag < 0.5


async def test_who_walks_away_from_a_download_leaves_no_reader_behind(api: Api, house: House) -> None:
    await people(house, 8_000)
    client = socket.create_connection(("127.0.0.1", api.port))
    client.sendall(f"GET /v1/rounds/dreams/answers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
    assert (await asyncio.to_thread(client.recv, 100)).startswith(b"HTTP/1.1 200")
    await house.worker.run(lambda conn: resident(conn, house.keys, position("growth", "a"), address="1"))
    client.close()
    async with asyncio.timeout(5):
        while not await asyncio.to_thread(wipe_traces, house.engine):  # noqa: ASYNC110 - another thread lets go
            await asyncio.sleep(0.05)


async def test_more_downloads_than_readers_all_arrive(api: Api, house: House) -> None:
    await people(house, 200)
    bodies = await asyncio.gather(*(api.get("/v1/rounds/dreams/answers") for _ in range(12)))
    assert {body for _, _, body in bodies} == {exported(house, "answers", "csv")}


# ---------------------------------------------------------------- what goes wrong


PROBLEMS = [
    ("/v1/rounds/sleeping/answers", 404, "dreams"),
    ("/v1/rounds/dreams/votes", 404, "/v1/openapi"),
    ("/v1/rounds/dreams/summary", 404, "No summary of this round was released yet"),
    ("/nothing", 404, "/v1/openapi"),
    ("/v1/rounds/", 404, "/v1/openapi"),
    ("/v1/rounds/dreams/answers?format=xml", 406, "csv (text/csv), excel-csv (application/vnd.ms-excel), jsonl"),
    ("/v1/rounds/dreams/answers?language=fr", 400, "nl, en, li"),
    ("/v1/rounds/dreams/answers?format=", 406, "csv (text/csv)"),
    ("/v1/rounds/dreams/answers?purpose=", 400, "1 to 200 characters"),
    ("/v1/rounds/dreams/answers?purpose=" + "x" * 201, 400, "1 to 200 characters"),
    ("/v1/rounds/dreams/answers?purpose=a%0Ab", 400, "1 to 200 characters"),
]


async def test_a_problem_says_what_to_do(api: Api, house: House) -> None:
    for path, status, says in PROBLEMS:
        found, headers, body = await api.get(path)
        assert (path, found) == (path, status)
        assert says in problem(status, headers, body)["detail"]
    assert "download" not in {one.action for one in lines(house.engine)}, "what was not there was not downloaded"


async def test_a_format_nobody_has_is_not_acceptable(api: Api) -> None:
    for accept in ("application/xml", "text/csv;q=0", "image/*"):
        status, headers, body = await api.get("/v1/rounds/dreams/answers", Accept=accept)
        assert status == 406
        assert "text/csv" in problem(status, headers, body)["detail"]


async def test_another_method_is_told_which_there_are(api: Api) -> None:
    for path, method in product(("/v1/health", "/v1/rounds", "/v1/rounds/dreams/answers"), ("POST", "DELETE")):
        status, headers, body = await api.get(path, method=method)
        assert status == 405
        assert headers["Allow"] == "GET, HEAD"
        problem(status, headers, body)


async def test_a_fault_of_ours_is_a_problem_without_details(
    api: Api, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.worker.run(lambda conn: conn.exec_driver_sql("DROP TABLE consent"))
    status, headers, body = await api.get("/v1/rounds/dreams/answers")
    assert (status, headers["Retry-After"]) == (503, "5")
    assert "OperationalError" not in problem(503, headers, body)["detail"]
    assert "an export was not made" in caplog.text


async def test_while_somebody_reads_a_large_file_fast_others_have_their_turns(
    api: Api, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, at_pieces, really = [0], [], web.StreamResponse.write

    async def others() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    async def write(response: web.StreamResponse, data: bytes) -> None:
        at_pieces.append(turns[0])
        await really(response, data)

    await people(house, 100)
    monkeypatch.setattr(download, "PIECE", 2048)
    monkeypatch.setattr(web.StreamResponse, "write", write)
    having = asyncio.create_task(others())
    _, _, body = await api.get("/v1/rounds/dreams/answers")
    having.cancel()
    assert len(at_pieces) > len(body) // 2048 > 5
    assert len(set(at_pieces)) == len(at_pieces), "somebody had a turn between every two pieces"


async def test_a_file_that_becomes_shorter_breaks_off_what_is_sent_of_it(
    api: Api, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = web.StreamResponse.write

    async def write(response: web.StreamResponse, data: bytes) -> None:
        await really(response, data)
        for file in shelf(house):
            os.truncate(file, 2048)

    await people(house, 100)
    monkeypatch.setattr(download, "PIECE", 2048)
    monkeypatch.setattr(web.StreamResponse, "write", write)
    async with asyncio.timeout(15):
        with pytest.raises(aiohttp.ClientPayloadError):
            await api.get("/v1/rounds/dreams/answers")


async def test_only_what_is_handed_out_is_a_download(api: Api, house: House) -> None:
    await people(house, 20)
    path = "/v1/rounds/dreams/answers"
    _, headers, _ = await api.get(path)
    for method, asked, status in (
        ("HEAD", {}, 200),
        ("GET", {"If_None_Match": headers["Etag"]}, 304),
        ("GET", {"Range": "bytes=99999999-"}, 416),
    ):
        assert (await api.get(path, method=method, **asked))[0] == status
    assert [one.object for one in lines(house.engine) if one.action == "download"] == ["answers of dreams as csv"]


async def test_a_download_that_broke_off_goes_on_where_it_was(api: Api, house: House) -> None:
    await people(house, 300)
    path = "/v1/rounds/dreams/answers"
    _, headers, body = await api.get(path)
    status, first, begun = await api.get(path, Range="bytes=0-999")
    assert (status, first["Content-Range"], begun) == (206, f"bytes 0-999/{len(body)}", body[:1000])
    assert (first["Etag"], first["Accept-Ranges"]) == (headers["Etag"], "bytes")
    for known in (headers["Etag"], f'"another", W/{headers["Etag"]}', "*"):
        status, same, nothing = await api.get(path, If_None_Match=known)
        assert (status, same["Etag"], nothing) == (304, headers["Etag"], b""), "whoever has the file is not sent it"
    await people(house, 5, "later")
    status, _, rest = await api.get(path, Range="bytes=1000-", If_Range=headers["Etag"])
    assert (status, begun + rest) == (206, body)
    status, _, end = await api.get(path, Range="bytes=-10")
    assert (status, end) == (206, exported(house, "answers", "csv")[-10:])
    status, _, anew = await api.get(path, Range="bytes=1000-", If_Range='"another"')
    assert (status, anew) == (200, exported(house, "answers", "csv"))
    for asked in ("bytes=99999999-", "bytes=5-2", "bytes=-", "lines=1-2"):
        status, headers, body = await api.get(path, Range=asked)
        assert headers["Content-Range"] == f"bytes */{len(anew)}"
        assert "bytes=0-" in problem(416, headers, body)["detail"]


def shelf(house: House) -> list[Path]:
    """The files there; what was worked with to make them may still be going."""
    return [one for one in (house.settings.data / FOLDER).iterdir() if one.is_file()]


async def test_the_same_rows_are_made_into_a_file_once(api: Api, house: House) -> None:
    def files() -> list[tuple[str, int]]:
        return sorted((one.name, one.stat().st_ino) for one in shelf(house))

    await people(house, 20)
    await api.get("/v1/rounds/dreams/participants?format=xlsx")
    once = files()
    for _ in range(2):
        await api.get("/v1/rounds/dreams/participants?format=xlsx")
    assert files() == once
    await api.get("/v1/rounds/dreams/participants?format=xlsx&language=en")
    await people(house, 1, "q")
    await api.get("/v1/rounds/dreams/participants?format=xlsx")
    assert len(files()) == len(once) + 2
    assert all(stat.S_IMODE(one.stat().st_mode) == 0o600 for one in shelf(house))


async def test_an_erasure_empties_the_shelf(api: Api, house: House) -> None:
    (ada, *_) = await house.worker.run(lambda conn: crowd(conn, mixed("ab", 5), "p"))
    _, headers, body = await api.get("/v1/rounds/dreams/answers")
    assert house.keys.pseudonym(ada).encode() in body
    await house.worker.run(lambda conn: erase(conn, ada, house.keys, now(), tell_receiver=False))
    # Erased by another process: nobody told this one.
    status, _, later = await api.get("/v1/rounds/dreams/answers", Range="bytes=0-", If_Range=headers["Etag"])
    assert status == 200
    assert house.keys.pseudonym(ada).encode() not in later
    pseudonym = house.keys.pseudonym(ada).encode()
    assert not [one for one in shelf(house) if pseudonym in one.read_bytes()]


# ---------------------------------------------------------------- what is around the downloads


async def test_the_rounds_tell_where_people_are(api: Api, house: House, content: Content) -> None:
    await people(house, 12)
    await house.worker.run(lambda conn: resident(conn, house.keys, position("growth", "a"), address="1"))
    await house.worker.run(lambda conn: release(conn, content, "dreams", 10, now()))
    status, _, body = await api.get("/v1/rounds")
    assert status == 200
    told = {one["round"]: one for one in json.loads(body)["rounds"]}
    assert list(told) == list(content.rounds)
    dreams = told["dreams"]
    assert dreams["state"] == "open"
    assert dreams["participants"] == {"started": 1, "paused": 0, "finished": 12}
    assert dreams["release"] == 1
    assert dreams["title"] == dict(content.rounds["dreams"].title.by)
    assert dreams["tables"]["answers"] == ["csv", "excel-csv", "jsonl", "xlsx", "parquet"]


async def test_health_needs_no_key_and_names_what_is_wrong(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    status, _, body = await api.get("/v1/health", None)
    assert (status, json.loads(body)) == (200, {"ready": True, "reasons": [], **STATE})
    monkeypatch.setitem(STATE, "telegram", {"ready": False, "trouble": "silent"})
    monkeypatch.setitem(STATE, "database", False)
    status, headers, body = await api.get("/v1/health", None)
    told = json.loads(body)
    assert (status, told["ready"], told["reasons"]) == (503, False, ["database", "telegram"])
    assert headers["Content-Type"].startswith("application/json")


async def test_metrics_are_counts(api: Api, house: House) -> None:
    await people(house, 7)
    status, headers, body = await api.get("/v1/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = body.decode().splitlines()
    assert 'stadsdialoog_participants{round="dreams",status="finished"} 7.0' in lines
    assert 'stadsdialoog_answer_rows{round="dreams"} 14.0' in lines
    assert all(re.fullmatch(r"(# .*|[a-z_]+(\{[^}]*\})? [0-9.e+-]+)", line) for line in lines)


async def test_openapi_describes_what_is_there(api: Api, house: House) -> None:
    status, _, body = await api.get("/v1/openapi")
    assert status == 200
    told = json.loads(body)
    assert told["openapi"].startswith("3.1")
    await people(house, 12)
    await house.worker.run(lambda conn: release(conn, house.content, "dreams", 10, now()))
    for path, methods in told["paths"].items():
        found, headers, _ = await api.get(path.replace("{round}", "dreams"))
        assert found == 200, path
        described = methods["get"]["responses"]["200"]["content"]
        assert headers["Content-Type"].partition(";")[0] in described
    for table, one in TABLES.items():
        described = told["paths"][f"/v1/rounds/{{round}}/{table}"]["get"]["responses"]["200"]["content"]
        assert list(described) == [FORMATS[form].media.partition(";")[0] for form in one.formats]
