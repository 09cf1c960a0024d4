"""HTML files that need nothing else, from templates beside the code that fills them.

Every value is escaped, and a name that a template does not get is an error, not a gap in the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def render(template: Path, **values: Any) -> str:
    """A template, filled.

    Args:
        template: file; what it extends or includes lies in the same folder.
        values: names of the template; strings are escaped unless they are `Markup`.

    Raises:
        jinja2.UndefinedError: the template uses a name that is not given.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(**values)
