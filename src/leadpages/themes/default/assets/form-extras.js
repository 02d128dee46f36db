// What some forms do beside showing errors: answers from the address, fields that are asked for by an answer or one at
// a time, counters, steps. Only their pages load it.
{
  const form = document.currentScript.previousElementSibling;
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
  form.className = "scripted";

  const query = new URLSearchParams(location.search);
  for (const name of (form.getAttribute("data-prefill") || "").split(" ").filter((name) => query.has(name))) {
    const [value] = query.getAll(name);
    // Defaults: what a visitor who comes back had typed stays.
    for (const control of form.querySelectorAll(`[name="${name}"]`))
      if (control.options) for (const option of control.options) option.defaultSelected = option.value === value;
      else if (/radio|checkbox/.test(control.type)) control.defaultChecked = query.getAll(name).includes(control.value);
      else control.defaultValue = value;
  }

  const choose = () => {
    for (const box of form.querySelectorAll("[data-when]")) {
      const [name, values] = JSON.parse(box.getAttribute("data-when"));
      box.hidden = !new FormData(form).getAll(name).some((value) => values.includes(value));
      // What is disabled is not sent; a field that hangs on it is hidden in its turn.
      for (const control of box.querySelectorAll("input, select, textarea")) {
        control.disabled = box.hidden;
        control.required = control.hasAttribute("data-required");
      }
    }
  };
  form.addEventListener("change", choose);
  addEventListener("pageshow", choose);
  choose();

  // Of the questions in the queue the first that this visitor has not answered. The browser keeps their names alone.
  const queue = [...form.querySelectorAll("[data-queued]")];
  if (queue.length) {
    const nameOf = (box) => box.getAttribute("data-field");
    let answered = [];
    try {
      answered = JSON.parse(localStorage.answered);
    } catch {}
    const asked = queue.find((box) => !answered.includes(nameOf(box)));
    for (const box of queue) {
      box.hidden = box !== asked;
      for (const control of box.querySelectorAll("input, select, textarea")) control.disabled = box.hidden;
    }
    form.addEventListener("sent", () => {
      if (!asked || !new FormData(form).get(nameOf(asked))) return;
      try {
        localStorage.answered = JSON.stringify([...answered, nameOf(asked)]);
      } catch {}
    });
  }

  for (const limit of form.querySelectorAll("[data-max]")) {
    const control = limit.previousElementSibling;
    const seen = make("p", { className: "help" });
    const heard = make("p", { className: "hidden" });
    let pause;
    const count = () => {
      const left = limit.getAttribute("data-max") - control.value.length;
      seen.textContent = limit.getAttribute(left < 0 ? "data-over" : "data-left").replace("{count}", Math.abs(left));
      seen.classList.toggle("over", left < 0);
    };
    limit.className = "hidden";
    seen.setAttribute("aria-hidden", "true");
    heard.setAttribute("aria-live", "polite");
    limit.after(seen, heard);
    control.addEventListener("input", () => {
      count();
      clearTimeout(pause);
      pause = setTimeout(() => (heard.textContent = seen.textContent), 1000);
    });
    addEventListener("pageshow", count);
    count();
  }

  const steps = [...form.querySelectorAll(".step")];
  if (steps.length) {
    const send = form.querySelector("[type=submit]");
    const label = send.textContent;
    const progress = make("p", { className: "meta" });
    const back = make("button", { type: "button", className: "back", textContent: form.getAttribute("data-back") });
    let open = steps[0];
    const place = () => {
      const asked = steps.filter((step) => step.querySelector("[data-field]:not([hidden])"));
      return { asked, at: asked.indexOf(open) };
    };
    const show = () => {
      const { asked, at } = place();
      const numbers = { number: at + 1, count: asked.length };
      steps.forEach((step) => (step.hidden = step !== open));
      progress.textContent = form.getAttribute("data-progress").replace(/{(\w+)}/g, (_, name) => numbers[name]);
      back.hidden = !at;
      send.textContent = asked[at + 1] ? form.getAttribute("data-next") : label;
    };
    const go = (by) => {
      const { asked, at } = place();
      open = asked[at + by];
      show();
      const start = open.matches("fieldset") ? open.firstElementChild : open.querySelector("input, select, textarea");
      if (start.matches("legend")) start.tabIndex = -1;
      start.focus();
    };
    progress.setAttribute("role", "status");
    form.insertBefore(progress, steps[0]);
    form.insertBefore(back, send);
    back.addEventListener("click", () => go(-1));
    form.addEventListener("change", show);
    addEventListener("pageshow", show);
    form.addEventListener("checked", () => go(1));
    form.addEventListener("reveal", (event) => {
      open = steps.find((step) => step.contains(event.target));
      show();
    });
    // Before the last step, the handler is only asked what is wrong with the fields of this one.
    form.addEventListener("formdata", ({ formData }) => {
      const { asked, at } = place();
      if (asked[at + 1])
        for (const box of open.querySelectorAll("[data-field]")) formData.append("_check", box.getAttribute("data-field"));
    });
    show();
  }
}
