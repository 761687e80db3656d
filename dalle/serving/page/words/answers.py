"""What the server answers where something is wrong, read or noted, in the form of the tables."""

ANSWERS = (
    # Of values that cannot be.
    "The seed is *; it must be a whole number from # to #, or empty.",
    "* is *; it must be a whole number from # to #.",
    "* is *; it must be a whole number from # to #, or # outside of a page and for its members "
    "(use `only` for single ones).",
    "* is *; it must be a number from # to #.",
    "* is *; it must be a number from # to # (the original uses 10).",
    "* has # characters; at most # are read, so shorten it to the content of the picture.",
    "prompt has # characters; at most # are read, so shorten it to the content of the picture.",
    "* holds half a character (a lone surrogate); type or paste it again.",
    "The prompt has no letter and no emoji; write a few words about what to draw.",
    "The negative prompt has no letter and no emoji; write a few words about what to draw.",
    "The prompt holds nothing that the model can read; write a few English words.",
    "The negative prompt holds nothing that the model can read; write a few English words.",
    "The prompt is longer than the model reads: only its first # tokens were used.",
    "The negative prompt is longer than the model reads: only its first # tokens were used.",
    # Of damaged links.
    "The link says *=*, and it must be a whole number; mend the link, or leave * out of it.",
    "The link says *=*, and it must be a number; mend the link, or leave * out of it.",
    "The link says *=*, and it must be true or false; mend the link, or leave * out of it.",
    "The link is too long to be one of ours; copy it once more, whole.",
    "The link tells of changes that can't be read; copy it once more, whole.",
    "The recipe tells of a change that is not known here.",
    "The recipe tells of a mask that can't be read.",
    "This riddle is damaged; ask for its link again, or type a prompt of your own.",
    "Another model drew it: * (here *).",
    "Another revision of the model drew it: * (here *).",
    "It was drawn in another precision: * (here *).",
    "Another kind of machine drew it: * (here *).",
    "Pictures drawn here will differ from it.",
    # Of a visitor's own picture.
    "The file has more than * bytes; give a PNG, JPEG or WebP picture of at most # MB and # "
    "megapixels.",
    "The file's first bytes are of no known picture; give a PNG, JPEG or WebP picture of at "
    "most # MB and # megapixels.",
    "The picture has # x # pixels; give a PNG, JPEG or WebP picture of at most # MB and # "
    "megapixels.",
    "The picture has far too many pixels; give a PNG, JPEG or WebP picture of at most # MB and "
    "# megapixels.",
    "The file is cut or damaged; give a PNG, JPEG or WebP picture of at most # MB and # "
    "megapixels.",
    "The JPEG file has # scans, and at most # are decoded; save it anew.",
    "The picture has # x # pixels; the longer side may be at most # times the shorter one, so "
    "crop it.",
    "The picture has # x # pixels; give one of at most *.",
    "The picture has # x # pixels; give one of at least # pixels a side.",
    "The picture is animated, with # frames; give a single one.",
    "The picture's pixels are of the kind *, not 8-bit RGB or grey; save it as a usual PNG or "
    "JPEG picture.",
    "The picture is transparent in places; fill them, then save it as a usual PNG or JPEG picture.",
    "The picture takes more than # seconds to decode; save it anew, or smaller, with another "
    "program.",
    "The picture takes too much memory to decode; save it anew, or smaller.",
    "Pictures cannot be read at this moment; try it again later.",
    "Too many pictures are being read at this moment; try it again in a minute.",
    "The file did not arrive whole; choose it again.",
    "The server no longer has this picture; choose it once more.",
    "This picture can't be used.",
    "Take another one.",
    "The model reads the picture roughly: its own version differs by # of 255 in the mean.",
    "This model drew the picture itself, so that it goes on from its very codes.",
    # Of going on with a picture.
    "There is no such picture in this result; pick another one.",
    "The picture has # x # pixels, so # times as large it would have more than # megapixels; "
    "give a smaller one.",
    "The picture has # x # pixels at the model's size, so it can grow only up or down; choose "
    "such a side.",
    "The picture has # x # pixels at the model's size, so it can grow only left or right; "
    "choose such a side.",
    "The picture is as long as it may become, # times its shorter side; crop it first.",
    "The mask reaches over more of the picture than the model draws at a time; paint a part "
    "that is no longer than the picture's shorter side.",
    "The mask covers the whole picture, so nothing of it would stay; leave a part black, or "
    "generate a new picture.",
    "The mask is empty, so nothing would change; paint white over what to redraw.",
    "The top and the bottom of this picture differ, so it repeats from left to right alone.",
    # Of the check of pictures.
    "All pictures are not shown.",
    "# of # pictures are not shown.",
    "# of # pictures are blurred by the picture check.",
    "Hidden: the picture check takes it for explicit.",
    "Hidden: the picture check did not work (*).",
    "Blurred: the picture check is not sure that it is harmless.",
    "Blurred: it may show * (an uncalibrated check).",
    "The safety check hid this picture, so it stays hidden.",
    "Try another seed or prompt.",
    "The prompt filter of this page is switched off, but for the protection of children.",
    "Pictures are not checked.",
    # Of the signs that a picture was made here.
    "No sign of a machine was found in it, which proves nothing: signs can be lost.",
    "Its recipe says that Ninefold drew it.",
    "The file says so itself; anybody can write that.",
    "It carries Ninefold's invisible mark with the public key, which anybody can add.",
    "It carries the invisible mark of the secret key, so its maker had that key.",
    "Its metadata says that a trained algorithm made it; anybody can write that.",
    "Its metadata is that of another generator (*); anybody can write that.",
    "A C2PA signature of a signer whom this machine trusts says that a machine made it, and "
    "nothing was changed since.",
    "A C2PA signature of a signer whom this machine does not know says that a machine made it, "
    "and nothing was changed since.",
    "Its recipe was found, and its settings are restored.",
    "The prompt is not in the file.",
    "This picture holds no recipe that can be read: it was not downloaded here, or was edited "
    "or sent through an app that takes such notes out.",
    "The original file restores its settings.",
    "It goes on with a picture that was not drawn here, which its recipe can't hold: begin "
    "with that picture once more.",
    # Of the server, and of reports.
    "The server was restarted and no longer has these pictures.",
    "Press “Use these settings”, then Generate, to draw them again.",
    "The page and the server do not fit together; load the page again.",
    "The address of this page is not known; open it in a tab of its own.",
    "Too many pictures are waiting to be gone on with; try it again in a minute.",
    "Your prompt is kept.",
    "You would wait about # seconds, and at most # are asked of anybody; try again in about # "
    "seconds.",
    "# requests are waiting, and no more are taken; try again in a minute.",
    "# requests are waiting, and no more are taken; try again in about # seconds.",
    "There was not enough memory to draw this.",
    "Your prompt is kept; try it again, with fewer candidates if it fails again.",
    "The server's disk is full, so the files could not be written; try again later.",
    "The server cannot write its own files (*); ask its owner to look at its temporary folder.",
    "The server is being stopped and takes no more requests; try again in a minute.",
    "The server had to stop before this was drawn.",
    "Your prompt is kept; try again in a minute.",
    "The model could not be loaded (*).",
    "The owner of this page finds the details in its log.",
    "* could not be loaded, and * draws instead.",
    "* could not be loaded, and no model draws.",
    "The disk is full; make room, or take a smaller model.",
    "The model gave something that is no number, so there is nothing to draw; try another "
    "seed, or a condition scale and a temperature nearer to the defaults.",
    "The image decoder gave values that are no numbers, so there is no picture: its weights "
    "are damaged; download the model again.",
    "# of # pictures got no usable score and come last (candidates *).",
    "# candidates at a time do not fit into the memory that is free here: they are drawn # at "
    "a time, which takes longer.",
    "Reports are not taken here; write to the owner of the page.",
    "Thank you.",
    "This is report *; the owner of this page reads it.",
    "The event does not fit; load the page anew and try again.",
    "More than # reports an hour came from you; try again later.",
    "* reports came in today, and no more are taken; try again tomorrow.",
    "The report could not be kept (*); try again later.",
    # Of the model.
    "Drawn with * in *.",
)
