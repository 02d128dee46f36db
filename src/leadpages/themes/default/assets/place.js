// Brings up what was placed to come up: a bar or a slide-in after some scrolling, a dialog when the pointer leaves the
// page. What was closed once stays down. Without it, bars and slide-ins stand at the end of the page.
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.connection?.saveData;
// A visitor may let no page keep anything, and what pages keep may be full.
const memory = (work) => {
  try {
    return work(localStorage);
  } catch {}
};

// Without scripts a dialog is a popover, which leaves the page behind it within reach of the keyboard.
for (const dialog of document.querySelectorAll("dialog[popover]")) {
  dialog.removeAttribute("popover");
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  for (const button of document.querySelectorAll(`[popovertarget="${dialog.id}"]`))
    button.addEventListener("click", () => (dialog.open ? dialog.close() : dialog.showModal()));
}

for (const box of calm ? [] : document.querySelectorAll("[data-place]")) {
  const key = "closed " + box.dataset.place;
  const remember = () => memory((kept) => kept.setItem(key, "yes"));
  if (memory((kept) => kept.getItem(key))) continue;
  box.addEventListener("sent", remember);
  if (box.matches("dialog")) {
    const leave = (event) => {
      if (event.clientY > 0 || document.querySelector("dialog[open]")) return;
      document.documentElement.removeEventListener("mouseleave", leave);
      box.addEventListener("close", remember);
      box.showModal();
    };
    document.documentElement.addEventListener("mouseleave", leave);
  } else if (box.getBoundingClientRect().top > innerHeight) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "close", textContent: "×", ariaLabel: box.dataset.close });
    const close = () => {
      box.classList.remove("up");
      button.remove();
      remember();
    };
    button.addEventListener("click", close);
    addEventListener("keydown", ({ key }) => key === "Escape" && button.isConnected && close());
    const from = box.matches(".bar") ? innerHeight : (document.documentElement.scrollHeight - innerHeight) / 2;
    const rise = () => {
      if (scrollY < from) return;
      removeEventListener("scroll", rise);
      box.prepend(button);
      box.classList.add("up");
    };
    addEventListener("scroll", rise, { passive: true });
  }
}
