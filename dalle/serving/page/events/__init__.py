"""The handlers of the page: a click enters Python here."""
