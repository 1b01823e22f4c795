"""The edges: Telegram, web chat, terminal, staff desk, push. They meet the rest at `desk.py`."""
