// The feedback widget: asks what data-ask names, and sends it to the server that this script came from.
//
//   <script src="https://host/feedback/widget.js" defer data-service="shop" data-user="u1" data-pass="…"></script>
//
// data-ask      any of rating, thumbs, recommend, usability, comment, apart by spaces; without it rating and recommend
// data-at       selector of the element that it is put into; without it the end of the page
// data-open     it is open at once, which counts as having asked
// data-request  the id of the request that it is about
//
// Nothing is sent before somebody presses Send, but with data-open that they were asked. No cookies, no fonts,
// nothing from elsewhere.
"use strict";
(() => {
  const script = document.currentScript;
  const told = script.dataset;
  const address = new URL(script.src).origin + "/feedback";
  const asked = (told.ask || "rating recommend").split(/\s+/).filter(Boolean);

  const STATEMENTS = /*statements*/[];
  const STYLE = `
    :host { all: initial; display: block; color-scheme: light dark; --ink: #1a1d21; --quiet: #565d66; --panel: #fff;
      --rule: #8a929c; --accent: #0b5cad; --on: #fff; --bad: #b3261e;
      font: 1rem/1.45 system-ui, sans-serif; color: var(--ink); max-width: 40rem; }
    @media (prefers-color-scheme: dark) { :host { --ink: #e7e9ec; --quiet: #a8b0ba; --panel: #1a1d21; --rule: #7b8490;
      --accent: #79b4f2; --on: #10151b; --bad: #ff8a80; } }
    * { box-sizing: border-box; }
    [hidden] { display: none !important; }
    form, .told { background: var(--panel); border: 1px solid var(--rule); border-radius: 8px; padding: 1rem; margin-top: .5rem; }
    fieldset { border: 0; margin: 0 0 1rem; padding: 0; min-width: 0; }
    legend { padding: 0; font-weight: 600; margin-bottom: .4rem; }
    .scale { display: flex; flex-wrap: wrap; gap: .3rem; }
    .scale label { position: relative; min-width: 2.5rem; min-height: 2.5rem; display: inline-flex; align-items: center;
      justify-content: center; border: 1px solid var(--rule); border-radius: 6px; padding: 0 .5rem; cursor: pointer; }
    .scale input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; width: 100%; height: 100%; }
    .scale label:has(:checked) { background: var(--accent); border-color: var(--accent); color: var(--on); font-weight: 600; }
    .scale label:has(:checked)::before { content: "✓ " / ""; white-space: pre; }
    .scale label:has(:focus-visible), button:focus-visible, summary:focus-visible, textarea:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    .ends { display: flex; justify-content: space-between; gap: 1rem; color: var(--quiet); font-size: .875rem; margin-top: .25rem; }
    button { font: inherit; color: var(--ink); background: var(--panel); border: 1px solid var(--rule); border-radius: 6px;
      padding: .5rem .9rem; min-height: 2.5rem; cursor: pointer; transition: border-color .15s; }
    button:hover { border-color: var(--accent); }
    button.send { background: var(--accent); border-color: var(--accent); color: var(--on); font-weight: 600; }
    .field { margin: 0 0 1rem; }
    .field label { display: block; font-weight: 600; margin-bottom: .4rem; }
    textarea { font: inherit; color: var(--ink); background: var(--panel); border: 1px solid var(--rule); border-radius: 6px; width: 100%; padding: .4rem .6rem; }
    .row { display: flex; flex-wrap: wrap; gap: .5rem; }
    details { margin-top: 1rem; color: var(--quiet); font-size: .875rem; }
    details ul { margin: .4rem 0; padding-left: 1.2rem; }
    details button { margin-top: .4rem; }
    .bad { color: var(--bad); }
    @media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
    @media (forced-colors: active) { .scale label:has(:checked) { outline: 3px solid; } }`;

  const QUESTIONS = {
    rating: { legend: "How content are you with it?", values: range(1, 10), ends: ["1: not at all", "10: completely"] },
    thumbs: { legend: "Was this good?", values: [["true", "↑ Yes"], ["false", "↓ No"]] },
    recommend: { legend: "How likely is it that you would recommend it?", values: range(0, 10), ends: ["0: not likely", "10: very likely"] },
  };

  function range(least, most) {
    return Array.from({ length: most - least + 1 }, (_, i) => [String(least + i), String(least + i)]);
  }

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key in made && typeof value !== "string") made[key] = value;
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  function question(name, { legend, values, ends }) {
    const scale = element("div", { class: "scale" });
    for (const [value, words] of values) {
      scale.append(element("label", {}, element("input", { type: "radio", name, value }), words));
    }
    const made = element("fieldset", {}, element("legend", {}, legend), scale);
    if (ends) made.append(element("div", { class: "ends", "aria-hidden": "true" }, element("span", {}, ends[0]), element("span", {}, ends[1])));
    return made;
  }

  function send(method, body, query = "") {
    const headers = { "content-type": "application/json" };
    if (told.pass) headers.authorization = "Bearer " + told.pass;
    return fetch(address + query, { method, headers, body: body && JSON.stringify(body), credentials: "same-origin" });
  }

  const whose = { ...(told.service && { service: told.service }), ...(told.user && { user: told.user }) };
  const host = element("div", { "data-homeostat-feedback": "" });
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  const form = element("form", { id: "form", novalidate: "", "aria-label": "Your feedback" });
  const opener = element("button", { type: "button", "aria-expanded": "false", "aria-controls": "form" }, "Give feedback");
  const status = element("p", { role: "status" });
  const wrong = element("p", { role: "alert", class: "bad" });
  for (const name of asked) {
    if (name in QUESTIONS) form.append(question(name, QUESTIONS[name]));
    if (name === "usability") {
      STATEMENTS.forEach((words, i) => form.append(question("statement-" + i, {
        legend: words, values: range(1, 5), ends: ["1: I do not agree", "5: I agree"],
      })));
    }
  }
  if (asked.includes("comment")) {
    form.append(element("div", { class: "field" }, element("label", { for: "comment" }, "Anything else? It is kept encrypted."),
      element("textarea", { id: "comment", name: "comment", rows: "3", maxlength: "1000" })));
  }
  const kept = element("details", {}, element("summary", {}, "What is kept of you"));
  form.append(element("div", { class: "row" },
    element("button", { type: "submit", class: "send" }, "Send"),
    element("button", { type: "reset" }, "Clear")), wrong, kept);
  form.hidden = true;
  root.append(opener, form, status);

  function open(shown) {
    form.hidden = !shown;
    opener.setAttribute("aria-expanded", String(shown));
  }

  function answers() {
    const given = new FormData(form);
    const body = { ...whose };
    if (told.request) body.request_id = told.request;
    for (const name of ["rating", "recommend"]) if (given.has(name)) body[name] = Number(given.get(name));
    if (given.has("thumbs")) body.thumbs = given.get("thumbs") === "true";
    const statements = STATEMENTS.map((_, i) => given.get("statement-" + i));
    const some = statements.filter((value) => value !== null).length;
    if (some && some < STATEMENTS.length) return `Please answer all ${STATEMENTS.length} statements, or none of them.`;
    if (some) body.statements = statements.map(Number);
    const comment = (given.get("comment") || "").trim();
    if (comment) body.comment = comment;
    if (!"rating thumbs recommend statements comment".split(" ").some((name) => name in body)) return "Nothing is chosen yet.";
    return body;
  }

  opener.addEventListener("click", () => {
    open(form.hidden);
    status.textContent = "";
    if (!form.hidden) form.querySelector("input, textarea")?.focus();
  });

  form.addEventListener("reset", () => { wrong.textContent = ""; });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = answers();
    wrong.textContent = typeof body === "string" ? body : "";
    if (typeof body === "string") return;
    try {
      const answer = await send("POST", body);
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.error);
      status.textContent = said.kept ? "Thank you, that was sent." : "Nothing was kept: you asked not to be counted.";
      form.reset();
      open(false);
      opener.focus();
    } catch (error) {
      wrong.textContent = "It could not be sent: " + error.message;
    }
  });

  kept.addEventListener("toggle", async () => {
    if (!kept.open || kept.childElementCount > 1) return;
    const box = element("div", {}, "…");
    kept.append(box);
    try {
      const answer = await send("GET", undefined, "?" + new URLSearchParams(whose));
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.error);
      const list = element("ul", {}, ...Object.values(said.kept).map((words) => element("li", {}, words)));
      box.replaceChildren(`For ${said.kept_days} days, under a keyed hash:`, list, `Never: ${said.never.join("; ")}.`);
      if (told.user || told.pass) {
        const turn = element("button", { type: "button" });
        const name = (out) => { turn.textContent = out ? "Count me again" : "Do not count me, and forget what is kept"; };
        let out = said.opted_out;
        name(out);
        turn.addEventListener("click", async () => {
          const done = await send("POST", { ...whose, opt_out: !out });
          const result = await done.json();
          if (!done.ok) { wrong.textContent = result.error; return; }
          out = !out;
          name(out);
          status.textContent = out ? `You are not counted any more; ${result.forgotten} entries were forgotten.` : "You are counted again.";
        });
        box.append(element("div", {}, turn));
      }
    } catch (error) {
      box.replaceChildren("It could not be read: " + error.message);
    }
  });

  function place() {
    (told.at && document.querySelector(told.at) || document.body).append(host);
    if (told.open !== undefined) {
      open(true);
      send("POST", { ...whose, asked: asked.filter((name) => name !== "comment") }).catch(() => {});
    }
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", place);
  else place();
})();
