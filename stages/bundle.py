"""Bundle Vega into the page of `dvc plots`: genre/pages/plots.html -> plots/page.html.

    python -m stages.bundle

DVC's own page loads Vega from the web and stays blank without it. `.dvc/config` names this one instead, so that
`dvc plots show` and `dvc plots diff` draw their charts anywhere.
"""

import logging
from pathlib import Path

import vl_convert

from genre import console, files

FRAME = Path("genre/pages/plots.html")
OUT = Path("plots/page.html")
PLACE = '<script id="vega"></script>'

log = logging.getLogger(__name__)


def bundle(frame: str, script: str) -> str:
    """The page `frame` with `script` in its place for Vega."""
    before, after = frame.split(PLACE)
    assert "</script" not in script.lower(), "the browser would take the script to end there"
    return f"{before}<script>{script}</script>{after}"


def main() -> None:
    page = bundle(FRAME.read_text(encoding="utf-8"), vl_convert.javascript_bundle())
    files.write_text(OUT, page)
    log.info("Vega %s and Vega-Lite in %s", vl_convert.get_vega_version(), OUT)


if __name__ == "__main__":
    console.run(main)
