"""The HTML template of `dvc plots`, with Vega embedded.

DVC's default template loads Vega from the web and stays blank offline. `.dvc/config` selects this one instead, so that
`dvc plots show` and `dvc plots diff` work anywhere.
"""

from pathlib import Path


def plots_page() -> str:
    """The template with Vega, Vega-Lite and Vega-Embed inlined, and the placeholder `{plot_divs}` left for DVC."""
    import vl_convert

    template = Path(__file__).with_name("plots_page.html").read_text(encoding="utf-8")
    script = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # the stub lacks the default value
    return template.replace('<script id="vega"></script>', f"<script>{script}</script>")
