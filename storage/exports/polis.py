"""Files for programs of others, made from the CSV of answers: those of Polis, and one for Talk to the City.

A comment is an argument of a dilemma. A reason somebody ticked, or says weighs or changed their mind, is a
vote of 1; one that weighs not is -1; nothing else is a vote.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path

from storage.exports.job import Job
from storage.exports.text import guarded

VOTES = {"weighs": 1, "changed": 1, "weighs_not": -1}
# Numbers of Polis are no names: ours stand beside them. Nobody who takes part has number 0.
MAKERS = 0
NO_TIME = "1970-01-01T00:00:00Z"
COMMENTS = ("timestamp", "datetime", "comment-id", "author-id", "agrees", "disagrees", "moderated", "comment-body")
VOTE = ("timestamp", "datetime", "comment-id", "voter-id", "vote")
PEOPLE = ("participant", "xid", "group-id", "n-comments", "n-votes", "n-agree", "n-disagree")
QUOTES = ("id", "comment", "interview")

# By person: the vote on a comment, and when it was given.
Votes = Mapping[str, Mapping[int, tuple[int, str]]]


def write(job: Job, answers: Path, folder: Path) -> dict[str, int]:
    """Write the files below `folder`; the rows of each by its name in a bundle."""
    comments = {one.name: one.question for one in job.columns("participants") if "_reason_" in one.name}
    votes, quotes = _read(answers, list(comments))
    known = sorted(votes)
    (folder / "polis").mkdir()
    given = [one for own in votes.values() for one in own.items()]
    by_comment = tuple(str(number) for number in range(len(comments)))
    files: dict[str, tuple[Sequence[str], Iterable[Sequence[object]]]] = {
        "polis/comments.csv": (COMMENTS, _comments(list(comments.values()), given)),
        "polis/votes.csv": (VOTE, _votes(known, votes)),
        "polis/participants-votes.csv": ((*PEOPLE, *by_comment), _people(known, votes, len(comments))),
        "t3c.csv": (QUOTES, quotes),
    }
    rows = {name: _put(folder / name, chain([head], body)) for name, (head, body) in files.items()}
    facts = (
        *(("topic", str(job.facts["title"])), ("url", ""), ("voters", len(known)), ("voters-in-conv", len(known))),
        *(("commenters", 0), ("comments", len(comments)), ("groups", 0), ("conversation-description", job.round)),
    )
    _put(folder / "polis/summary.csv", facts)
    return {name: number - 1 for name, number in rows.items()} | {"polis/summary.csv": len(facts)}


def _put(file: Path, rows: Iterable[Sequence[object]]) -> int:
    number = 0
    with file.open("x", encoding="utf8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\r\n")
        for row in rows:
            writer.writerow(row)
            number += 1
    return number


def _read(answers: Path, comments: Sequence[str]) -> tuple[Votes, list[tuple[str, str, str]]]:
    """Votes of everybody, and own words that may be quoted: number of the row, text, pseudonym."""
    at = {name: number for number, name in enumerate(comments)}
    ticked: dict[str, dict[int, tuple[int, str]]] = defaultdict(dict)
    reacted: dict[str, dict[int, tuple[int, str]]] = defaultdict(dict)
    quotes = []
    with answers.open(encoding="utf8", newline="") as file:
        for row in csv.DictReader(file):
            person, start = row["participant"], f"{row['dilemma']}_reason_"
            if row["current"] != "1" or row["status"] != "answered":
                continue
            if row["item"] == "reasons":
                ticked[person] |= {at[start + one]: (1, row["answered_at"]) for one in row["code"].split()}
            elif row["item"] == "exchange" and row["code"] in VOTES and start + row["argument"] in at:
                reacted[person][at[start + row["argument"]]] = (VOTES[row["code"]], row["answered_at"])
            elif row["text"] and row["may_quote"] == "1":
                quotes.append((row["answer_id"], guarded(row["text"]), person))
    # What somebody said of an argument later counts, whatever they had ticked.
    return {one: ticked[one] | reacted[one] for one in ticked.keys() | reacted.keys()}, quotes


def _comments(texts: Sequence[str], given: Sequence[tuple[int, tuple[int, str]]]) -> Iterator[Sequence[object]]:
    tally = Counter((comment, vote) for comment, (vote, _) in given)
    begun = min((given_at for _, (_, given_at) in given), default=NO_TIME)
    for number, text in enumerate(texts):
        yield *_time(begun), number, MAKERS, tally[number, 1], tally[number, -1], 1, text


def _votes(known: Sequence[str], votes: Votes) -> Iterator[Sequence[object]]:
    for number, person in enumerate(known, 1):
        for comment, (vote, given_at) in sorted(votes[person].items()):
            yield *_time(given_at), comment, number, vote


def _people(known: Sequence[str], votes: Votes, comments: int) -> Iterator[Sequence[object]]:
    for number, person in enumerate(known, 1):
        own = {comment: vote for comment, (vote, _) in votes[person].items()}
        agree = sum(vote > 0 for vote in own.values())
        cells = [own.get(one, "") for one in range(comments)]
        yield number, person, "", 0, len(own), agree, len(own) - agree, *cells


def _time(text: str) -> tuple[int, str]:
    """Seconds since 1970, and the same in words; times of answers are rounded down to the hour."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()), moment.strftime("%a %b %d %H:%M:%S UTC %Y")
