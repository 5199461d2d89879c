"""The contents of the page, as HTML and Markdown."""

import html
import io
import json
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import matplotlib

from genre.model.exported import RELEASED
from genre.model.model_file import ModelInfo
from genre.report.charts.song import song as draw_song
from genre.songs.answers import Answer
from genre.songs.prediction import Song
from genre.songs.text import conclusion

_DRAW_LOCK = threading.Lock()  # matplotlib's settings are global


@dataclass(frozen=True)
class Heard:
    """An uploaded file and its answer."""

    name: str  # the original one: Gradio drops emoji and more from the path
    answer: Answer

    def line(self, genres: list[str]) -> str:
        """The answer as one line of text."""
        song = self.answer.song
        if song is None:
            return f"{self.name}: {self.answer.error}"
        return f"{self.name}: {genres[song.probabilities.argmax()]}, {100 * song.probabilities.max():.0f} %"


def details(heard: Heard, info: ModelInfo, *, narrow: bool) -> str:
    """HTML: the conclusion, notes, a picture and an audio player; or the error."""
    song = heard.answer.song
    if song is None:
        return f"<p>{html.escape(heard.line(info.genres))}</p>"
    notes = "".join(f"<p>Note: {html.escape(note)}</p>" for note in song.notes)
    return (
        f"<p>{html.escape(conclusion(song, info.genres))}</p>{notes}"
        f'<div class="picture">{picture(heard.name, song, info, narrow=narrow)}</div>'
        f'<audio controls src="gradio_api/file={quote(str(heard.answer.path))}"></audio>'
    )


def picture(name: str, song: Song, info: ModelInfo, *, narrow: bool) -> str:
    """The picture of `genre predict --plot` as SVG, overlaid with a line that follows the player."""
    svg = io.StringIO()
    with _DRAW_LOCK, matplotlib.rc_context({"svg.fonttype": "none"}):
        figure = draw_song(name, song, info, width=4.2 if narrow else 9)
        figure.savefig(svg, format="svg", dpi=100)
    above, below = (axes.get_position() for axes in figure.axes[:2])
    line = (
        f'<i data-left="{above.x0}" data-width="{above.width}" '
        f'style="left: {above.x0:.2%}; top: {1 - above.y1:.2%}; bottom: {below.y0:.2%}"></i>'
    )
    return svg.getvalue()[svg.getvalue().index("<svg") :] + line


def model_summary(info: ModelInfo, model: Path) -> str:
    """Markdown: the model, the data that it was trained on, and how far to trust it."""
    text = (
        f"**The model** ({info.architecture}) was trained on {info.dataset}, {info.protocol.replace('_', '-')} split. "
        f"It knows {', '.join(info.genres)}, and always names one of these, whatever it hears."
    )
    if model != RELEASED:
        return text
    test = json.loads((RELEASED.parent / "card.json").read_text("utf-8"))["test"]
    return text + (
        f" It named the correct genre of {100 * test['accuracy']:.0f} % of {test['n_clips']} test clips (95 % interval "
        f"{100 * test['accuracy_low']:.0f} to {100 * test['accuracy_high']:.0f} %)."
    )


def card() -> str:
    """Markdown: the released model's card, without links to local files."""
    return re.sub(r"\[([^]]*)\]\((?!https?:)[^)]*\)", r"\1", (RELEASED.parent / "README.md").read_text("utf-8"))
