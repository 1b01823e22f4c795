"""Reads the content folder and the catalogues, and names file and key when something is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from content.catalogue import Catalogue, read_catalogues
from content.model import (
    Command,
    Consent,
    Dilemma,
    GroupPlan,
    Heard,
    HeardAt,
    HeardSide,
    Item,
    Kept,
    Phrases,
    Round,
    Strict,
    Version,
    Versioned,
)

HERE = Path(__file__).parent
LOCALES = HERE.parent / "locales"
T = TypeVar("T")
# The C one is ten times as fast, and not in every build of the library.
YAML: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
M = TypeVar("M", bound=BaseModel)
V = TypeVar("V", bound=Versioned | HeardAt)


class ContentFault(Exception):
    """What is wrong in the content, one line a fault: file, key, and what was expected."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class _Commands(Strict):
    commands: tuple[Command, ...]


class _Kept(Strict):
    kept: tuple[Kept, ...]


class _Versions(Strict):
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class Content:
    """Everything that is asked and said, in every language, as loaded from the files."""

    dilemmas: Mapping[str, Dilemma]
    rounds: Mapping[str, Round]
    items: Mapping[str, Item]
    consents: Mapping[str, Consent]
    commands: tuple[Command, ...]
    phrases: Phrases
    group: GroupPlan
    kept: tuple[Kept, ...]
    versions: tuple[Version, ...]
    catalogues: Mapping[str, Catalogue] = field(repr=False)
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes of this content, made once. `key` holds nothing but codes and languages of ours."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]  # type: ignore[no-any-return]

    @property
    def languages(self) -> tuple[str, ...]:
        """Language codes, the source language first."""
        return tuple(self.catalogues)

    @property
    def version(self) -> int:
        """The content version in use, kept with every answer."""
        return self.versions[-1].version

    def words(self, language: str) -> Catalogue:
        """The words around the questions, in this language."""
        return self.catalogues[language]

    def codes(self) -> list[str]:
        """Every code an answer can hold, as `item=code`, sorted: what must never change meaning."""
        found = [f"round={r}" for r in self.rounds]
        for code, dilemma in self.dilemmas.items():
            found += [f"{code}.argument={a.code}" for a in dilemma.reasons()]
            found += [f"{code}.cost={side.cost.code}" for side in dilemma.sides.values()]
        for code, item in self.items.items():
            found += [f"{code}={option.code}" for option in item.options] or [code]
        return sorted(found + [f"consent={c}" for c in self.consents])

    def withdrawn(self) -> list[str]:
        """Whatever is marked `until`, as `item=code until version`, sorted."""
        kinds = (("round", self.rounds), ("dilemma", self.dilemmas), ("item", self.items), ("consent", self.consents))
        named: list[tuple[str, Versioned]] = [(kind, one) for kind, held in kinds for one in held.values()]
        named += [(f"{code}.argument", one) for code, dilemma in self.dilemmas.items() for one in dilemma.reasons()]
        named += [(code, option) for code, item in self.items.items() for option in item.options]
        return sorted(f"{name}={one.code} until {one.until}" for name, one in named if one.until is not None)

    def fingerprint(self) -> str:
        """SHA-256 over the codes: changes when one is added, removed or renamed, or anything is marked `until`."""
        return hashlib.sha256("\n".join((*self.codes(), *self.withdrawn())).encode()).hexdigest()[:16]


def _read(path: Path, shape: type[M], faults: list[str], root: Path) -> M | None:
    name = path.relative_to(root).as_posix()
    try:
        raw: Any = yaml.load(path.read_text("utf8"), YAML)  # noqa: S506 - it is a safe one
        return shape.model_validate(raw)
    except FileNotFoundError:
        faults.append(f"{name}: the file is missing")
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        faults.append(f"{name}: is not readable YAML: {' '.join(str(error).split())}")
    except ValidationError as error:
        for one in error.errors():
            key = ".".join(str(part) for part in one["loc"]) or "(top)"
            faults.append(f"{name}: {key}: {one['msg']}")
    return None


def _folder(folder: Path, shape: type[V], faults: list[str], root: Path) -> dict[str, V]:
    found: dict[str, V] = {}
    for path in sorted(folder.glob("*.yaml")):
        one = _read(path, shape, faults, root)
        if one is None:
            continue
        code = one.code
        if code != path.stem:
            faults.append(f"{path.relative_to(root).as_posix()}: code: is {code}, the file's name says {path.stem}")
        found[code] = one
    if not found and not faults:
        faults.append(f"{folder.relative_to(root).as_posix()}: no content files")
    return found


def _hearing(dilemma: Dilemma, said: HeardAt | None) -> Dilemma:
    """The dilemma with what people type at it: what stands in its own file and in this one."""
    if said is None:
        return dilemma
    sides = {}
    for code, pole in dilemma.sides.items():
        one = said.sides.get(code, HeardSide())
        named: dict[str, Heard] = {reason: found["heard"] for reason, found in one.reasons.items()}
        reasons = (r.model_copy(update={"heard": r.heard + named.get(r.code, Heard())}) for r in pole.reasons)
        update = {"heard": pole.heard + one.heard, "refuse": pole.refuse + one.refuse, "reasons": tuple(reasons)}
        sides[code] = pole.model_copy(update=update)
    return dilemma.model_copy(update={"heard": dilemma.heard + said.heard, "sides": sides})


@cache
def shipped() -> Content:
    """The content that comes with the program, read once in a process. Raises ContentFault."""
    return load()


def load(folder: Path = HERE, locales: Path = LOCALES) -> Content:
    """Read everything under `folder` and `locales`.

    Raises ContentFault with one line a fault. Deeper checks (lengths, balance, language) are
    `content.check`'s; what is read here is enough to run.
    """
    faults: list[str] = []
    root = folder.parent
    dilemmas = _folder(folder / "dilemmas", Dilemma, faults, root)
    heard = _folder(folder / "heard", HeardAt, faults, root)
    strays = [code for code in heard if code not in dilemmas]
    faults += [f"content/heard/{code}.yaml: has no dilemma in content/dilemmas" for code in strays]
    dilemmas = {code: _hearing(dilemma, heard.get(code)) for code, dilemma in dilemmas.items()}
    dilemmas = dict(sorted(dilemmas.items(), key=lambda pair: pair[1].number))
    rounds = _folder(folder / "rounds", Round, faults, root)
    items = _folder(folder / "items", Item, faults, root)
    consents = _folder(folder / "consents", Consent, faults, root)
    commands = _read(folder / "commands.yaml", _Commands, faults, root)
    phrases = _read(folder / "phrases.yaml", Phrases, faults, root)
    group = _read(folder / "group.yaml", GroupPlan, faults, root)
    kept = _read(folder / "kept.yaml", _Kept, faults, root)
    versions = _read(folder / "versions.yaml", _Versions, faults, root)
    catalogues = read_catalogues(locales, faults)
    for code, one in rounds.items():
        for named in (*one.dilemmas, *one.after_goodbye):
            if named not in dilemmas:
                faults.append(f"content/rounds/{code}.yaml: dilemmas: {named} has no file in content/dilemmas")
    if faults or not (commands and phrases and group and kept and versions):
        raise ContentFault(faults)
    whole = commands.commands, phrases, group, kept.kept, versions.versions
    return Content(dilemmas, rounds, items, consents, *whole, catalogues)
