// Whether somebody signed in, and as a member; and the way in or out.
const line = element.querySelector(".nf-member");
const way = element.querySelector("a");

function render() {
  const { account, most } = props.value ?? {};
  line.textContent = t("Nobody needs to sign in; members wait less.");
  if (most) line.textContent = `${account}: ${t(`a member, with shorter waits and up to ${most} candidates.`)}`;
  else if (account) line.textContent = `${account}: ${t("signed in, and no member here.")}`;
  way.textContent = account ? t("Sign out") : t("Sign in with Hugging Face");
  // Back to the same prompt.
  const target = encodeURIComponent(`/${location.search}`);
  way.href = `${account ? "logout" : "login/huggingface"}?_target_url=${target}`;
}
// The Hub's page about a Space lets the frame scroll, which the question there may need.
way.addEventListener("click", () =>
  window.parent.postMessage({ type: "SET_SCROLLING", enabled: true }, "*"),
);
render();
watch("value", render);
