"""What an answer changes: the facts to keep, the next question, and the remark above it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from content import Content
from conversations import goodbye, purposes, results
from conversations.hiding import remark
from conversations.question import Question, put
from conversations.shapes import (
    NONRESPONSE,
    Agreed,
    Answered,
    City,
    Fact,
    Forgot,
    Given,
    Progress,
    Say,
    Status,
    Turn,
)
from conversations.steps import ask
from conversations.walk import ABOUT, after, behind, unanswered

AGAIN = "again"
KEEP = "keep"  # the words of a cry for help, kept only for who asks for it


def show(progress: Progress, content: Content, city: City, intro: str = "", facts: tuple[Fact, ...] = ()) -> Turn:
    """The question that counts now, with a remark above it."""
    progress = uncover(progress)
    question = ask(progress, content, city)
    say = put(question, progress, content, intro)
    if question.at == "goodbye" and "goodbye" not in progress.told:
        say = replace(say, own_device=progress.channel == "web" and progress.counted)
        progress = replace(progress, told=(*progress.told, "goodbye"))
    return Turn(progress, (say,), facts)


def uncover(progress: Progress) -> Progress:
    """Nothing lies over the walk any more, unless *quote me* still waits, or the person does not count."""
    if progress.withdrawn and not progress.over:
        return replace(progress, over="withdrawn")
    waits = progress.counted and "quote_me" in progress.told and "quote_me" not in progress.given
    return replace(progress, over="quote_me") if waits and not progress.over else progress


def was(at: str, progress: Progress, content: Content) -> str:
    """The remark above a question that is answered again: what was given before; empty for a first time."""
    if at not in progress.given:
        return ""
    return content.words(progress.language)("note.was", choice=goodbye.chosen(at, progress, content))


def move_on(progress: Progress, content: Content, at: str) -> Progress:
    """Behind `at`: back to where a change came from, or on in the walk."""
    there = progress.back_to or after(at, progress, content)
    moved = replace(progress, at=there, over="", back_to="", narrow="", paused=False)
    return replace(moved, finished=moved.finished or there == "goodbye")


def choose(
    question: Question,
    codes: tuple[str, ...],
    progress: Progress,
    content: Content,
    city: City,
    method: str = "button",
    score: int = 100,
    reason: str = "",
) -> Turn | None:
    """One or more choices were given; None when one of them is not a choice of this question.

    `reason` is what was typed beside a position: it is kept as a reason in own words.
    """
    code = codes[0]
    if code == AGAIN:
        return show(progress, content, city)
    if code == KEEP:
        return _kept_after_all(question, progress, content, city)
    if question.at in _SPECIAL and (turn := _SPECIAL[question.at](question, code, progress, content, city)):
        return turn
    if not city.open and progress.counted and question.item and question.kind != "consent":
        return show(progress, content, city, intro=content.words(progress.language)("round.closed"))
    if question.kind == "consent":
        return _agreed(question, code, progress, content, city) if question.has(code) else None
    if code in NONRESPONSE:
        return nonresponse(question, code, progress, content, city, method) if len(codes) == 1 else None
    if any(f":{code}:" in button.data for button in question.more):
        return _beside(question, code, progress, content, city)
    if not all(question.has(one) for one in codes):
        return None
    if question.shown is not None and not any(o.code == code for o in question.options):
        return show(replace(progress, narrow=code), content, city)
    if question.at == "values.second":
        codes = (*progress.given.get("values", Given("answered")).codes, *codes)
    codes = _in_codebook_order(question, codes, content)
    facts: tuple[Fact, ...] = (_answered(question, progress, "answered", codes, method, score),)
    facts += _taken_back(question, progress)
    given, facts = _with_reason(question, progress.gave(_under(question), Given("answered", codes)), facts, reason)
    return _kept(question, given, facts, content, city, method)


def nonresponse(
    question: Question, status: Status, progress: Progress, content: Content, city: City, method: str
) -> Turn | None:
    """Skipped, don't know, neither, or rather not say: kept apart, each as its own status."""
    if question.kind == "consent" and question.item != "count_me":
        # Whoever does not say yes has not agreed.
        return _agreed(question, "no", progress, content, city)
    if not question.item or question.kind == "consent":
        return None
    if not city.open and progress.counted:
        return show(progress, content, city, intro=content.words(progress.language)("round.closed"))
    if question.at == "values.second":
        return show(move_on(progress, content, question.at), content, city)
    facts: tuple[Fact, ...] = (_answered(question, progress, status, (), method, 100),)
    facts += _taken_back(question, progress)
    given, facts = _with_reason(question, progress.gave(question.at, Given(status)), facts, "")
    return _kept(question, given, facts, content, city, method)


