// Nothing here is needed: without it the page loads itself anew. It asks how the request stands and changes the page when
// that changed, so that nobody's place in it is lost while they wait.
const EVERY = 2500;
const look = async () => {
  try {
    const answer = await fetch(location.pathname + location.search, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error("no page");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [now, next] = [document, page].map((one) => one.getElementById("wallet"));
    if (now.dataset.outcome !== next.dataset.outcome) {
      document.title = page.title;
      now.replaceWith(next);
      document.getElementById("content").focus();
      return;
    }
    now.querySelector(".waiting").textContent = next.querySelector(".waiting").textContent;
  } catch {
    // The next look may fare better.
  }
  setTimeout(look, EVERY);
};
setTimeout(look, EVERY);
