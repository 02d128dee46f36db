// Shows that no program sends a form: by a proof of work in the format of ALTCHA (https://altcha.org), or by the widget
// of a service that stands in the form. Where neither can be had, the form goes out without, and the handler asks for
// one more press. Only pages with such a form load this.
{
  const form = document.currentScript.parentElement.querySelector("form");
  const kind = form.getAttribute("data-challenge");
  const field = { altcha: "altcha", turnstile: "cf-turnstile-response", hcaptcha: "h-captcha-response" }[kind];
  const status = Object.assign(document.createElement("p"), { className: "meta moment" });
  status.setAttribute("role", "status");
  form.insertBefore(status, form.querySelector("[type=submit]"));
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

  const hex = (digest) => Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const solve = async ({ algorithm, challenge, maxnumber, salt, signature }) => {
    const encoder = new TextEncoder();
    const wanted = parseInt(challenge.slice(0, 8), 16);
    const size = 500; // at once: one by one, most of the time would go into waiting
    for (let first = 0; first <= maxnumber; first += size) {
      const tries = Array.from({ length: size }, (_, at) => encoder.encode(salt + (first + at)));
      const digests = await Promise.all(tries.map((text) => crypto.subtle.digest(algorithm, text)));
      const at = digests.findIndex((one) => new DataView(one).getUint32(0) === wanted && hex(one) === challenge);
      if (at >= 0) return btoa(JSON.stringify({ algorithm, challenge, number: first + at, salt, signature }));
    }
  };

  let solution, solving, asked;
  let isOffline = false;
  const ask = async () => {
    isOffline = true;
    const reply = await fetch(form.getAttribute("action"), { headers: { Accept: "application/json" } });
    isOffline = false;
    return reply.json();
  };
  const work = (posed) => {
    asked = Date.now();
    // Without a solution, the next press tries again.
    solving = posed.then(solve).then((found) => (solution = found)).catch(() => (solving = undefined));
  };
  const renew = () => {
    solution = solving = undefined;
  };
  const widget = () => window[kind];
  const wait = async () => {
    if (kind === "altcha") {
      solving || work(ask());
      return solving;
    }
    for (let left = 100; left && widget() && !new FormData(form).get(field); left--) await sleep(200);
  };

  if (kind === "altcha") {
    form.addEventListener("began", ({ detail }) => work(Promise.resolve(detail)));
    form.addEventListener("formdata", ({ formData }) => solution && formData.set(field, solution));
  }
  // What is sent is spent.
  form.addEventListener("sent", () => (kind === "altcha" ? renew() : widget()?.reset()));

  let isWaiting = false;
  let isPassed = false;
  // Before form.js, which comes after this, sends anything.
  form.addEventListener("submit", async (event) => {
    if (kind === "altcha" && Date.now() - asked > 3600000) renew();
    const data = new FormData(form);
    if (isPassed || data.get(field) || data.has("_check") || !form.checkValidity()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isWaiting) return;
    isWaiting = true;
    status.textContent = form.getAttribute("data-moment");
    await wait();
    status.textContent = "";
    isWaiting = false;
    // Where nobody is reached, form.js says so. Not form.submit: a field of that name would stand in its place.
    isPassed = isOffline;
    if (isPassed || new FormData(form).get(field)) form.requestSubmit();
    else HTMLFormElement.prototype.submit.call(form);
    isPassed = false;
  });
}
