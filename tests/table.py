"""A group around a table, in memory: what the pure functions make of taps, without a database or a network."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from content import Content
from conversations.group_card import card
from conversations.group_posts import post
from conversations.group_seat import answer
from conversations.group_session import Card, Counts, Doors, GroupSession, Seat, SeatTurn, Tally
from conversations.group_steering import Room, Steered, everybody_answered, proposed, steer, time_is_up

DOORS = Doors("https://t.me/stadsdialoog_test_bot?start=room-abcdefghij", "https://praat.example/room/abcdefghij")


class Table:
    """One session with its seats. `screen` is everything the group was shown, in order."""

    def __init__(self, content: Content, draw: int = 5, enough: int = 4, dilemmas: tuple[str, ...] = ()) -> None:
        self.content, self.enough = content, enough
        self.session = GroupSession(
            "abcdefghij", "dreams", draw, "nl", dilemmas=dilemmas or proposed("dreams", content)
        )
        self.seats: dict[str, Seat] = {}
        self.gone = 0
        self.screen: list[Card] = []
        self.steered: list[Steered] = []

    @property
    def counts(self) -> Counts:
        """What may be known of the members together."""
        spoken = {seat.language for seat in self.seats.values()}
        answered = sum(1 for seat in self.seats.values() if seat.position)
        ordered = tuple(code for code in self.content.languages if code in spoken)
        return Counts(len(self.seats), answered + self.gone, ordered)

    @property
    def room(self) -> Room:
        seats = self.seats.values()
        tally = Tally(
            Counter(seat.position for seat in seats if seat.position),
            Counter(seat.latest for seat in seats if seat.latest),
            Counter(seat.reason for seat in seats if seat.reason),
        )
        return Room(self.session, self.counts, tally, self.enough)

    def join(self, name: str, language: str = "nl", counted: bool = False) -> None:
        self.seats.setdefault(name, Seat(language, counted))
        self._look()

    def leave(self, name: str) -> None:
        seat = self.seats.pop(name, None)
        if seat and seat.position and self.session.stage == "silent":
            self.gone += 1
        self._look()

    def tap(self, name: str, code: str, item: str = "") -> SeatTurn:
        """A member taps a position (or a reason) on the newest card."""
        at = f"{self.session.dilemma}.{item or self.session.item or 'position'}"
        turn = answer(self.session, self.seats[name], at, code, self.content)
        self.seats[name] = turn.seat
        done = everybody_answered(self.room, self.content)
        if done:
            self._follow(done)
        self._look()
        return turn

    def order(self, order: str, step: int | None = None, left: int = 0) -> Steered:
        steered = steer(self.room, order, self.session.step if step is None else step, left, self.content)
        self._follow(steered)
        self._look()
        return steered

    def time(self) -> Steered:
        steered = time_is_up(self.room, self.content)
        self._follow(steered)
        self._look()
        return steered

    def _follow(self, steered: Steered) -> None:
        self.session = GroupSession.loads(steered.session.dumps())
        assert self.session == steered.session, "a session is not the same when read again"
        self.steered.append(steered)
        if steered.clear:
            self.gone = 0
            self.seats = {
                name: replace(seat, position="", position_after="", reason="") for name, seat in self.seats.items()
            }
        for what in steered.posts:
            if what != "card":
                self.screen.append(post(self.session, what, self.enough, self.content))

    def _look(self) -> None:
        now = card(self.session, self.counts, self.enough, 0, DOORS, self.content)
        if not self.screen or self.screen[-1] != now:
            self.screen.append(now)