def own_words(question: Question, text: str, progress: Progress, content: Content, city: City) -> Turn:
    """Own words: the text is a fact of its own; where choices were shown, none of them was ticked."""
    if not city.open and progress.counted:
        return show(progress, content, city, intro=content.words(progress.language)("round.closed"))
    said = replace(
        _answered(question, progress, "answered", (), "text", 100), item=question.own_words, kind="text", text=text
    )
    facts: tuple[Fact, ...] = (said,)
    if question.own_words != question.item:
        facts = (_answered(question, progress, "answered", (), "text", 100), said)
    return _kept(question, progress.gave(question.at, Given("answered")), facts, content, city, "text")


def _kept_after_all(question: Question, progress: Progress, content: Content, city: City) -> Turn | None:
    at, text = progress.pending if len(progress.pending) == 2 else ("", "")
    if at != question.at or not question.own_words:
        return None
    return own_words(question, text, replace(progress, pending=()), content, city)


# ---------------------------------------------------------------- inside


def _with_reason(
    question: Question, progress: Progress, facts: tuple[Fact, ...], reason: str
) -> tuple[Progress, tuple[Fact, ...]]:
    """A reason typed beside a position, now or while the choice was still being asked back."""
    at, waited = progress.pending if len(progress.pending) == 2 else ("", "")
    reason = reason or (waited if at == question.at else "")
    progress = replace(progress, pending=())
    if not reason or question.item != "position":
        return progress, facts
    told = _answered(question, progress, "answered", (), "text", 100)
    if "quote_me" not in progress.told:
        progress = replace(progress, told=(*progress.told, "quote_me"))
    return progress, (*facts, replace(told, item="reason_text", kind="text", text=reason))


def _in_codebook_order(question: Question, codes: tuple[str, ...], content: Content) -> tuple[str, ...]:
    """Several codes stand in one order for all, whatever order this person saw or typed."""
    if question.item == "values":
        return tuple(o.code for o in content.items["values"].options if o.code in codes)
    return tuple(sorted(codes))


def _taken_back(question: Question, progress: Progress) -> tuple[Answered, ...]:
    """Own words given here before, instead of a choice, are no live answer once a choice is made."""
    before = progress.given.get(_under(question))
    if question.own_words in ("", question.item) or before != Given("answered"):
        return ()
    gone = _answered(question, progress, "skipped", (), "button", 100)
    return (replace(gone, item=question.own_words, kind="text"),)


def _under(question: Question) -> str:
    """The name under which progress remembers the answer."""
    return "values" if question.at == "values.second" else question.at


def _answered(
    question: Question, progress: Progress, status: Status, codes: tuple[str, ...], method: str, score: int
) -> Answered:
    kind: Literal["scale5", "single", "multi", "text"] = question.kind  # type: ignore[assignment]
    first = progress.first(question.dilemma) if question.dilemma else ""
    after_results = question.dilemma in progress.seen_results
    return Answered(
        question.dilemma,
        question.item,
        kind,
        status,
        codes,
        method=method,
        score=score,
        shown_first=first,
        after_results=after_results,
    )


def _kept(
    question: Question, progress: Progress, facts: tuple[Fact, ...], content: Content, city: City, method: str
) -> Turn:
    words = content.words(progress.language)
    codes = progress.given[_under(question)].codes
    intro: list[str] = []
    said = goodbye.chosen(_under(question), progress, content)
    toast = words("toast.kept" if progress.counted else "toast.noted", choice=said)
    if method not in ("button", "text"):
        intro.append(toast)
    if progress.counted and any(isinstance(f, Answered) and f.item == "reason_text" and f.text for f in facts):
        intro += [words("reason.kept")] if question.item == "position" else []
    own = next((f.text for f in facts if isinstance(f, Answered) and f.text), "")
    if progress.counted and (hidden := remark(own, progress.language, content)):
        intro.append(hidden)
    moved = move_on(progress, content, question.at)
    if question.at == "values" and (len(codes) != 1 or codes == ("none",)):
        moved = replace(moved, at="goodbye")
    first = content.rounds[progress.round].dilemmas[0]
    if question.at == f"{first}.reasons" and progress.counted and "counts" not in progress.told:
        intro.append(words("note.counts"))
        moved = replace(moved, told=(*moved.told, "counts"))
    if method == "text" and "quote_me" not in moved.told:
        moved = replace(moved, told=(*moved.told, "quote_me"))
    turn = show(moved, content, city, "\n".join(intro), facts)
    return replace(turn, toast=toast)


