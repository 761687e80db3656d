"""The grid that pictures are made on: 12 x 12 cells of 16 pixels, one image token each."""

CELL = 16  # pixels
CELLS = 12
SIDE = CELL * CELLS  # 192 pixels
