"""A bundle, read by others; and what `verify` sees of a figure, a checksum, an erasure and a change."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import frictionless
import pytest
from reddwarf.implementations.polis import run_pipeline
from reddwarf.models import Statement, Vote
from sqlalchemy import select

from bot.house import House
from content import Content
from conversations.shapes import POSITIONS, Agreed, Answered, Fact, Progress
from storage import releases
from storage.database import DatabaseFault, begin_read, begin_write, now, stand_still
from storage.erasure import erase
from storage.exports.text import csv_text
from storage.keeping import Person, keep, participants
from storage.outbox import announce
from storage.uncounted import mark, remember
from storage.verifying import NoBundle, verify
from tests.databases import BOTH, ONLY_POSTGRESQL
from tests.exporting import exported, moderated
from tests.seeding import crowd, mixed, position, publish, quotable, resident
from tests.test_commands import run

NAMES = {
    *("answers.csv", "participants.csv", "codebook.csv", "codebook.json", "summary.json", "summary.csv", "rounds.csv"),
    *("dilemmas.csv", "README.md", "manifest.json", "datapackage.json", "polis/summary.csv", "polis/comments.csv"),
    *("polis/votes.csv", "polis/participants-votes.csv", "t3c.csv", "left-out.csv", "releases/1.json"),
}
DILEMMAS = ("growth", "inner_city", "space")
# Turns that come after every other.
LATER = count(900)
PLACES = ("jekerkwartier", "wyck", "binnenstad", "elsewhere")


def facts_of(chance: random.Random) -> list[Fact]:
    """Somebody's walk: positions, reasons, own words, what they said about themselves."""
    told: list[Fact] = []
    for dilemma in DILEMMAS:
        told.append(position(dilemma, chance.choice(POSITIONS[:4]), after_results=chance.random() < 0.2))
        ticked = tuple(one for one in ("b1", "a2", "a1") if chance.random() < 0.5)
        told.append(Answered(dilemma, "reasons", "multi", "answered" if ticked else "skipped", ticked))
        told.append(Answered(dilemma, "importance", "scale5", "answered", (chance.choice("12345"),)))
        if chance.random() < 0.4:
            told.append(position(dilemma, chance.choice(POSITIONS)))
        for argument in ("a1", "a2", "b1"):
            said = chance.choice(("weighs", "weighs_not", "changed"))
            if chance.random() < 0.8:
                told.append(Answered(dilemma, "exchange", "single", "answered", (said,), argument=argument))
        if chance.random() < 0.6:
            back = Answered(dilemma, "position_after", "scale5", "answered", (chance.choice(POSITIONS),))
            told.append(back)
    told.append(Answered("", "weighs_most", "single", "answered", (chance.choice(DILEMMAS),)))
    told.append(Answered("", "neighbourhood", "single", "answered", (chance.choice(PLACES),)))
    told.append(Answered("", "age", "single", "answered", (chance.choice(("18_24", "45_64")),)))
    told.append(Answered("", "dream", "text", "answered", text=f"=Meer bomen, {chance.random()}", method="text"))
    return [*told, quotable(chance.random() < 0.5)]


def settle(house: House, begin: int, number: int) -> list[str]:
    with house.engine.connect() as conn:
        begin_write(conn)
        ids = [
            resident(
                conn,
                house.keys,
                *facts_of(random.Random(n)),
                address=f"b{n}",
                language=("nl", "en", "li")[n % 3],
                at=now(),
            )
            for n in range(begin, begin + number)
        ]
        moderated(conn)
        conn.commit()
    return ids


def release(house: House) -> int:
    with house.engine.connect() as conn:
        begin_write(conn)
        made = publish(conn, house.content, "dreams", 10, now())
        number = made.number if made else 0
        conn.commit()
    return number


def bundled(house: House, folder: Path) -> Path:
    file = folder / "bundle.zip"
    file.write_bytes(exported(house, "bundle", "zip"))
    return file


def unpacked(file: Path) -> Path:
    folder = file.with_suffix("")
    with zipfile.ZipFile(file) as bundle:
        bundle.extractall(folder)
    return folder


def rows_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf8"), newline="")))


