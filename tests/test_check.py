"""`python bot.py check` on a copy of the content with one fault planted in it: each kind is named, by file and key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from content import load
from content.check import Fault, faults, words_not_attested
from content.mestreechs import alarms
from content.plain_language import ease
from conversations.measure import measure
from tests.planting import GONE, Copy, Plant, drop, hear, put, say, write

ROOT = Path(__file__).parent.parent
HEARD = "content/heard/growth.yaml"
GROWTH, COUNT_ME, AGE = "content/dilemmas/growth.yaml", "content/consents/count_me.yaml", "content/items/age.yaml"
BUURT, DREAMS, PHRASES = "content/items/neighbourhood.yaml", "content/rounds/dreams.yaml", "content/phrases.yaml"
COMMANDS, VERSIONS, WALK = "content/commands.yaml", "content/versions.yaml", "conversations/walk.py"


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    for folder in ("content", "locales"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return Copy(tmp_path)


@pytest.fixture(scope="session")
def before() -> set[Fault]:
    """What is wrong without any planting: nothing, but that is test_content's to say."""
    return set(faults())


def _twice_in_catalogue(copy: Copy) -> None:
    with (copy.root / "locales/en.po").open("a", encoding="utf8") as file:
        file.write('\nmsgid "button.later"\nmsgstr "Later"\n')


def _long_codes(copy: Copy) -> None:
    item, option = "q" * 32, "o" * 32
    copy.put(AGE, "code", item)
    copy.put(AGE, "options.0.code", option)
    (copy.root / AGE).rename(copy.root / f"content/items/{item}.yaml")


def _alike(copy: Copy) -> None:
    copy.put(GROWTH, "sides.b.reasons.0.text.en", copy.get(GROWTH, "sides.a.reasons.0.text.en") + "!")


def _left_dutch(copy: Copy) -> None:
    copy.put(GROWTH, "why.li", copy.get(GROWTH, "why.nl"))


def _keep_earlier(copy: Copy, version: int) -> None:
    kept = {key: copy.get(COUNT_ME, key) for key in ("text", "yes", "no", "telegram")}
    copy.put(COUNT_ME, "earlier", [{"version": version, **kept}])


def _newer_consent(copy: Copy) -> None:
    """A changed text as it should be, but for its digest."""
    _keep_earlier(copy, 1)
    copy.put(COUNT_ME, "version", 2)
    copy.put(COUNT_ME, "yes.en", "Yes, count me")


def _older_consent(copy: Copy) -> None:
    _keep_earlier(copy, 2)
    copy.put(COUNT_ME, "locked", {1: copy.get(COUNT_ME, "locked")[1], 2: copy.get(COUNT_ME, "locked")[1]})


LONG_NL = "Dit is een zin die maar door blijft gaan en die je niet kan volgen als hij zo lang en breed wordt als nu."
RARE_NL, LONG_EN = "Wij gaan dit kapittelen.", "Is it about desirability?"
HARD_EN = "Municipal infrastructural considerations necessitate deliberation. Stakeholders collaborate."
LONGISH_NL = "De stad is nu voor ons al zo vol met van alles dat er niets meer bij kan. " * 2

