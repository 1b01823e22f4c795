"""The pages' templates. Everything put into them is escaped, and a name nobody filled in is a fault."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent
STATIC = HERE / "static"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def page(name: str, **values: object) -> str:
    """The template `name` filled in, as HTML. `simulated=True`: a line says that the residents are made up."""
    return _ENVIRONMENT.get_template(name).render(**{"simulated": False, **values})
