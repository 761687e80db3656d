"""The fake engine's app, set up by the variables: with members, or with an owner's picks."""

import os
from dataclasses import replace

from dalle.engine.engine import LocalEngine
from dalle.safety.prompts.filter import PromptFilter
from dalle.serving.page.picks import read_picks
from dalle.serving.page.site import Site
from dalle.serving.settings import ServerSettings
from dalle.serving.startup import member_lane
from tests.fakes.engine import main, make_site

SETTINGS = ServerSettings.from_environment(os.environ)


def site_of(engine: LocalEngine) -> Site:
    judge = PromptFilter.load(SETTINGS.prompt_policy)
    picks = read_picks(SETTINGS.picks, judge.require) if SETTINGS.picks else ()
    return replace(make_site(engine), settings=SETTINGS, picks=picks)


if __name__ == "__main__":
    main(site_of=site_of, members=member_lane(SETTINGS))