# What is planted, and how the line that names it begins.
TEXTS: list[tuple[Plant, str]] = [
    (put(GROWTH, "sides.a.label.en", GONE), f"{GROWTH}: sides.a.label: en: is missing"),
    (put(GROWTH, "sides.a.reasons.0.text.li", " "), f"{GROWTH}: sides.a.reasons.a1.text: li: is missing"),
    (put(GROWTH, "title.de", "Wachsen?"), f"{GROWTH}: title: de: is no language"),
    (put(GROWTH, "sides.a.label.review", GONE), f"{GROWTH}: sides.a.label.review: li: "),
    (put(GROWTH, "title.review", "fine"), f"{GROWTH}: title.review: li: "),
    (put(GROWTH, "title.nl", 5), f"{GROWTH}: title: nl: "),
    (say("en", "button.later", ""), "locales/en.po: button.later: en: is empty"),
    (lambda copy: copy.unsay("li", "button.later"), "locales/li.po: button.later: li: is missing"),
    (lambda copy: copy.unsay("nl", "button.later"), "locales/nl.po: button.later: nl: is missing"),
    (lambda copy: copy.comment("li", "button.later", ""), "locales/li.po: button.later: li: lacks the comment"),
    (lambda copy: copy.comment("en", "button.later", "#, fuzzy\n"), "locales/en.po: button.later: en: is marked fuzzy"),
    (_twice_in_catalogue, "locales/en.po: button.later: en: stands 2 times"),
    (drop("locales/en.po"), "locales/en.po: en: the file is missing"),
    (drop("locales/nl.po"), "locales/nl.po: nl: the file is missing"),
    (put(COUNT_ME, "telegram.en", "We keep it. {web}"), f"{COUNT_ME}: telegram: en: lacks the placeholder {{days}}"),
    (put(COUNT_ME, "telegram.li", "{days} {daog} {web}"), f"{COUNT_ME}: telegram: li: has the placeholder {{daog}}"),
    (say("nl", "toast.kept", "Bewaard: {}"), "locales/nl.po: toast.kept: nl: has a placeholder without a plain name"),
    (say("en", "toast.kept", "Kept: {choice"), "locales/en.po: toast.kept: en: has a broken placeholder"),
    (put(GROWTH, "title.en", "Grow <b>fast</b>?"), f"{GROWTH}: title: en: has markup: <b>"),
    (say("nl", "help.head", "**Hulp**"), "locales/nl.po: help.head: nl: has markup: *"),
    (put(GROWTH, "title.nl", "Groeien of  niet?"), f"{GROWTH}: title: nl: has a double space"),
    (put(GROWTH, "title.nl", "Groeien of niet? "), f"{GROWTH}: title: nl: has a space at the edge"),
    (put(GROWTH, "title.li", "Wat is 't?"), f"{GROWTH}: title: li: has an apostrophe"),
]
CODES: list[tuple[Plant, str]] = [
    (drop(AGE), f"{AGE}: is missing"),
    (drop("content/consents/tell_me.yaml"), "content/consents/tell_me.yaml: is missing"),
    (drop("content/dilemmas/care.yaml"), f"{DREAMS}: dilemmas: care has no file"),
    (drop(PHRASES), f"{PHRASES}: the file is missing"),
    (write(AGE, "code: age\n  kind: ["), f"{AGE}: is not readable YAML"),
    (put(GROWTH, "colour", "red"), f"{GROWTH}: colour: "),
    (put(HEARD, "sides.a.reasons.b1", {"heard": {}}), f"{HEARD}: (top): Value error, sides.a.reasons.b1 is no reason"),
    (put(HEARD, "sides.a.reasons.a9", {"heard": {}}), f"{HEARD}: sides.a.reasons.a9"),
    (put(HEARD, "sides.a.heard.nl", 5), f"{HEARD}: sides.a.heard: nl: "),
    (put(HEARD, "code", "grow"), f"{HEARD}: code: is grow, the file's name says growth"),
    (drop(GROWTH), f"{HEARD}: has no dilemma in content/dilemmas"),
    (put(GROWTH, "title", GONE), f"{GROWTH}: title: "),
    (put(GROWTH, "code", "Growth!"), f"{GROWTH}: code: "),
    (put(GROWTH, "code", "grow"), f"{GROWTH}: code: is grow, the file's name says growth"),
    (put(GROWTH, "number", 2), f"{GROWTH}: number: 2 is another dilemma's too"),
    (put(GROWTH, "sides.b", GONE), f"{GROWTH}: sides.b: is missing"),
    (put(GROWTH, "sides.a.reasons.0.code", "a9"), f"{GROWTH}: sides.a.reasons: have the codes a9 a2"),
    (put(GROWTH, "sides.a.cost.code", "b3"), f"{GROWTH}: sides.a.cost.code: is b3, not a3"),
    (put(GROWTH, "sides.a.reasons.1", GONE), f"{GROWTH}: sides.a.reasons"),
    (put(AGE, "options.0.code", "16_18"), f"{AGE}: options.16_17: is missing: its code is stable"),
    (put(AGE, "options.0.code", "18_24"), f"{AGE}: options.18_24: stands 2 times"),
    (put(BUURT, "options.0.district", "wijk_09"), f"{BUURT}: options.binnenstad.district: wijk_09 is no district"),
    (put(BUURT, "districts.0.code", "wijk_10"), f"{BUURT}: districts.wijk_01: is missing"),
    (put(COUNT_ME, "yes.li", "Jao"), f"{COUNT_ME}: locked.1: is 103f1c70bf2f0419, the text gives "),
    (put(COUNT_ME, "telegram", GONE), f"{COUNT_ME}: locked.1: is 103f1c70bf2f0419, the text gives "),
    (put(COUNT_ME, "version", 2), f"{COUNT_ME}: locked.1: has no text: keep that of version 1"),
    (put(COUNT_ME, "locked", {}), f"{COUNT_ME}: locked.1: is missing: it is 103f1c70bf2f0419"),
    (_newer_consent, f"{COUNT_ME}: locked.2: is missing: it is "),
    (_older_consent, f"{COUNT_ME}: version: is 1, and 2 stands under earlier"),
    (put(PHRASES, "nonresponse.neither", GONE), f"{PHRASES}: nonresponse.neither: is missing"),
    (put(COMMANDS, "commands.1.name", "start"), f"{COMMANDS}: commands.start: start is a name"),
    (put(COMMANDS, "commands.1.name", "my-data"), f"{COMMANDS}: commands.1.name: "),
    (put(DREAMS, "dilemmas.0", "parks"), f"{DREAMS}: dilemmas: parks has no file"),
    (put(VERSIONS, "versions.0.codes", "old"), f"{VERSIONS}: versions.1.codes: is old, the codes"),
    (put(VERSIONS, "versions", []), f"{VERSIONS}: versions: is empty"),
    (put(VERSIONS, "versions.1", {"version": 1, "codes": "x"}), f"{VERSIONS}: versions.1: comes"),
    (put(GROWTH, "since", 99), f"{GROWTH}: since: is version 99"),
    (put(GROWTH, "until", 0), f"{GROWTH}: until: is version 0, before since"),
]
LENGTHS: list[tuple[Plant, str]] = [
    (put(GROWTH, "title.nl", "Groei? " * 10), f"{GROWTH}: title: nl: the title is "),
    # The label fits by itself; as "2 Rather …" it does not.
    (put(GROWTH, "sides.a.label.en", "Grow " + "x" * 30), f"{GROWTH}: sides.a.label: en: the button “3 Rather grow x"),
    (put(GROWTH, "sides.b.reasons.1.text.nl", "Huis " * 8), f"{GROWTH}: sides.b.reasons.b2.text: nl: the button "),
    (put(GROWTH, "short.en", "Growth " * 6), f"{GROWTH}: short: en: the button "),
    (put(COUNT_ME, "yes.nl", "Ja, " * 12), f"{COUNT_ME}: yes: nl: the button "),
    (put(AGE, "options.0.label.nl", "Heel " * 9), f"{AGE}: options.16_17.label: nl: the button "),
    (say("nl", "button.why", "Waarom " * 6), "locales/nl.po: button.why: nl: the button "),
    (say("en", "toast.kept", "Kept " * 40 + "{choice}"), "locales/en.po: toast.kept: en: the toast is "),
    (say("en", "help.text", "Help. {contact} " * 300), "locales/en.po: help.text: en: the message is "),
    (
        put(COMMANDS, "commands.0.about.nl", "Begin. " * 40),
        f"{COMMANDS}: commands.start.about: nl: the description is ",
    ),
    (_long_codes, f"content/items/{'q' * 32}.yaml: options.{'o' * 32}: the callback "),
]
SIDES: list[tuple[Plant, str]] = [
    (put(GROWTH, "sides.a.statement.nl", "De stad is vol. " * 9), f"{GROWTH}: sides: nl: label, statement and cost"),
    (put(GROWTH, "sides.b.background.en", "It is good."), f"{GROWTH}: sides: en: background of side a has "),
    (_alike, f"{GROWTH}: sides: en: reasons a1 and b1 are too alike"),
    (
        hear(HEARD, "sides.a.heard.nl", "sides.b.heard.nl"),
        f"{HEARD}: sides.b.heard: nl: “Een bláuwe fiets!” is heard",
    ),
    (
        hear(HEARD, "sides.a.reasons.a1.heard.nl", "sides.b.reasons.b2.heard.nl"),
        f"{HEARD}: sides.b.reasons.b2.heard: nl: “Een bláuwe fiets!” is heard at sides.a.reasons.a1.heard",
    ),
    (hear(AGE, "options.0.heard.nl", "options.1.heard.en"), f"{AGE}: options.18_24.heard: en: “Een bláuwe fiets!”"),
    (hear(COUNT_ME, "heard.yes.nl", "heard.no.nl"), f"{COUNT_ME}: heard.no: nl: “Een bláuwe fiets!” is heard at"),
    (
        hear(PHRASES, "nonresponse.skipped.nl", "nonresponse.neither.nl"),
        f"{PHRASES}: nonresponse.neither: nl: “Een bláuwe fiets!” is heard at nonresponse.skipped",
    ),
    (
        hear(PHRASES, "wishes.back.nl", "wishes.help.nl"),
        f"{PHRASES}: wishes.help: nl: “Een bláuwe fiets!” is heard at wishes.back",
    ),
    (hear(HEARD, "sides.a.heard.nl", "sides.a.refuse.nl"), f"{HEARD}: sides.a.refuse: nl: “Een bláuwe fiets!” is"),
]
LANGUAGE: list[tuple[Plant, str]] = [
    (put(GROWTH, "title.li", "De sjtad weurt groeter"), f"{GROWTH}: title: li: “sjtad” looks like Limburgish from"),
    (put(GROWTH, "title.li", "Ich wèl mie lui"), f"{GROWTH}: title: li: “ich” looks like Limburgish from elsewhere"),
    (put(GROWTH, "title.li", "De stad niet groeter"), f"{GROWTH}: title: li: “niet” looks like Dutch"),
    (say("li", "help.head", "Is dat mogelijk?"), "locales/li.po: help.head: li: “mogelijk” looks like Dutch"),
    (put(GROWTH, "title.li", "Mie lui zoeken werk"), f"{GROWTH}: title: li: “zoeken” looks like Dutch"),
    (_left_dutch, f"{GROWTH}: why: li: is the same as the Dutch"),
    (put(GROWTH, "why.nl", LONG_NL), f"{GROWTH}: why: nl: the sentence “Dit is een zin die …” has 24 words"),
    (put(GROWTH, "why.nl", LONGISH_NL), f"{GROWTH}: why: nl: has 18.0 words a sentence, at most 15"),
    (put(GROWTH, "why.nl", RARE_NL), f"{GROWTH}: why: nl: “kapittelen” is rare, "),
    (put(GROWTH, "why.en", LONG_EN), f"{GROWTH}: why: en: “desirability” is long, "),
    (put(GROWTH, "why.en", HARD_EN), f"{GROWTH}: why: en: reads at "),
]


