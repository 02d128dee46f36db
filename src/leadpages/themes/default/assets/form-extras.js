// Fields that are asked for by what was answered. Only pages whose form has one load this.
{
  const form = document.currentScript.previousElementSibling;
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
  form.setAttribute("data-extras", "");
  form.addEventListener("change", choose);
  addEventListener("pageshow", choose);
  choose();
}
