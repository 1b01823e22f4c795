"""What we ask: reviewed data files, and the loader that names file and key. Imports nothing of ours."""

from content.loader import Content, ContentFault, load, shipped

__all__ = ["Content", "ContentFault", "load", "shipped"]
