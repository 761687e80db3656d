// What was drawn and what was starred, to come back to without drawing.
const list = element.querySelector(".nf-past");
const clear = element.querySelector(".nf-clear");
const starred = element.querySelector(".nf-starred");
const take = element.querySelector(".nf-take");

function nothing() {
  return [h("li", { class: "nf-small" }, t("Nothing yet."))];
}

function render() {
  const entries = recall();
  clear.hidden = entries.length === 0;
  const items = entries.map(({ prompt, query, sheet, thumb }) => {
    const click = () => {
      const key = `remembered ${query}`;
      if (sheet) send("look", { run: { key, stamp: key, state: "remembered", prompt, query, preview: sheet } });
      trigger("restore", { query, source: sheet ? "result" : "history" });
    };
    const image = sheet || thumb ? h("img", { src: sheet?.uri ?? thumb, alt: "" }) : null;
    const button = h("button", { type: "button", class: "nf-memory", click }, image, h("span", null, prompt));
    return h("li", null, button);
  });
  list.replaceChildren(...(items.length ? items : nothing()));
}

async function renderStars() {
  const stars = await favourites();
  take.hidden = stars.length === 0;
  const items = stars.map((star) => {
    const click = () => send("look", { run: starredRun(star) });
    return h("li", null, h("button", { type: "button", "aria-label": star.prompt, click }, h("img", { src: star.png, alt: "" })));
  });
  starred.replaceChildren(...(items.length ? items : nothing()));
}

take.addEventListener("click", async () => {
  const stars = await favourites();
  const files = await Promise.all(
    stars.map(async ({ file, png }, at) => [`${at + 1}-${file}`, new Uint8Array(await (await fetch(png)).arrayBuffer())]),
  );
  const uri = URL.createObjectURL(zip(files));
  await save("favourites.zip", uri);
  URL.revokeObjectURL(uri);
});

clear.addEventListener("click", async () => {
  const kept = memorise([]);
  send("forget");
  await forgetRuns();
  say(kept ? t("The history is empty.") : t("This browser keeps nothing for this page."));
});
hear("history", render);
hear("stars", renderStars);
addEventListener("storage", ({ key }) => key === KEY && render()); // another tab drew something
render();
renderStars();
