// Nothing here is needed: every form works without it. It sends a form and puts the answer in the place of the page's
// content, so that a file or text that was chosen is not sent twice by a reload. On any trouble the browser does it.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-replace]") || form.dataset.busy) return;
  event.preventDefault();
  form.dataset.busy = "yes";
  const button = form.querySelector("button");
  button.setAttribute("aria-busy", "true");
  try {
    const fields = new FormData(form);
    const body = form.enctype === "multipart/form-data" ? fields : new URLSearchParams(fields);
    const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin", redirect: "error" });
    if (!(answer.headers.get("content-type") || "").startsWith("text/html")) throw new Error("no page");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.title = page.title;
    const content = document.getElementById("content");
    content.replaceChildren(...page.getElementById("content").childNodes);
    window.scrollTo(0, 0);
    content.focus();
  } catch {
    form.submit();
  } finally {
    delete form.dataset.busy;
    button.removeAttribute("aria-busy");
  }
});
