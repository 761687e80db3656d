"""Serves the page on 0.0.0.0:$PORT; dalle/serving/README.md lists all variables."""

import os
import sys

from dalle.errors import DalleError
from dalle.serving.serve import serve

if __name__ == "__main__":
    try:
        serve(os.environ)
    except DalleError as error:
        sys.exit(f"Error: {error}")
