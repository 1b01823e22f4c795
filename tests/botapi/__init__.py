"""The tests' own Bot API server, and residents who use it. `tests/test_botapi.py` keeps it honest."""

from tests.botapi.faults import Fault
from tests.botapi.flood import Flood
from tests.botapi.groups import Group
from tests.botapi.resident import Resident, Seen
from tests.botapi.server import TOKEN, BotApi, Call

__all__ = ["TOKEN", "BotApi", "Call", "Fault", "Flood", "Group", "Resident", "Seen"]