def test_a_bundle_is_whole_and_describes_itself(house: House, tmp_path: Path) -> None:
    settle(house, 0, 60)
    assert release(house) == 1
    file = bundled(house, tmp_path)
    with zipfile.ZipFile(file) as bundle:
        assert set(bundle.namelist()) == NAMES
        manifest = json.loads(bundle.read("manifest.json"))
        for name in NAMES - {"manifest.json"}:
            assert manifest["files"][name]["sha256"] == hashlib.sha256(bundle.read(name)).hexdigest()
    folder = unpacked(file)
    assert (folder / "answers.csv").read_bytes() == exported(house, "answers", "csv")
    assert (folder / "participants.csv").read_bytes() == exported(house, "participants", "csv")
    assert (manifest["release"], manifest["erased_since_release"], manifest["round"]) == (1, 0, "dreams")
    assert manifest["files"]["participants.csv"]["rows"] == 60
    assert len(manifest["filters"]) == 3
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["title", "message"])
    assert len(report.tasks) == 11
    assert exported(house, "bundle", "zip") == file.read_bytes()


def test_a_program_of_polis_reads_its_files(house: House, tmp_path: Path) -> None:
    settle(house, 0, 60)
    folder = unpacked(bundled(house, tmp_path)) / "polis"
    votes = [Vote(**row).model_dump(mode="json") for row in rows_of(folder / "votes.csv")]  # type: ignore[arg-type]
    comments = [Statement(**row).model_dump(mode="json") for row in rows_of(folder / "comments.csv")]  # type: ignore[arg-type]
    assert len(comments) == 24
    assert {one["vote"] for one in votes} == {1, -1}
    for one in comments:
        given = [vote["vote"] for vote in votes if vote["statement_id"] == one["statement_id"]]
        assert (one["agree_count"], one["disagree_count"]) == (given.count(1), given.count(-1))
    assert comments[0]["txt"] == house.content.dilemmas["growth"].sides["a"].reasons[0].text["nl"]
    wide = rows_of(folder / "participants-votes.csv")
    table = {row["participant"]: row for row in rows_of(folder.parent / "participants.csv")}
    said = [row for row in rows_of(folder.parent / "answers.csv") if row["item"] == "exchange"]
    reacted = {(row["participant"], row["dilemma"], row["argument"]): row["code"] for row in said}
    for row in wide:
        for number, argument in enumerate(("a1", "a2", "b1")):
            ticked = "1" if table[row["xid"]][f"growth_reason_{argument}"] == "1" else ""
            code = reacted.get((row["xid"], "growth", argument))
            assert row[str(number)] == ({"weighs_not": "-1"}.get(code, "1") if code else ticked)
    found = run_pipeline(votes=votes, min_user_vote_threshold=1, random_state=1)
    assert len(found.participants_df) == len(wide)
    with (folder / "summary.csv").open(encoding="utf8") as file:
        assert dict(csv.reader(file))["voters"] == str(len(wide))


def test_what_was_seen_and_not_ticked_is_no_vote_nor_is_a_position(house: House, tmp_path: Path) -> None:
    """As the dialogue is now, where nobody is asked which argument weighs not."""
    told = Answered("growth", "reasons", "multi", "answered", ("a1",))
    with house.engine.connect() as conn:
        begin_write(conn)
        resident(conn, house.keys, position("growth", "a"), told, address="one")
        resident(conn, house.keys, position("growth", "b"), replace(told, codes=("b1", "b2")), address="two")
        resident(conn, house.keys, position("growth", "a"), replace(told, codes=(), status="skipped"), address="three")
        conn.commit()
    folder = unpacked(bundled(house, tmp_path))
    votes = [(row["comment-id"], row["vote"]) for row in rows_of(folder / "polis/votes.csv")]
    assert sorted(votes) == [("0", "1"), ("2", "1"), ("3", "1")]
    cells = [[row[n] for n in "0123"] for row in rows_of(folder / "polis/participants-votes.csv")]
    assert sorted(cells) == [["", "", "1", "1"], ["1", "", "", ""]]
    assert {row["disagrees"] for row in rows_of(folder / "polis/comments.csv")} == {"0"}


def test_only_words_that_may_be_quoted_go_to_talk_to_the_city(house: House, tmp_path: Path) -> None:
    settle(house, 0, 30)
    folder = unpacked(bundled(house, tmp_path))
    quotes = rows_of(folder / "t3c.csv")
    kept = {row["answer_id"]: row for row in rows_of(folder / "answers.csv") if row["text"]}
    assert list(quotes[0]) == ["id", "comment", "interview"]
    assert {one["id"] for one in quotes} == {name for name, row in kept.items() if row["may_quote"] == "1"}
    assert 0 < len(quotes) < len(kept)
    for one in quotes:
        assert (one["comment"], one["interview"]) == (f"'{kept[one['id']]['text']}", kept[one["id"]]["participant"])


# ---------------------------------------------------------------- verify


