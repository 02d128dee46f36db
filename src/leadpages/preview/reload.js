// Listens for builds: a new one shows itself, a failed one shows what is wrong over the page as it last was.
(() => {
  const LINKS = /<link rel="stylesheet"[^>]*>/g;
  const SCRIPT = /<script data-version="(\d+)".*/s;
  let shown = document.currentScript.dataset.version;
  const source = () => fetch(location.href, { cache: "no-store" }).then((reply) => reply.text());
  const rest = (html) => html.replace(LINKS, "").replace(SCRIPT, "");
  const links = (html) => html.match(LINKS) ?? [];
  let before = source().catch(() => "");

  // Whether nothing else differs. What was fetched as `old` may already have been newer than what is shown.
  const isStyleOnly = (old, html) =>
    old.match(SCRIPT)?.[1] === shown &&
    rest(old) === rest(html) &&
    links(old).length === links(html).length &&
    links(old).join() !== links(html).join();

  const swapStyles = (html) => {
    const wanted = new DOMParser().parseFromString(html, "text/html").querySelectorAll('link[rel="stylesheet"]');
    const swaps = [...document.querySelectorAll('link[rel="stylesheet"]')].map(async (link, number) => {
      const next = document.importNode(wanted[number]);
      const loaded = new Promise((resolve) => (next.onload = next.onerror = resolve));
      link.after(next);
      await loaded;
      link.remove(); // not before: a page without styles would flash
    });
    return Promise.all(swaps);
  };

  const refresh = async () => {
    const [old, html] = [await before, await source()];
    if (!isStyleOnly(old, html)) return location.reload(); // the browser keeps the place on the page by itself
    await swapStyles(html);
    [before, shown] = [html, html.match(SCRIPT)[1]];
  };

  const showProblems = (problems) => {
    let box = document.getElementById("leadpages-problems");
    if (!problems) return box?.remove();
    if (!box) {
      box = Object.assign(document.createElement("section"), { id: "leadpages-problems" });
      box.setAttribute("role", "alert");
      box.style = `position: fixed; z-index: 9999; inset: auto 0 0 0; max-height: 50vh; overflow: auto; margin: 0;
        padding: 1rem 1.5rem; background: #3b0d0d; color: #fff; font: 14px/1.5 monospace; white-space: pre-wrap`;
      box.innerHTML = "<p>The site could not be built. This is how it last was.</p><div></div>";
      document.body.append(box);
    }
    box.lastElementChild.outerHTML = problems;
  };

  let work = Promise.resolve(); // one state after the other
  const hear = ({ data }) => {
    const { version, problems } = JSON.parse(data);
    work = work.then(() => {
      showProblems(problems);
      if (!problems && shown !== String(version)) return refresh();
    });
    work = work.catch(() => {}); // the server is gone; when it is back, it says how things are
  };

  // A browser has few connections to one host, so only tabs that somebody sees hold one.
  let stream;
  const listen = () => {
    stream?.close();
    if (document.hidden) return;
    stream = new EventSource("/_/changes");
    stream.onmessage = hear;
  };
  document.addEventListener("visibilitychange", listen);
  listen();
})();
