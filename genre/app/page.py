"""The page and the endpoint, built with Gradio on what `genre predict` uses."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import soundfile

from genre.app.content import Heard, card, details, trust
from genre.app.uploads import Uploads
from genre.model.exported import RELEASED
from genre.songs.answers import Answer, answer_file, load_network
from genre.songs.text import TOP, clock

# Genres of the built-in sample, by the name of their button: those whose third clip the released model hears as meant.
EXAMPLES = {genre: [genre] for genre in ("classical", "jazz", "disco")} | {"medley": ["classical", "jazz", "disco"]}
LARGEST = 200  # upload, in MB
_HERE = Path(__file__).parent
_PROGRESS = gr.Progress()
# Tells an event, as its second input, whether the visitor's window is narrow when it happens.
_ASK_WIDTH = "first => [first, matchMedia('(max-width: 1000px)').matches]"


class Page:
    """The page and the endpoint of one model; `blocks` is what Gradio serves."""

    def __init__(self, model: Path, uploads: Uploads) -> None:
        self._network, self._info, threads = load_network(model)
        self._uploads = uploads
        self._visits: dict[str, list[Heard]] = {}  # by Gradio's session
        self._making = threading.Lock()  # of an example
        with gr.Blocks(title="genre", analytics_enabled=False, delete_cache=(3600, 86400)) as self.blocks:
            self._lay_out(model)
            self.blocks.load(self._enter, api_visibility="private")
        self.blocks.unload(self._leave)
        self.blocks.queue(default_concurrency_limit=threads)

    def _lay_out(self, model: Path) -> None:
        gr.Markdown("# What genre is it?\nDrop songs, or record one. Closing this page deletes them from the server.")
        narrow = gr.Checkbox(visible=False)  # see _ASK_WIDTH
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                self._drop = gr.File(label=f"Songs, up to {LARGEST} MB each", file_count="multiple", height=170)
                record = gr.Audio(label="Microphone", sources="microphone", type="filepath", editable=False)
                gr.Markdown("No song at hand? Try a computer-generated one:")
                with gr.Row():
                    examples = [gr.Button(name, size="sm", min_width=60) for name in EXAMPLES]
                self._songs = gr.Radio(label="Heard", visible=False)
            with gr.Column(scale=5, min_width=320):
                self._genre = gr.Label(num_top_classes=TOP, label="Genre")
                self._details = gr.HTML(elem_classes="song", js_on_load=(_HERE / "player.js").read_text("utf-8"))
        gr.Markdown(trust(self._info, model))
        if model == RELEASED:
            with gr.Accordion("The model's card", open=False):
                gr.Markdown(card())
        shown = [self._drop, self._songs, self._genre, self._details]
        hear: dict[str, Any] = {
            "outputs": shown,
            "js": _ASK_WIDTH,
            "preprocess": False,
            "trigger_mode": "multiple",
            "concurrency_id": "hear",
            "show_progress_on": self._genre,
            "api_visibility": "private",
        }
        self._drop.upload(self._hear, [self._drop, narrow], **hear)
        record.stop_recording(self._hear, [record, narrow], **hear)
        for example in examples:
            example.click(self._hear_example, [example, narrow], **hear)
        self._songs.input(
            self._choose, [self._songs, narrow], shown, js=_ASK_WIDTH, show_progress="hidden", api_visibility="private"
        )
        files, answers = gr.File(file_count="multiple", visible=False), gr.JSON(visible=False)
        gr.Button(visible=False).click(
            self.predict, files, answers, preprocess=False, concurrency_id="hear", api_name="predict"
        )

    def _hear(self, files: Any, narrow: bool, request: gr.Request, progress: gr.Progress = _PROGRESS) -> Iterator[dict]:
        """Answer the files of one event in turn; the first is shown as soon as it is answered."""
        files = files if isinstance(files, list) else [files]
        visit = self._visit(request, uploaded=files)
        first = len(visit)
        visit += [Heard(_name(file), Answer(Path(file["path"]), None)) for file in files]
        yield {self._drop: None}
        for number, heard in enumerate(visit[first : first + len(files)]):

            def report(seconds: float, number: int = number) -> None:
                progress((number + 1, None), unit=f"of {len(files)}: {clock(seconds)} heard")

            report(0)
            answer = answer_file(heard.answer.path, self._network, self._info, keep_windows=True, progress=report)
            visit[first + number] = replace(heard, answer=answer)
            lines = [
                (heard.line(self._info.genres), index)
                for index, heard in enumerate(visit)
                if heard.answer.song or heard.answer.error  # others are still to be answered
            ]
            if number == 0:
                yield {
                    self._songs: gr.update(choices=lines, value=first, visible=len(lines) > 1),
                    **self._show(visit[first], narrow),
                }
            else:  # the visitor may have chosen another
                yield {self._songs: gr.update(choices=lines, visible=True)}

    def _hear_example(
        self, name: str, narrow: bool, request: gr.Request, progress: gr.Progress = _PROGRESS
    ) -> Iterator[dict]:
        """The same for clips of the built-in sample, which are made when they are first asked for."""
        genres, path = EXAMPLES[name], self._uploads.folder / f"synthesised {name}.flac"
        with self._making:
            if not path.exists():
                from genre.dataset.sample import SAMPLE_RATE, synthesise  # slow to import

                clips = [synthesise(genre, 2, seconds=30, seed=0) for genre in genres]
                soundfile.write(path, np.concatenate(clips), SAMPLE_RATE)
        yield from self._hear({"path": path, "orig_name": path.name}, narrow, request, progress)

    def _choose(self, index: int, narrow: bool, request: gr.Request) -> dict:
        return self._show(self._visit(request)[index], narrow)

    def _show(self, heard: Heard, narrow: bool) -> dict:
        song = heard.answer.song
        probabilities = dict(zip(self._info.genres, song.probabilities.tolist(), strict=True)) if song else None
        return {
            self._genre: gr.Label(probabilities, label=heard.name, visible=song is not None),
            self._details: details(heard, self._info, narrow=narrow),
        }

    def predict(self, files: Any) -> list[dict]:
        """Name the genre of audio files: for each what `genre predict --json` prints, with `file` instead of `path`."""
        files = files or []
        try:
            return [self._answer(file) for file in files]
        finally:
            self._uploads.delete(Path(file["path"]) for file in files)

    def _answer(self, file: dict) -> dict:
        answer = answer_file(Path(file["path"]), self._network, self._info).to_dict(self._info.genres)
        del answer["path"]  # on this server, and Gradio's client would download it
        return {"file": _name(file), **answer}

    def _enter(self, request: gr.Request) -> None:
        self._visits[str(request.session_hash)] = []

    def _visit(self, request: gr.Request, *, uploaded: Sequence[dict] = ()) -> list[Heard]:
        """What was heard on a page; nothing of one whose connection broke, as nobody would say when it is closed."""
        session = str(request.session_hash)
        if session not in self._visits:
            self._uploads.delete(Path(file["path"]) for file in uploaded)
            raise gr.Error(
                "The connection was lost, and your songs were deleted. Reload this page.", print_exception=False
            )
        return self._visits[session]

    def _leave(self, request: gr.Request) -> None:
        for heard in self._visits.pop(str(request.session_hash), []):
            self._uploads.delete([heard.answer.path])  # one by one: a song may have been dropped twice


def _name(file: dict) -> str:
    return file["orig_name"] or Path(file["path"]).name
