(() => {
  let version;
  new EventSource("/_/changes").onmessage = (event) => {
    const state = JSON.parse(event.data);
    if (version !== undefined && version !== state.version && !state.problems.length) location.reload();
    version ??= state.version;
    document.getElementById("leadpages-problems")?.remove();
    if (!state.problems.length) return;
    const box = Object.assign(document.createElement("pre"), { id: "leadpages-problems" });
    box.setAttribute("role", "alert");
    box.style = `position: fixed; z-index: 9999; inset: auto 0 0 0; max-height: 50vh; overflow: auto; margin: 0;
      padding: 1rem 1.5rem; background: #3b0d0d; color: #fff; font: 14px/1.5 monospace; white-space: pre-wrap`;
    const lines = state.problems.map(({ path, line, severity, message, hint }) =>
      [path + (line ? ":" + line : ""), severity, message].join(": ") + (hint ? "\n  hint: " + hint : ""));
    box.textContent = ["The site could not be built. This is how it last was.", "", ...lines].join("\n");
    document.body.append(box);
  };
})();