@BOTH
def test_the_figures_of_a_release_are_counted_again(house: House, content: Content, tmp_path: Path) -> None:
    """Who came, changed or left since is not in the rows; older figures are those that were released."""
    people = settle(house, 0, 60)
    release(house)
    assert verify(bundled(house, tmp_path), content)[0] == []
    settle(house, 60, 8)
    with house.engine.connect() as conn:
        begin_write(conn)
        progress = Progress("dreams", "telegram", "nl", draw=7, counted=True)
        for turn, fact in enumerate(facts_of(random.Random(5)), 100):
            keep(conn, Person(people[5], turn, progress), progress, [fact], 1, now())
        erase(conn, people[3], house.keys, now(), False)
        erase(conn, people[4], house.keys, now(), False)
        conn.commit()
    file = bundled(house, tmp_path)
    assert verify(file, content)[0] == []
    manifest = json.loads(zipfile.ZipFile(file).read("manifest.json"))
    assert (manifest["release"], manifest["erased_since_release"]) == (1, 2)
    assert manifest["files"]["participants.csv"]["rows"] == 58
    settle(house, 100, 12)
    assert release(house) == 2
    assert verify(bundled(house, tmp_path), content)[0] == []


def test_who_is_left_out_of_releases_is_not_counted_again(house: House, content: Content, tmp_path: Path) -> None:
    people = settle(house, 0, 60)
    with house.engine.connect() as conn:
        begin_write(conn)
        conn.execute(participants.update().where(participants.c.id.in_(people[:25])).values(left_out=True))
        conn.commit()
    release(house)
    file = bundled(house, tmp_path)
    assert verify(file, content)[0] == []
    told = rows_of(unpacked(file) / "left-out.csv")
    assert [row["participant"] for row in told] == sorted(map(house.keys.pseudonym, people[:25]))


def test_the_newest_number_given_again_is_not_taken_for_the_erased_one(
    house: House, content: Content, tmp_path: Path
) -> None:
    people = settle(house, 0, 40)
    release(house)
    with house.engine.connect() as conn:
        begin_write(conn)
        erase(conn, people[-1], house.keys, now(), False)
        conn.commit()
    settle(house, 40, 1)
    assert verify(bundled(house, tmp_path), content)[0] == []


def left_out(house: House, people: list[str], out: bool) -> None:
    with house.engine.begin() as conn:
        conn.execute(participants.update().where(participants.c.id.in_(people)).values(left_out=out))


def said(house: House, participant: str, *facts: Fact) -> None:
    """What somebody said much later."""
    progress = Progress("dreams", "telegram", "nl", draw=7, counted=True)
    with house.engine.connect() as conn:
        begin_write(conn)
        keep(conn, Person(participant, next(LATER), progress), progress, facts, 1, now())
        conn.commit()


def pseudonyms(house: House, people: list[str]) -> list[str]:
    return sorted(map(house.keys.pseudonym, people))


@BOTH
def test_a_burst_decided_on_later_changes_nothing_about_an_earlier_release(
    house: House, content: Content, tmp_path: Path
) -> None:
    """Whether it is left out then, or taken in again; and the next release is about what it counted."""
    people = settle(house, 0, 60)
    left_out(house, people[:12], True)
    assert release(house) == 1
    left_out(house, people[:12], False)
    left_out(house, people[30:45], True)
    file = bundled(house, tmp_path)
    assert verify(file, content)[0] == []
    assert [row["participant"] for row in rows_of(unpacked(file) / "left-out.csv")] == pseudonyms(house, people[:12])
    settle(house, 60, 40)
    assert release(house) == 2
    second = bundled(house, tmp_path)
    assert verify(second, content)[0] == []
    told = rows_of(unpacked(second) / "left-out.csv")
    assert [row["participant"] for row in told] == pseudonyms(house, people[30:45])


@BOTH
def test_who_withdrew_and_came_back_is_where_the_release_had_them(
    house: House, content: Content, tmp_path: Path
) -> None:
    people = settle(house, 0, 60)
    yes, no = Agreed("count_me", True, 1), Agreed("count_me", False, 1)
    for one in people[:3]:
        said(house, one, no)
    assert release(house) == 1
    for one in people[3:6]:
        said(house, one, no)
    for one in (*people[:2], *people[3:5]):
        said(house, one, yes)
    file = bundled(house, tmp_path)
    assert verify(file, content)[0] == []
    here = {row["participant"] for row in rows_of(unpacked(file) / "participants.csv")}
    assert here == {*pseudonyms(house, people[3:5]), *pseudonyms(house, people[6:])}
    settle(house, 60, 40)
    assert release(house) == 2
    second = bundled(house, tmp_path)
    assert verify(second, content)[0] == []
    here = {row["participant"] for row in rows_of(unpacked(second) / "participants.csv")}
    assert {*pseudonyms(house, people[:2])} < here, "they are counted again"


