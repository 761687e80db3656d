"""The least page of gradio's with what the page of this project has too: a box, a button, HTML.

PORT=8000 python -m tests.fakes.bare_page
"""

import os

import gradio as gr


def main() -> None:
    with gr.Blocks(analytics_enabled=False) as page:
        prompt = gr.Textbox(label="Prompt", elem_id="prompt")
        start = gr.Button("Generate")
        shown = gr.HTML('<p class="nf-words">Ready</p>')
        start.click(lambda text: text, prompt, shown)
    page.launch(server_port=int(os.environ["PORT"]), ssr_mode=False, quiet=True)


if __name__ == "__main__":
    main()
