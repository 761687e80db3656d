// A model on its way: how far it is, and the sliders' new places once it draws.
const EVERY = 4000; // milliseconds between two questions
const news = element.querySelector(".nf-news");
const bar = news.querySelector("progress");
let model = props.built;
let offered = null; // until this visit is told
let asking = null;

function show({
  model: now = model,
  line = "",
  fraction = null,
  offered: choice = offered,
  ready = true,
}) {
  news.hidden = line === "";
  news.querySelector("p").textContent = t(line);
  bar.hidden = fraction === null;
  if (fraction !== null) bar.value = fraction;
  const open = new URLSearchParams(location.search);
  if (now !== model && !open.has("seed")) trigger("switched"); // a link's settings stay
  // What the visit begins with comes with the choices themselves, a link's among them.
  const begun = offered !== null;
  const took = begun && now !== model;
  const more = begun ? choice.filter((name) => !offered.includes(name)) : [];
  if (took || more.length) trigger("offered", { took });
  model = now;
  offered = choice;
  const settled = !line && ready;
  if (!settled && asking === null) asking = setInterval(askAgain, EVERY);
  if (settled && asking !== null) {
    clearInterval(asking);
    asking = null;
    say(took ? t("* draws now.", now) : more.length ? t("* can be chosen now.", more) : "");
  }
}

async function askAgain() {
  const now = await server.news({}).catch(() => null); // the next time, perhaps
  if (now?.answer) show(now.answer);
}

watch("value", () => show(props.value ?? {}));
show(props.value ?? {});
