"""The page that `dvc plots` fills, with Vega in it.

DVC's own page loads Vega from the web and stays blank without it. `.dvc/config` names this one instead, so that
`dvc plots show` and `dvc plots diff` draw their charts anywhere.
"""

from pathlib import Path


def plots_page() -> str:
    """The template with Vega, Vega-Lite and Vega-Embed in it, and `{plot_divs}` for DVC to fill."""
    import vl_convert

    template = Path(__file__).with_name("plots_page.html").read_text(encoding="utf-8")
    script = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub lacks the default
    return template.replace('<script id="vega"></script>', f"<script>{script}</script>")
