"""The world that the embedded model learns from: drawings, places, looks, captions."""