def test_what_somebody_is_not_counted_in_stands_by_round(house: House) -> None:
    people = settle(house, 0, 3)
    with house.engine.connect() as conn:
        begin_write(conn)
        remember(conn, "dreams", {people[0]: mark("dreams"), people[1]: mark("dreams", apart=True)})
        remember(conn, "deepening", {people[0]: mark("deepening", apart=True), people[2]: mark("deepening")})
        remember(conn, "dreams", {people[1]: mark("dreams")})
        kept = dict(conn.execute(select(participants.c.id, participants.c.uncounted)).tuples().all())
    assert [kept[one] for one in people] == [" ~deepening ", " dreams ", " deepening "]


@ONLY_POSTGRESQL
async def test_a_release_waits_for_an_answer_that_is_half_way_written(
    house: House, content: Content, tmp_path: Path
) -> None:
    """It has a lower number than one that is committed already: nobody could tell later that it was not counted."""
    settle(house, 0, 40)

    def drafted() -> releases.Draft | None:
        with house.engine.connect() as conn:
            begin_read(conn)
            return releases.draft(conn, content, "dreams", 10, now())

    with house.engine.connect() as slow:
        begin_write(slow)
        resident(slow, house.keys, *facts_of(random.Random(77)), address="slow")
        making = asyncio.create_task(asyncio.to_thread(drafted))
        await asyncio.to_thread(settle, house, 60, 1)
        await asyncio.sleep(0.1)
        assert not making.done()
        slow.commit()
    made = await making
    assert made
    assert json.loads(made.summary)["base"] == 42
    with house.engine.begin() as conn:
        announce(conn, made)
    assert verify(bundled(house, tmp_path), content)[0] == []


@ONLY_POSTGRESQL
def test_nobody_waits_while_a_release_is_counted_and_it_waits_for_nobody_for_ever(
    house: House, content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(house, 0, 20)
    with house.engine.connect() as conn:
        begin_read(conn)
        stand_still(conn)
        settle(house, 40, 1)
        assert len(conn.execute(select(participants.c.id)).all()) == 20, "the snapshot is that of before"
    monkeypatch.setattr("storage.database.STAND_STILL_TRIES", 2)
    with house.engine.connect() as slow, house.engine.connect() as conn:
        begin_write(slow)
        resident(slow, house.keys, position("growth", "a"), address="slow")
        begin_read(conn)
        with pytest.raises(DatabaseFault, match="writing an answer all the while"):
            releases.draft(conn, content, "dreams", 10, now())


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None], sums: bool) -> Path:
    """The bundle with something changed in it; with `sums`, by somebody who knows how checksums are made."""
    with zipfile.ZipFile(file) as bundle:
        held = {name: bundle.read(name) for name in bundle.namelist()}
    change(held)
    if sums:
        manifest = json.loads(held["manifest.json"])
        for name, about in manifest["files"].items():
            about["sha256"] = hashlib.sha256(held[name]).hexdigest()
        held["manifest.json"] = json.dumps(manifest).encode()
    other = file.with_name("other.zip")
    with zipfile.ZipFile(other, "w") as bundle:
        for name, data in held.items():
            bundle.writestr(name, data)
    return other


def another_figure(held: dict[str, bytes]) -> None:
    summary = json.loads(held["summary.json"])
    summary["dilemmas"]["growth"]["base"] += 1
    held["summary.json"] = held["releases/1.json"] = (json.dumps(summary, ensure_ascii=False, indent=1) + "\n").encode()


def another_statistic(held: dict[str, bytes]) -> None:
    summary = json.loads(held["summary.json"])
    summary["statistics"]["dilemmas"]["growth"]["agreement"] = 0.75
    held["summary.json"] = held["releases/1.json"] = (json.dumps(summary, ensure_ascii=False, indent=1) + "\n").encode()


def another_answer(held: dict[str, bytes]) -> None:
    """Without one live position that was given before its person saw results."""
    live = re.compile(rb",position,scale5,answered,a,1,,0,[a-z]+,button,100,telegram,private,,\d,1,[^,]+,1,,a,0,")
    rows = held["answers.csv"].split(b"\r\n")
    at = next(n for n, row in enumerate(rows) if live.search(row))
    held["answers.csv"] = b"\r\n".join([*rows[:at], *rows[at + 1 :]])


