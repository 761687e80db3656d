// Starred pictures: the files themselves, kept by this browser and nowhere else.
const MOST_STARS = 200;

async function openStars(mode = "readonly") {
  return (await openDatabase()).transaction("stars", mode).objectStore("stars");
}

async function favourites() {
  try {
    const all = await settle((await openStars()).getAll());
    return all.sort((one, other) => other.when - one.when);
  } catch (error) {
    console.info("The browser keeps no favourites:", error);
    return [];
  }
}

// What began with a visitor's own picture has no query.
function starKey(run, tile) {
  return tile.query || `${run.key} ${tile.candidate}`;
}

// Whether the picture is starred now; null where the browser keeps nothing.
async function toggleStar(run, tile) {
  const key = starKey(run, tile);
  try {
    if (await settle((await openStars()).get(key))) {
      await settle((await openStars("readwrite")).delete(key));
      return false;
    }
    if ((await settle((await openStars()).count())) >= MOST_STARS) {
      say(t(`There are ${MOST_STARS} favourites; take one away first.`));
      return false;
    }
    const answer = await fetch(tile.png || tile.src);
    if (!answer.ok) {
      say(t("The server no longer has this picture; draw it again."));
      return false;
    }
    const png = await toDataUri(await answer.blob());
    const { file, alt, seed, candidate } = tile;
    const query = tile.query ?? "";
    const link = query && (run.link ?? run.query);
    const star = { key, query, prompt: run.answer ?? run.prompt, link, file, alt, seed, candidate, png, when: Date.now() };
    await settle((await openStars("readwrite")).put(star, key));
    return true;
  } catch (error) {
    console.info("The browser keeps no favourites:", error);
    say(t("This browser keeps nothing for this page."));
    return null;
  }
}

function starButton(run, tile) {
  const button = h("button", { type: "button", class: "nf-action nf-star", "aria-pressed": "false" }, t("Favourite"));
  const show = (starred) => button.setAttribute("aria-pressed", Boolean(starred));
  button.addEventListener("click", async () => {
    show(await toggleStar(run, tile));
    send("stars");
  });
  favourites().then((all) => show(all.some(({ key }) => key === starKey(run, tile))));
  return button;
}

// A starred picture as the board shows a run of one.
function starredRun(star) {
  const tile = { ...star, src: star.png, place: 1, score: null, look: "show", reason: "" };
  const key = `star ${star.key}`;
  return { key, stamp: key, state: "done", prompt: star.prompt, query: star.query, link: star.link, tiles: [tile], rejected: 0, summary: "", alone: star.candidate };
}
