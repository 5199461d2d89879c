"""The web page and its API endpoint: a Gradio interface to the code behind `genre predict`."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import soundfile

from genre.app.content import Heard, card, details, model_summary
from genre.app.uploads import Uploads
from genre.model.exported import RELEASED
from genre.songs.answers import Answer, answer_file, load_network
from genre.songs.text import TOP, clock

# Built-in sample genres by button name: only those whose third clip the released model classifies correctly.
EXAMPLES = {genre: [genre] for genre in ("classical", "jazz", "disco")} | {"medley": ["classical", "jazz", "disco"]}
MAX_UPLOAD_MB = 200  # maximum upload, in MB
_HERE = Path(__file__).parent
_PROGRESS = gr.Progress()
# JavaScript run before each event: sets the second input to whether the browser window is narrow.
_WIDTH_JS = "first => [first, matchMedia('(max-width: 1000px)').matches]"


class Page:
    """The page and endpoint for one model; `blocks` is the Gradio app."""

    def __init__(self, model: Path, uploads: Uploads) -> None:
        self._network, self._info, threads = load_network(model)
        self._uploads = uploads
        self._visits: dict[str, list[Heard]] = {}  # by Gradio session
        self._example_lock = threading.Lock()  # synthesise each example once
        with gr.Blocks(title="genre", analytics_enabled=False, delete_cache=(3600, 86400)) as self.blocks:
            self._build_layout(model)
            self.blocks.load(self._enter, api_visibility="private")
        self.blocks.unload(self._leave)
        self.blocks.queue(default_concurrency_limit=threads)

    def _build_layout(self, model: Path) -> None:
        gr.Markdown("# What genre is it?\nDrop songs, or record one. Closing this page deletes them from the server.")
        narrow = gr.Checkbox(visible=False)  # see _WIDTH_JS
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                self._drop = gr.File(label=f"Songs, up to {MAX_UPLOAD_MB} MB each", file_count="multiple", height=170)
                record = gr.Audio(label="Microphone", sources="microphone", type="filepath", editable=False)
                gr.Markdown("No song at hand? Try a computer-generated one:")
                with gr.Row():
                    examples = [gr.Button(name, size="sm", min_width=60) for name in EXAMPLES]
                self._songs = gr.Radio(label="Heard", visible=False)
            with gr.Column(scale=5, min_width=320):
                self._genre = gr.Label(num_top_classes=TOP, label="Genre")
                self._details = gr.HTML(elem_classes="song", js_on_load=(_HERE / "player.js").read_text("utf-8"))
        gr.Markdown(model_summary(self._info, model))
        if model == RELEASED:
            with gr.Accordion("The model's card", open=False):
                gr.Markdown(card())
        shown = [self._drop, self._songs, self._genre, self._details]
        hear_options: dict[str, Any] = {
            "outputs": shown,
            "js": _WIDTH_JS,
            "preprocess": False,
            "trigger_mode": "multiple",
            "concurrency_id": "hear",
            "show_progress_on": self._genre,
            "api_visibility": "private",
        }
        self._drop.upload(self._hear, [self._drop, narrow], **hear_options)
        record.stop_recording(self._hear, [record, narrow], **hear_options)
        for example in examples:
            example.click(self._hear_example, [example, narrow], **hear_options)
        self._songs.input(
            self._choose, [self._songs, narrow], shown, js=_WIDTH_JS, show_progress="hidden", api_visibility="private"
        )
        files, answers = gr.File(file_count="multiple", visible=False), gr.JSON(visible=False)
        gr.Button(visible=False).click(
            self.predict, files, answers, preprocess=False, concurrency_id="hear", api_name="predict"
        )

    def _hear(self, files: Any, narrow: bool, request: gr.Request, progress: gr.Progress = _PROGRESS) -> Iterator[dict]:
        """Predict the files of one event in turn; show the first as soon as its answer is ready."""
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
                if heard.answer.song or heard.answer.error  # the others are pending
            ]
            if number == 0:
                yield {
                    self._songs: gr.update(choices=lines, value=first, visible=len(lines) > 1),
                    **self._show(visit[first], narrow),
                }
            else:  # keep the visitor's selection
                yield {self._songs: gr.update(choices=lines, visible=True)}

    def _hear_example(
        self, name: str, narrow: bool, request: gr.Request, progress: gr.Progress = _PROGRESS
    ) -> Iterator[dict]:
        """The same for an example from the built-in sample, synthesised on first use."""
        genres, path = EXAMPLES[name], self._uploads.folder / f"synthesised {name}.flac"
        with self._example_lock:
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
        del answer["path"]  # a path on the server, which Gradio's client would download
        return {"file": _name(file), **answer}

    def _enter(self, request: gr.Request) -> None:
        self._visits[str(request.session_hash)] = []

    def _visit(self, request: gr.Request, *, uploaded: Sequence[dict] = ()) -> list[Heard]:
        """The visitor's files; an error after a lost connection, as the server would not learn when the page closes."""
        session = str(request.session_hash)
        if session not in self._visits:
            self._uploads.delete(Path(file["path"]) for file in uploaded)
            raise gr.Error(
                "The connection was lost, and your songs were deleted. Reload this page.", print_exception=False
            )
        return self._visits[session]

    def _leave(self, request: gr.Request) -> None:
        for heard in self._visits.pop(str(request.session_hash), []):
            self._uploads.delete([heard.answer.path])  # one by one: the same song may have been uploaded twice


def _name(file: dict) -> str:
    return file["orig_name"] or Path(file["path"]).name
