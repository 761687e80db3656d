"""Signing in, where the owner has members; elsewhere this is not imported and nothing shows."""

from typing import Any

import gradio as gr

from dalle.serving.http.members import account_of
from dalle.serving.http.visitors import MEMBER
from dalle.serving.page.widget import make_widget
from dalle.serving.settings import ServerSettings


def add_sign_in() -> gr.HTML:
    """A sentence and a link; returns the part of the page, which each visit is told."""
    # Its routes come with it. The button itself takes a label in another language for its second
    # state, and signs out.
    gr.LoginButton(visible=False)
    return make_widget("member", {}, classes=("nf-extra",), folder="members")


def connect_members(
    page: gr.Blocks, told: gr.HTML, candidates: gr.Slider, settings: ServerSettings
) -> None:
    """Tells each visit whether it is a member's, and lets members choose more candidates."""

    def tell_member(request: gr.Request) -> tuple[dict[str, Any], Any]:
        scope = request.request.scope
        account, most = account_of(scope["session"]), settings.members_candidates
        if account is None:
            return {}, gr.skip()
        if not scope.get(MEMBER):
            return {"account": account.name}, gr.skip()
        return {"account": account.name, "most": most}, gr.Slider(maximum=most)

    page.load(
        tell_member,
        None,
        [told, candidates],
        api_visibility="private",
        show_progress="hidden",
        queue=False,
    )
