// Brings up what was placed to come up: a bar or a slide-in after some scrolling, a dialog when the pointer leaves the
// page. What was refused once stays down. Without it, bars and slide-ins stand at the end of the page.
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.connection?.saveData;
const memory = (() => {
  try {
    return localStorage;
  } catch {} // the visitor lets no page keep anything
})();
for (const box of calm ? [] : document.querySelectorAll("[data-place]")) {
  const key = "refused " + box.dataset.place;
  const refuse = () => memory?.setItem(key, "yes");
  if (memory?.getItem(key)) continue;
  box.addEventListener("submit", refuse);
  if (box.popover) {
    const leave = (event) => {
      if (event.clientY > 0 || document.querySelector(":popover-open")) return;
      document.documentElement.removeEventListener("mouseleave", leave);
      box.addEventListener("toggle", (change) => change.newState === "closed" && refuse());
      box.showPopover();
    };
    document.documentElement.addEventListener("mouseleave", leave);
  } else if (box.getBoundingClientRect().top > innerHeight) {
    const close = document.createElement("button");
    Object.assign(close, { type: "button", className: "close", textContent: "×", ariaLabel: box.dataset.close });
    close.addEventListener("click", () => (refuse(), box.classList.remove("up"), close.remove()));
    const from = box.matches(".bar") ? innerHeight : (document.documentElement.scrollHeight - innerHeight) / 2;
    const rise = () => {
      if (scrollY < from) return;
      removeEventListener("scroll", rise);
      box.prepend(close);
      box.classList.add("up");
    };
    addEventListener("scroll", rise, { passive: true });
  }
}
