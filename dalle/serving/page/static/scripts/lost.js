() => document.querySelectorAll(".gradio-container").forEach((page) => page.dispatchEvent(new CustomEvent("ninefold:lost")))