def _agreed(question: Question, code: str, progress: Progress, content: Content, city: City) -> Turn:
    words, yes, purpose = content.words(progress.language), code == "yes", question.item
    fact = Agreed(purpose, yes, content.consents[purpose].version)
    intro = ""
    if purpose == "count_me" and progress.counted:
        if progress.withdrawn and not yes:
            # Said before: the days until it is erased count from then.
            return show(replace(progress, over=""), content, city)
        progress = replace(progress, withdrawn=not yes)
    elif purpose == "count_me":
        if yes and not city.open:
            return show(progress, content, city, intro=words("round.closed"))
        progress = replace(progress, counted=yes, content_version=content.version)
        intro = "" if yes else words("consent.nothing_kept")
    progress = progress.gave(purpose, Given("answered", (code,)))
    if question.at != purpose:
        moved = replace(progress, over="" if progress.withdrawn else "purposes")
    else:
        moved = replace(progress, over="") if progress.over == purpose else move_on(progress, content, question.at)
    # Who is not counted leaves no trace, not even that they declined.
    return show(moved, content, city, intro, (fact,) if progress.counted else ())


def _beside(question: Question, code: str, progress: Progress, content: Content, city: City) -> Turn | None:
    """Buttons that are no answer: later, skip all three, done."""
    if code == "skip_all":
        facts: tuple[Fact, ...] = ()
        for at in ABOUT:
            facts += (Answered("", at, "single", "skipped"),)
            progress = progress.gave(at, Given("skipped"))
        return show(move_on(progress, content, ABOUT[-1]), content, city, facts=facts)
    return show(move_on(progress, content, question.at), content, city)


# ---------------------------------------------------------------- questions with a will of their own


def _goodbye(question: Question, code: str, progress: Progress, content: Content, city: City) -> Turn | None:
    words = content.words(progress.language)
    chains = behind(progress, content)
    if code == "results":
        return results.tell(progress, content, city)
    if code == "share":
        return Turn(progress, (Say(words("share.text", web=city.web), progress.language),))
    if code == "leave":
        code = "\n\n" + words("resume.code", code=city.resume_code, web=city.web) if city.resume_code else ""
        return Turn(progress, (Say(words("leave.done") + code, progress.language, leave_device=True),))
    if code not in chains:
        return None
    return show(replace(progress, at=unanswered(chains[code], progress) or chains[code][0]), content, city)


def _answers(question: Question, code: str, progress: Progress, content: Content, city: City) -> Turn | None:
    if code == "resume":
        return show(replace(progress, over=""), content, city)
    if code == "purposes" and progress.counted:
        return show(replace(progress, over=code), content, city)
    if code not in goodbye.changeable(progress, content):
        return None
    return _change(code, progress, content, city)


def _change(code: str, progress: Progress, content: Content, city: City) -> Turn:
    there = progress.back_to or progress.at
    return show(
        replace(progress, over="", at=code, back_to=there, narrow=""), content, city, was(code, progress, content)
    )


def _forget(question: Question, code: str, progress: Progress, content: Content, city: City) -> Turn | None:
    words = content.words(progress.language)
    if code == "yes":
        text = words("forget.done", receipt=city.receipt)
        if progress.channel == "telegram":
            text += " " + words("forget.telegram")
        fresh = Progress(progress.round, progress.channel, progress.language, 0)
        gone = Say(text, progress.language, forgotten=True)
        return Turn(fresh, (gone,), (Forgot(city.receipt),))
    if code == "no":
        return show(replace(progress, over=""), content, city, intro=words("forget.kept"))
    return None


def _purposes(question: Question, code: str, progress: Progress, content: Content, city: City) -> Turn | None:
    over = "" if code == "resume" else f"{purposes.UNDER}{code}"
    return show(replace(progress, over=over), content, city) if question.has(code) else None


def _withdrawn(question: Question, code: str, progress: Progress, content: Content, city: City) -> Turn | None:
    over = "forget" if code == "forget" else f"{purposes.UNDER}count_me"
    return show(replace(progress, over=over), content, city) if question.has(code) else None


def _resume(question: Question, code: str, progress: Progress, content: Content, city: City) -> Turn | None:
    return show(replace(progress, over="", paused=False), content, city) if code == "resume" else None


_SPECIAL = {
    "goodbye": _goodbye,
    "answers": _answers,
    "purposes": _purposes,
    "withdrawn": _withdrawn,
    "forget": _forget,
    "fout": _resume,
    "paused": _resume,
}
