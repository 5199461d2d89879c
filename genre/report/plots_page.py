"""The page that `dvc plots` fills, with Vega in it.

DVC's own page loads Vega from the web and stays blank without it. `.dvc/config` names this one instead, so that
`dvc plots show` and `dvc plots diff` draw their charts anywhere.
"""

from pathlib import Path

_TEMPLATE = Path(__file__).with_name("plots_page.html")
_PLACE = '<script id="vega"></script>'


def plots_page() -> str:
    """The template with Vega, Vega-Lite and Vega-Embed in it, and `{plot_divs}` for DVC to fill."""
    import vl_convert

    script = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub lacks the default
    before, after = _TEMPLATE.read_text(encoding="utf-8").split(_PLACE)
    assert "</script" not in script.lower(), "the browser would take the script to end there"
    return f"{before}<script>{script}</script>{after}"
