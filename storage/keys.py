"""One secret, and a key of its own for every purpose (HKDF-SHA256, RFC 5869)."""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from array import array
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_FILE = "pseudonym.key"
PSEUDONYM_LETTERS = 16
ANSWER_BYTES = 10
ANSWER_LETTERS = 2 * ANSWER_BYTES
# No digits: a spreadsheet takes 86530674531871852e49 for a number.
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


class KeyFault(Exception):
    """The secret is missing, malformed, or readable by others."""


def read_or_make(folder: Path, given: str = "") -> list[bytes]:
    """The secret, and behind it those that were in use before: `given` (hex, at least 32 bytes each, with
    white space between), or the file in `folder`, made with mode 600 if absent.

    Raises KeyFault naming the setting or the file.
    """
    if given.strip():
        try:
            found = [bytes.fromhex(one) for one in given.split()]
        except ValueError:
            raise KeyFault("STADSDIALOOG_PSEUDONYM_KEY: expected hexadecimal digits") from None
        if any(len(secret) < 32 for secret in found):
            raise KeyFault("STADSDIALOOG_PSEUDONYM_KEY: expected at least 64 hexadecimal digits")
        return found
    path = folder / KEY_FILE
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            raise KeyFault(f"{path}: others can read this key; run chmod 600 on it") from None
        if not (written := path.read_text("ascii").strip()):
            raise KeyFault(f"{path}: is empty") from None
        return read_or_make(folder, written)
    with os.fdopen(made, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
    return read_or_make(folder)


def write(folder: Path, secrets_in_use: Sequence[bytes]) -> None:
    """Put these into the file, the one in use first; all of it or nothing."""
    path, part = folder / KEY_FILE, folder / f"{KEY_FILE}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{one.hex()}\n" for one in secrets_in_use)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


class Keys:
    """Keys and keyed codes derived from the one secret. `simulated`: the people are made up, and every
    pseudonym says so, wherever a row of theirs ends up. `earlier`: those of secrets that were in use
    before, the newest first: what was kept under them is found, and nothing new is.
    """

    def __init__(self, secret: bytes, simulated: bool = False, earlier: Sequence[bytes] = ()) -> None:
        self._secret = secret
        self.simulated = simulated
        self.earlier = tuple(Keys(one, simulated) for one in earlier)
        self._derived: dict[str, bytes] = {}

    def marked(self) -> Keys:
        """The same keys, for people who are made up."""
        return Keys(self._secret, simulated=True, earlier=[one._secret for one in self.earlier])

    @property
    def all(self) -> tuple[Keys, ...]:
        """These, and behind them those that were in use before."""
        return (self, *self.earlier)

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key of this purpose."""
        if purpose not in self._derived:
            kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"stadsdialoog {purpose}".encode())
            self._derived[purpose] = kdf.derive(self._secret)
        return self._derived[purpose]

    def code(self, purpose: str, value: str, size: int = 10) -> str:
        """A keyed code of `size` bytes for a value, in base32 without padding."""
        digest = hmac.digest(self.derive(purpose), value.encode(), "sha256")[:size]
        return base64.b32encode(digest).decode().rstrip("=")

    def fingerprint(self) -> str:
        """Tells one secret from another without giving it away."""
        return self.code("fingerprint", "stadsdialoog")

    def address(self, channel: str, address: str) -> str:
        """The keyed hash under which a channel address is found again."""
        return hmac.digest(self.derive("address"), f"{channel}:{address}".encode(), "sha256").hex()

    def pseudonym(self, participant: str) -> str:
        """The name of a participant in exports: keyed, and made of nothing but a random id."""
        return pseudonym(self.derive("pseudonym"), participant, self.prefix)

    def group(self, session: str) -> str:
        """The name of a group's dialogue in exports: keyed, and made of nothing but its random code."""
        return pseudonym(self.derive("group"), session, self.prefix)

    def seat(self, key: str, channel: str, address: str) -> str:
        """Who somebody is in one session, whose own `key` was drawn for it, and nowhere else."""
        return hmac.digest(self.derive("seat"), f"{key}:{channel}:{address}".encode(), "sha256").hex()

    @property
    def prefix(self) -> str:
        """What the name of a participant begins with."""
        return "simulated_" if self.simulated else ""

    def resume_code(self, participant: str) -> str:
        """The code with which a web resident goes on elsewhere: three groups of four characters."""
        # A digit tells it from ordinary words, also where somebody leaves out the hyphens.
        codes = (self.code("resume", f"{participant}:{n}", 8)[:12] for n in count())
        code = next(code for code in codes if any(c.isdigit() for c in code))
        return "-".join(code[i : i + 4] for i in (0, 4, 8))

    def resume_hash(self, code: str) -> str:
        """The keyed hash of a resume code, however it was typed."""
        bare = code.upper().replace("-", "").replace(" ", "")
        return hmac.digest(self.derive("resume-hash"), bare.encode(), "sha256").hex()


def pseudonym(key: bytes, participant: str, prefix: str) -> str:
    """The name of a participant under this key: the prefix and PSEUDONYM_LETTERS small letters and digits."""
    return prefix + base64.b32encode(hmac.digest(key, participant.encode(), "sha256")[:10]).decode().lower()


def answer_codes(key: bytes, numbers: array[int]) -> str:
    """The names of answer rows in exports, ANSWER_LETTERS each: opaque, so that they tell nothing of the order.

    `numbers` are the rows' own (typecode `q`). Each is one block of AES-256, cut off: all of them in
    one call, where a hash each would take longer than writing the file.
    """
    blocks = array("q", bytes(16 * len(numbers)))
    blocks[::2] = numbers
    # Of blocks that are all different nothing shows; a mode that chains them would give other names each time.
    coded = Cipher(AES256(key), ECB()).encryptor().update(blocks.tobytes())  # noqa: S305
    return b"".join(coded[at : at + ANSWER_BYTES] for at in range(0, len(coded), 16)).hex().translate(_LETTERS)