PLANTED = [*TEXTS, *CODES, *LENGTHS, *SIDES, *LANGUAGE]


@pytest.mark.parametrize(("plant", "named"), PLANTED, ids=[named for _, named in PLANTED])
def test_a_planted_fault_is_named(copy: Copy, before: set[Fault], plant: Plant, named: str) -> None:
    plant(copy)
    new = [str(fault) for fault in copy.faults() if fault not in before]
    assert [line for line in new if line.startswith(named)], "\n".join(["named instead:", *new])


def test_several_files_that_cannot_be_loaded_are_all_named(copy: Copy) -> None:
    copy.put(GROWTH, "title", GONE)
    copy.put(COUNT_ME, "colour", "red")
    (copy.root / AGE).write_text("[", "utf8")
    (copy.root / VERSIONS).unlink()
    (copy.root / "locales/en.po").write_text('msgid "a\n', "utf8")
    assert {GROWTH, COUNT_ME, AGE, VERSIONS, "locales/en.po"} <= {fault.file for fault in copy.faults()}


def test_an_empty_folder_is_told_and_does_not_crash(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    found = faults(tmp_path / "content", tmp_path / "locales")
    assert {"locales/nl.po", "locales/en.po", "locales/li.po", VERSIONS} <= {fault.file for fault in found}


def test_new_codes_ask_for_a_new_version_and_tell_its_line(copy: Copy) -> None:
    label = {"nl": "Elders", "en": "Abroad", "li": "Boete", "review": "unreviewed"}
    copy.put(AGE, "options.6", {"code": "beyond", "label": label})
    fingerprint = copy.load().fingerprint()
    (fault,) = [fault for fault in copy.faults() if fault.file == VERSIONS]
    assert fault.what.endswith(f"add version 2 with codes {fingerprint}")
    copy.put(VERSIONS, "versions.1", {"version": 2, "codes": fingerprint})
    assert not [fault for fault in copy.faults() if fault.file == VERSIONS]


@pytest.mark.parametrize(
    ("file", "key"),
    [
        (GROWTH, "until"),
        (GROWTH, "sides.a.reasons.0.until"),
        (AGE, "options.2.until"),
        (AGE, "until"),
        (DREAMS, "until"),
        (COUNT_ME, "until"),
    ],
)
def test_whatever_is_marked_until_asks_for_a_new_version_and_nothing_else(copy: Copy, file: str, key: str) -> None:
    copy.put(file, key, 1)
    (fault,) = copy.faults()
    assert fault.file == VERSIONS
    copy.put(VERSIONS, "versions.1", {"version": 2, "codes": copy.load().fingerprint()})
    assert not copy.faults()


def test_each_side_keeps_an_argument_and_each_district_a_place_in_every_version(copy: Copy) -> None:
    for number in (0, 1):
        copy.put(GROWTH, f"sides.a.reasons.{number}.until", 1)
    places = copy.get(BUURT, "options")
    for number, place in enumerate(places):
        if place.get("district") == "wijk_06":
            copy.put(BUURT, f"options.{number}.until", 1)
    copy.put("content/items/importance.yaml", "options.2.until", 1)
    copy.put(VERSIONS, "versions.1", {"version": 2, "codes": copy.load().fingerprint()})
    assert sorted(map(str, copy.faults())) == [
        f"{GROWTH}: sides.a.reasons: version 2 offers 0 of these, it needs 1 or more",
        "content/items/importance.yaml: options: version 2 offers 4 of these, it needs 5 or more",
        f"{BUURT}: districts.wijk_06: version 2 offers 0 of these, it needs 1 or more",
    ]


def test_the_life_of_an_option_is_named_by_its_key(copy: Copy) -> None:
    copy.put(AGE, "options.2.until", 0)
    copy.put(GROWTH, "sides.b.reasons.1.since", 9)
    told = [str(fault) for fault in copy.faults()]
    assert f"{AGE}: options.25_44.until: is version 0, before since (1)" in told
    assert f"{GROWTH}: sides.b.reasons.b2.since: is version 9, the last version is 1" in told


# ---------------------------------------------------------------- the walk


def test_a_round_with_three_more_dilemmas_takes_too_many_taps_and_words(copy: Copy) -> None:
    for code in ("parks", "roads"):
        shutil.copy(copy.root / "content/dilemmas/care.yaml", copy.root / f"content/dilemmas/{code}.yaml")
        copy.put(f"content/dilemmas/{code}.yaml", "code", code)
    asked = copy.get(DREAMS, "dilemmas")
    copy.put(DREAMS, "dilemmas", [*asked, "care", "parks", "roads"])
    lines = [str(fault) for fault in copy.measured().faults]
    assert f"{WALK}: taps: nl: 24 taps the shortest way, at most 22" in lines
    assert f"{WALK}: taps: li: 27 taps with age, neighbourhood and relation, at most 22" in lines
    assert [line for line in lines if line.startswith(f"{WALK}: words: nl: ")]


SHOWN: list[tuple[Plant, str]] = [
    (put(GROWTH, "fact.en", "It is so. " * 60), f"{GROWTH}: position: en: the message has "),
    (
        put(COUNT_ME, "text.nl", "Wij bewaren dit dertig dagen. " * 20),
        f"{COUNT_ME}: text: nl: the consent as shown",
    ),
    (put(GROWTH, "fact.nl", "Het is zo. " * 400), f"{GROWTH}: growth.position: nl: the message as shown is "),
    (
        put(GROWTH, "sides.a.cost.text.nl", "Maar dat kost wat.."),
        f"{GROWTH}: growth.position: nl: the message as ",
    ),
    (put(GROWTH, "sides.a.label.nl", "Groeien " * 5), f"{GROWTH}: growth.position: nl: the button "),
    (
        put(DREAMS, "dilemmas.1", "growth"),
        f"{WALK}: growth.position: nl: the walk does not reach the goodbye",
    ),
]


@pytest.mark.parametrize(("plant", "named"), SHOWN, ids=[named for _, named in SHOWN])
def test_what_the_walk_shows_is_measured(copy: Copy, plant: Plant, named: str) -> None:
    real = {str(fault) for fault in measure(load()).faults}
    plant(copy)
    new = [line for fault in copy.measured().faults if (line := str(fault)) not in real]
    assert [line for line in new if line.startswith(named)], "\n".join(["named instead:", *new])


def test_a_message_that_no_catalogue_has_is_named(copy: Copy) -> None:
    for language in ("nl", "en", "li"):
        copy.unsay(language, "reasons.question")
    assert "locales/nl.po: reasons.question: nl: is asked for and is missing" in map(str, copy.measured().faults)


# ---------------------------------------------------------------- the measures themselves


def test_flesch_is_the_formula() -> None:
    easy = ease("De kat zit op de mat.", "nl")
    assert easy is not None
    assert easy.ease == pytest.approx(206.835 - 0.93 * 6 - 77)
    english = ease("The cat sat. The dog ran on {n} mats.", "en")
    assert english is not None
    assert english.sentences == (3, 6)


def test_mestreechs_raises_no_alarm_and_its_neighbours_do() -> None:
    assert alarms("Iech zeen uuch, en geer kint hei euver 2040 mètkalle. /fout {web}") == []
    assert alarms("Deze stad, zij zègke ’t.") == []
    assert [word for word, _ in alarms("Ich höb nog gein vroage, want de sjtad is meugelik.")] == [
        "ich",
        "vroage",
        "sjtad",
        "meugelik",
    ]
    # A linking n is right before a vowel, h, d or t.
    assert alarms("De lui woenen in de stad.") == []
    assert alarms("De lui woenen veur de stad.") == [("woenen", "Dutch")]


def test_words_no_source_showed_are_listed_with_their_place(copy: Copy) -> None:
    copy.put(GROWTH, "title.li", "Greuje of kwispelstarte?")
    copy.say("li", "help.head", "Kwispelstarte")
    listed = {one.word: str(one) for one in words_not_attested(copy.load())}
    assert listed["kwispelstarte"] == f"kwispelstarte: {GROWTH}: title; locales/li.po: help.head"
    assert "de" not in listed
