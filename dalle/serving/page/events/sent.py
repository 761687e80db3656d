"""What a script of the page sends with an event; strangers send anything."""

from typing import Any, TypeVar

import gradio as gr

Kind = TypeVar("Kind")
MISFIT = "The event does not fit; load the page anew and try again."


class Sent(gr.EventData):
    """An event whose fields are asked for by name and kind."""

    def field(self, name: str, kind: type[Kind], untold: Any = None) -> Kind:
        """The field; a sentence for the visitor, and none for the log, where it is none such."""
        fields = self._data if isinstance(self._data, dict) else {}
        value = fields.get(name, untold)
        if not isinstance(value, kind):
            raise misfit()
        return value

    def pick(self, things: tuple[Any, ...]) -> Any:
        """The one of these things whose number is the field `index`."""
        index = self.field("index", int)
        if not 0 <= index < len(things):
            raise misfit()
        return things[index]


def misfit() -> gr.Error:
    return gr.Error(MISFIT, print_exception=False)
