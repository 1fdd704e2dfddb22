// Nothing here is needed: the link can be copied by hand, and the browser prints.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("print" in button.dataset) window.print();
  if (button.dataset.copy) {
    const link = document.getElementById(button.dataset.copy);
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
    } catch {
      // It is selected; the person copies it.
    }
  }
});
