"""One thing heard, one turn: `answer(progress, heard, content, city) -> Turn`.

A function from data to data: no clock, no network, no database. Whatever comes in, something kind
goes out, nothing is counted for a question it was not meant for, and nothing raises.
"""

from __future__ import annotations

from dataclasses import replace

from content import Content
from conversations import commands, spelling, typed
from conversations.dilemma import why
from conversations.question import Question, button, keyboard
from conversations.record import AGAIN, KEEP, choose, nonresponse, own_words, show, uncover
from conversations.shapes import (
    NONRESPONSE,
    Agreed,
    Answered,
    Arrived,
    City,
    Commanded,
    Corrected,
    Forgot,
    Heard,
    Progress,
    Resumes,
    Say,
    Sent,
    Tapped,
    Turn,
    Typed,
)
from conversations.steps import ask
from conversations.walk import placed, walk


def answer(progress: Progress, heard: Heard, content: Content, city: City) -> Turn:
    """What one thing heard leads to: where the person stands now, what is said, what must be kept."""
    turn = _heard(_without_cry(progress, heard), heard, content, city)
    if turn.progress.pending and turn.progress.pending[0] != turn.progress.at:
        turn = replace(turn, progress=replace(turn.progress, pending=()))
    if progress.withdrawn:
        # Nothing is answered by who counts nowhere.
        return replace(turn, facts=tuple(f for f in turn.facts if not isinstance(f, Answered)))
    if progress.counted or turn.progress.counted:
        return turn
    # Who is not counted leaves no answer behind, not even one that waits to be dropped.
    return replace(turn, facts=tuple(f for f in turn.facts if not isinstance(f, Answered | Agreed)))


def _without_cry(progress: Progress, heard: Heard) -> Progress:
    """The words of a cry for help wait for one answer only: is it kept, or gone."""
    keeps = isinstance(heard, Tapped) and heard.choice == KEEP
    waits = progress.pending and progress.pending[0].endswith(".position")
    return progress if keeps or waits or not progress.pending else replace(progress, pending=())


def _heard(progress: Progress, heard: Heard, content: Content, city: City) -> Turn:
    progress = placed(progress, content)
    if not isinstance(heard, Typed):
        # "Yes" confirms only what was asked back just before.
        progress = replace(progress, meant=())
    match heard:
        case Tapped():
            return _tapped(progress, heard, content, city)
        case Typed(text):
            return _typed(progress, typed.clean(text), content, city)
        case Commanded():
            return commands.run(progress, heard, content, city)
        case Sent(what):
            key = "sent.voice" if what == "voice" else "sent.other"
            return show(progress, content, city, intro=content.words(progress.language)(key))
        case Arrived():
            return show(progress, content, city)


# ---------------------------------------------------------------- taps


def _tapped(progress: Progress, tap: Tapped, content: Content, city: City) -> Turn:
    pressed = f"{tap.at}:{tap.choice}"
    if tap.at == "language" and tap.choice in content.languages:
        return _once(commands.speak(progress, tap.choice, content, city), pressed)
    progress = _recalled(progress, tap, content)
    words = content.words(progress.language)
    # The consent's own buttons were made before the walk had its tag.
    mine = tap.tag == progress.tag or (pressed == progress.last_tap and tap.at == "count_me")
    if mine and pressed == progress.last_tap and tap.at != progress.now:
        return Turn(progress, (), toast=words("toast.already"))
    if mine:
        progress = _uncovered(progress, tap)
    question = ask(progress, content, city)
    turn: Turn | None = None
    if mine and tap.at == progress.now:
        if tap.choice == "why" and question.item == "position":
            return _why(question, progress, content)
        turn = choose(question, (tap.choice,), progress, content, city)
    return _once(turn, pressed) if turn else show(progress, content, city, intro=words("note.stale"))


def _once(turn: Turn, pressed: str) -> Turn:
    """Remember a tap that counted, so that the same one again is only remarked on. Forgetting leaves no trace."""
    forgotten = any(isinstance(fact, Forgot) for fact in turn.facts)
    return turn if forgotten else replace(turn, progress=replace(turn.progress, last_tap=pressed))


def _uncovered(progress: Progress, tap: Tapped) -> Progress:
    """Old keyboards go on: the walk's under a pause or a look, the goodbye's and the answers' always.

    Who no longer wants to be counted first says what is to happen.
    """
    if tap.at in ("answers", "purposes"):
        return replace(progress, over=tap.at)
    if progress.withdrawn:
        return replace(progress, over="withdrawn", paused=False) if tap.at == "withdrawn" else progress
    if tap.at == "goodbye" and progress.finished:
        return replace(progress, at="goodbye", over="", back_to="")
    if progress.over and tap.at == progress.at:
        return replace(progress, over="", paused=False)
    return progress


def _why(question: Question, progress: Progress, content: Content) -> Turn:
    """The background, with the question's own buttons under it: no need to scroll back."""
    buttons = keyboard(replace(question, more=()), progress, content)
    return Turn(progress, (replace(why(question.dilemma, progress, content), buttons=buttons),))


