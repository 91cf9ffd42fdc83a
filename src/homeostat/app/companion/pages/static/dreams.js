// A dream that is told now: its scenes come as lines of JSON over one request; it is steered and stopped by others.
"use strict";

(() => {
  const panel = document.querySelector("[data-dreams]");
  if (!panel) return;
  const api = panel.dataset.dreams;
  const form = panel.querySelector("[data-begin]");
  const begin = panel.querySelector("[data-dream]");
  const steer = panel.querySelector("[data-steer]");
  const stop = panel.querySelector("[data-stop]");
  const said = panel.querySelector("[data-said]");
  const list = panel.querySelector("[data-scenes]");
  const PACE_S = 6;
  const ENDS = {
    whole: "It ended. It stands in the diary when this page is loaded again.",
    stopped: "Stopped. What was told stands in the diary.",
    empty: "There is nothing to tell of yet, or nothing that may be told.",
  };

  function words(name) {
    return form.elements[name].value.split(",").map((word) => word.trim()).filter(Boolean);
  }

  function wanted() {
    return { shape: form.elements.shape.value, follow: words("follow"), avoid: words("avoid") };
  }

  function show(running) {
    begin.hidden = running;
    steer.hidden = stop.hidden = !running;
    panel.dataset.running = running;
  }

  async function send(method, path, body) {
    const answer = await fetch(api + path, {
      method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body),
    });
    if (!answer.ok) {
      const problem = await answer.json();
      said.textContent = problem.error + ": " + problem.remedy + ".";
    }
    return answer.ok;
  }

  function source(seq) {
    const link = document.createElement("a");
    link.href = "/palace?near=" + seq;
    link.textContent = "memory " + seq;
    return link;
  }

  function made(name, className, ...content) {
    const element = document.createElement(name);
    element.className = className;
    element.append(...content);
    return element;
  }

  function told(scene) {
    const words = scene.claims.map((claim) => claim.text).join(" ");
    const text = made("p", "memory-text", made("span", "stamp", "dreamed"), " ", words);
    text.dir = "auto";
    const teller = made("span", "", "told by ", made("bdi", "", scene.told_by), scene.softened ? ", softened" : "");
    const seqs = [...new Set(scene.claims.flatMap((claim) => claim.sources))].sort((a, b) => a - b);
    const from = made("span", "", "from ", ...seqs.flatMap((seq, i) => [i ? ", " : "", source(seq)]));
    const item = made("li", "", text, made("div", "memory-foot", teller, from));
    list.append(item);
    said.textContent = "Scene " + (scene.number + 1) + (scene.theme ? ", through “" + scene.theme + "”." : ".");
  }

  function heard(event) {
    if (event.kind === "dream.scene") told(event);
    else if (event.kind === "dream.steered") said.textContent = "Steered: from the next scene on.";
    else if (event.kind === "dream.replay") said.textContent = event.replayed.length + " memories were chosen.";
    else if (event.kind === "dream.end") said.textContent = ENDS[event.how] || "It ended: " + event.why + ".";
  }

  async function watch() {
    const answer = await fetch(api + "/now");
    if (!answer.ok) return;
    show(true);
    list.replaceChildren();
    try {
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        lines.filter(Boolean).forEach((line) => heard(JSON.parse(line)));
      }
    } catch {
      said.textContent = "The connection was lost: load the page again.";
    }
    const inside = panel.contains(document.activeElement);
    show(false);
    if (inside) begin.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (panel.dataset.running === "true") return;
    if (await send("POST", "", { ...wanted(), pace_s: PACE_S })) await watch();
  });
  steer.addEventListener("click", () => send("POST", "/now", wanted()));
  stop.addEventListener("click", () => send("DELETE", "/now"));
  if (panel.dataset.running === "true") watch();
})();