def another_participant(held: dict[str, bytes]) -> None:
    """With another position of somebody in the wide table than in the long one."""
    rows = list(csv.DictReader(io.StringIO(held["participants.csv"].decode(), newline="")))
    one = next(row for row in rows if row["growth_position"] in ("1", "2"))
    one["growth_position"] = "5"
    held["participants.csv"] = csv_text(tuple(rows[0]), (tuple(row.values()) for row in rows)).encode()


def another_group(held: dict[str, bytes]) -> None:
    held["participants.csv"] = held["participants.csv"].replace(b",private,,", b",group,1,", 1)


def another_release(held: dict[str, bytes]) -> None:
    held["summary.json"] = held["summary.json"].replace(b'"base": ', b'"base":  ', 1)


def test_whoever_changes_a_bundle_is_found_out(house: House, content: Content, tmp_path: Path) -> None:
    settle(house, 0, 60)
    release(house)
    file = bundled(house, tmp_path)
    for change, names in (
        (another_figure, "growth position"),
        (another_statistic, "statistics: do not follow"),
        (another_answer, "people were released"),
        (another_participant, "participants.csv: other answers than answers.csv, of 1 people"),
        (another_group, "participants.csv: other answers than answers.csv, of 1 people"),
        (another_release, "summary.json: is not release 1"),
    ):
        faults, _ = verify(rewritten(file, change, True), content)
        assert names in "\n".join(faults), change.__name__
        faults, _ = verify(rewritten(file, change, False), content)
        assert any("checksum" in fault for fault in faults)
    gone, _ = verify(rewritten(file, lambda held: held.pop("t3c.csv") and None, False), content)
    assert gone == ["t3c.csv: is missing"]
    more, _ = verify(rewritten(file, lambda held: held.update({"x.csv": b""}), False), content)
    assert more == ["x.csv: not in the manifest"]


IMPORTANT = [{"growth.importance": one} for one in "35" * 8]


@pytest.mark.parametrize(
    ("first", "then", "base"),
    [
        # Fifty-six, of whom two gave no position on growth.
        ([*mixed("ab", 40), *[{"growth late": code} for code in "ab" * 7], {"space": "a"}, {"space": "b"}], [], 54),
        # Sixty-three, of whom three came after sixty were told of.
        ([*mixed("ab", 40), *[{"space": code} for code in "ab" * 10]], [*mixed("ab", 3), *IMPORTANT], 60),
    ],
)
def test_a_base_that_keeps_few_people_apart_is_no_fault(
    house: House, content: Content, tmp_path: Path, first: list[dict[str, str]], then: list[dict[str, str]], base: int
) -> None:
    with house.engine.connect() as conn:
        begin_write(conn)
        crowd(conn, first, "p")
        assert releases.release(conn, content, "dreams", 10, now())
        crowd(conn, then, "q")
        assert not then or releases.release(conn, content, "dreams", 10, now())
        conn.commit()
    file = bundled(house, tmp_path)
    assert json.loads(unpacked(file).joinpath("summary.json").read_text())["base"] == base
    assert verify(file, content)[0] == []


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 nothing", b"answer_id,participant\r\n"])
def test_what_is_no_bundle_is_said(content: Content, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "bundle.zip"
    file.write_bytes(data)
    with pytest.raises(NoBundle):
        verify(file, content)


def test_a_round_where_nothing_was_released_has_a_bundle_without_figures(
    house: House, content: Content, tmp_path: Path
) -> None:
    settle(house, 0, 3)
    file = bundled(house, tmp_path)
    with zipfile.ZipFile(file) as bundle:
        assert set(bundle.namelist()) == NAMES - {"summary.json", "summary.csv", "releases/1.json"}
    assert verify(file, content) == ([], "14 files, release none of dreams")


def test_the_commands_make_and_check_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert run(data, "bundle", "--round", "dreams", "--out", str(tmp_path / "b.zip")).returncode == 0
    elsewhere = tmp_path / "elsewhere" / "data"
    elsewhere.parent.mkdir()
    checked = run(elsewhere, "verify", str(tmp_path / "b.zip"))
    assert (checked.returncode, checked.stdout) == (0, "b.zip is right: 14 files, release none of dreams\n")
    assert not elsewhere.exists()
    (tmp_path / "b.zip").write_bytes(b"x")
    checked = run(elsewhere, "verify", str(tmp_path / "b.zip"))
    assert (checked.returncode, checked.stderr) == (1, "stadsdialoog: b.zip: not a whole bundle (BadZipFile)\n")
