"""The grids that pictures are made on: 8 x 8 cells of 24 pixels, one image token each.

Places are built from smaller blocks, which need not fit the cells: a ground is one token.
"""

CELL = 24  # pixels
CELLS = 8
SIDE = CELL * CELLS  # 192 pixels

BLOCK = 16  # pixels
BLOCKS = SIDE // BLOCK
