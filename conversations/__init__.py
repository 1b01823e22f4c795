"""The dialogue as a pure function: `answer(progress, heard, content, city) -> Turn`."""

from conversations.engine import answer
from conversations.shapes import City, Heard, Progress, Say, Turn

__all__ = ["City", "Heard", "Progress", "Say", "Turn", "answer"]
