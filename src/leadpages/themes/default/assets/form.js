// Errors in place and a proof of human time. Without it every form still posts and works.
for (const form of document.querySelectorAll("form[data-min-seconds]")) {
  const find = (name) => form.querySelector(`[data-field="${CSS.escape(name)}"]`);
  const hidden = (name, value) => {
    const input = form.querySelector(`[name="${name}"]`) || form.appendChild(document.createElement("input"));
    Object.assign(input, { type: "hidden", name, value });
  };
  // form-extras.js opens the step that an element is in.
  const reveal = (target) => target.dispatchEvent(new Event("reveal", { bubbles: true }));
  const make = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
  // Not form.action: a field of that name would stand in its place.
  const action = form.getAttribute("action");
  const title = document.title;
  let started, began, sent, key;
  form.noValidate = true;
  form.addEventListener("focusin", () => {
    started ??= fetch(action, { headers: { Accept: "application/json" } })
      .then((reply) => reply.json())
      .then((data) => {
        hidden("_started", data.started);
        began = Date.now();
        // form-challenge.js finds its task in there.
        form.dispatchEvent(new CustomEvent("began", { detail: data }));
      })
      .catch(() => {});
  });
  const clear = () => {
    document.title = title;
    form.querySelectorAll(".error, .error-summary").forEach((e) => e.remove());
    form.querySelectorAll("[aria-invalid]").forEach((e) => {
      e.removeAttribute("aria-invalid");
      const kept = (e.getAttribute("aria-describedby") || "").split(" ").filter((id) => !id.endsWith("-error"));
      kept[0] ? e.setAttribute("aria-describedby", kept.join(" ")) : e.removeAttribute("aria-describedby");
    });
    form.querySelectorAll(".wrong").forEach((e) => e.classList.remove("wrong"));
  };
  const show = (errors) => {
    clear();
    if (!errors.length) return form.dispatchEvent(new Event("checked"));
    const summary = make("div", "error-summary");
    const list = make("ul");
    summary.append(make("h3", "", form.getAttribute("data-problem")), list);
    summary.setAttribute("role", "alert");
    summary.tabIndex = -1;
    for (const { field, message } of errors) {
      const item = make("li");
      const box = field && find(field);
      if (box) {
        const control = box.matches("fieldset") ? box : box.querySelector("input, select, textarea");
        const target = box.querySelector("input, select, textarea");
        const note = make("p", "error", message);
        note.id = target.id + "-error";
        box.matches(".check") ? box.append(note) : box.insertBefore(note, box.querySelector("input, select, textarea, .choice"));
        box.classList.add("wrong");
        control.setAttribute("aria-invalid", "true");
        control.setAttribute("aria-describedby", `${control.getAttribute("aria-describedby") || ""} ${note.id}`.trim());
        const link = Object.assign(make("a", "", message), { href: "#" + target.id });
        link.addEventListener("click", (e) => (e.preventDefault(), reveal(target), target.focus()));
        item.append(link);
      } else item.textContent = message;
      list.append(item);
    }
    form.insertBefore(summary, form.firstChild);
    document.title = `${form.getAttribute("data-error")} ${title}`;
    const first = form.querySelector(".wrong");
    if (first) reveal(first);
    summary.focus();
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    await started;
    // A quick person is no program: wait out what is left of the least time.
    const left = began && form.checkValidity() ? began + 1000 * form.getAttribute("data-min-seconds") + 200 - Date.now() : 0;
    await new Promise((done) => setTimeout(done, Math.max(0, left)));
    try {
      const data = new FormData(form);
      // Sent again, because no reply came, the same answers are the same try.
      const answers = String(new URLSearchParams(data));
      if (answers !== sent) [sent, key] = [answers, crypto.getRandomValues(new Uint32Array(4)).join("-")];
      data.set("_key", key);
      const body = form.hasAttribute("enctype") ? data : new URLSearchParams(data);
      const reply = await fetch(action, { method: "POST", body, headers: { Accept: "application/json" } });
      const { redirect, errors } = await reply.json();
      if (redirect) form.dispatchEvent(new Event("sent", { bubbles: true }));
      redirect ? location.assign(redirect) : show(errors);
    } catch {
      show([{ message: form.getAttribute("data-unsent") }]);
    }
    button.disabled = false;
  });
}