def _recalled(progress: Progress, tap: Tapped, content: Content) -> Progress:
    """Who is not counted is remembered for half an hour at most; their buttons say where and in which language."""
    if progress.counted or tap.tag not in content.languages:
        return progress
    spoken = replace(progress, language=tap.tag)
    if progress.at == "language" and tap.at in walk(progress, content):
        return replace(spoken, at=tap.at, finished=tap.at == "goodbye")
    return spoken if tap.at == progress.now else progress


# ---------------------------------------------------------------- typed


def _typed(progress: Progress, text: str, content: Content, city: City) -> Turn:
    words = content.words(progress.language)
    if commands.is_resume_code(text) and progress.counted:
        return show(progress, content, city, intro=words("typed.not_understood"))
    if commands.is_resume_code(text):
        return Turn(progress, show(progress, content, city, intro=words("resume.unknown")).says, (Resumes(text),))
    resumed = uncover(replace(progress, over="", paused=False)) if progress.over == "paused" else progress
    question = ask(resumed, content, city)
    if progress.meant and typed.is_no(text, content.phrases) and question.kind != "consent":
        return show(replace(resumed, meant=()), content, city)
    if progress.meant and typed.is_yes(text, content.phrases) and len(progress.meant) == 1:
        meant = progress.meant
        if question.at == "language":
            return commands.speak(resumed, meant[0], content, city)
        confirmed = choose(question, meant, replace(progress, meant=()), content, city, "typed_fuzzy", 80)
        return confirmed or show(progress, content, city)
    progress = replace(progress, meant=(), last_tap="")
    reading = typed.read(text, question, content)
    if reading.wish:
        return commands.wish(replace(resumed, meant=()), reading, text, content, city)
    # "Ok" to a pause is not "yes" to the question under it.
    vague = not reading.sure or reading.method == "typed_number" or typed.is_yes_or_no(text, content.phrases)
    if progress.over == "paused" and vague:
        return show(resumed, content, city, intro=words("resume.welcome_back"))
    progress = replace(resumed, meant=(), last_tap="")
    turn: Turn | None = None
    if progress.over == "fout" and not reading.choices and text:
        return _corrected(progress, text, content, city)
    if reading.choices and question.at == "language":
        return commands.speak(progress, reading.choices[0], content, city)
    if reading.choices == ("why",):
        return _why(question, progress, content)
    reason = text[reading.reason_at :].strip(" ,.;:-") if reading.reason_at >= 0 else ""
    if reading.choices:
        turn = choose(question, reading.choices, progress, content, city, reading.method, reading.score, reason)
    elif reading.nonresponse:
        turn = nonresponse(question, reading.nonresponse, progress, content, city, reading.method)
    elif _came_late(question, text, progress, content, city):
        return show(progress, content, city)
    elif question.own_words and text and not reading.asked and not (question.options and _no_reason(text, content)):
        turn = own_words(question, text, progress, content, city)
    if turn:
        return turn
    if reason and question.item == "position":
        progress = replace(progress, pending=(question.at, reason))
    if reading.candidates or reading.indifferent:
        return _did_you_mean(question, reading, progress, content)
    return show(progress, content, city, intro=words("typed.not_understood"))


def _no_reason(text: str, content: Content) -> bool:
    """A bare yes, no or number is nobody's own words where choices are shown."""
    return text.strip(" .)").isdecimal() or typed.is_yes_or_no(text, content.phrases)


def _came_late(question: Question, text: str, progress: Progress, content: Content, city: City) -> bool:
    """Whether these words answer the position just given: sent before, delivered after, and nobody's reason."""
    if question.item != "reasons":
        return False
    before = ask(replace(progress, at=f"{question.dilemma}.position", over=""), content, city)
    return spelling.words(text) in [spelling.words(option.label) for option in before.options]


def _corrected(progress: Progress, text: str, content: Content, city: City) -> Turn:
    back = replace(progress, over="")
    turn = show(back, content, city, intro=commands.thanks(text, progress, content))
    return replace(turn, facts=(Corrected(f"{progress.language}:{progress.at}", text),))


def _did_you_mean(question: Question, reading: typed.Reading, progress: Progress, content: Content) -> Turn:
    """The readings that are left, best first; where all is the same to somebody, in between or no opinion."""
    words = content.words(progress.language)
    shown = [o.code for o in question.on_screen]
    candidates = reading.candidates or question.nonresponse
    choices = []
    for code in candidates:
        number = f"{shown.index(code) + 1} " if question.numbered and code in shown else ""
        label = words(f"button.{code}") if code in NONRESPONSE else question.label(code)
        choices.append((button(progress, question.at, code, f"{number}{label}"),))
    choices.append((button(progress, question.at, AGAIN, words("button.none_of_these")),))
    asked = words("typed.indifferent") if reading.indifferent else words("typed.did_you_mean")
    say = Say(asked, progress.language, buttons=tuple(choices), question=True)
    return Turn(replace(progress, meant=candidates), (say,))
