// Live updates: the server sends the page's content anew, and only what differs is changed in place,
// so that focus, selection, scrolling and open details stay as they are.
"use strict";

(() => {
  const main = document.querySelector("main[data-live]");
  const button = document.querySelector("[data-live-button]");

  // What an element is: a row by its key, a section by its heading. Others are told by their place.
  function keyOf(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return null;
    return node.getAttribute("data-key") ?? node.getAttribute("aria-labelledby");
  }

  function same(a, b) {
    if (a.nodeType !== b.nodeType || a.nodeName !== b.nodeName) return false;
    return keyOf(a) === keyOf(b);
  }

  function morphAttributes(from, to) {
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
    }
    for (const { name, value } of to.attributes) {
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
  }

  function morph(from, to) {
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    if (from.hasAttribute("data-taken") || from.hasAttribute("data-keep")) return;
    morphAttributes(from, to);
    morphChildren(from, to);
  }

  function morphChildren(from, to) {
    const keyed = new Map();
    for (const child of from.children) {
      const key = keyOf(child);
      if (key !== null) keyed.set(key, child);
    }
    const kept = new Set([...to.children].map(keyOf));
    for (const [key, child] of keyed) if (!kept.has(key)) child.remove();
    let here = from.firstChild;
    for (const wanted of [...to.childNodes]) {
      const key = keyOf(wanted);
      const known = key === null ? undefined : keyed.get(key);
      // What is moved loses the focus: rather let what stands between go.
      while (known && here && here !== known && keyOf(here) === null) {
        const next = here.nextSibling;
        here.remove();
        here = next;
      }
      if (known && known !== here) from.insertBefore(known, here);
      const found = known || (here && same(here, wanted) ? here : null);
      if (found) {
        morph(found, wanted);
        here = found.nextSibling;
      } else {
        from.insertBefore(document.importNode(wanted, true), here);
      }
    }
    while (here) {
      const next = here.nextSibling;
      here.remove();
      here = next;
    }
  }

  function addCopyButtons() {
    if (!navigator.clipboard) return;
    for (const pre of document.querySelectorAll(".steps pre:not([data-keep])")) {
      const copy = document.createElement("button");
      const text = pre.textContent;
      copy.type = "button";
      copy.className = "copy";
      copy.textContent = "Copy";
      copy.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(text);
          copy.textContent = "Copied";
        } catch {
          copy.textContent = "Select it";
        }
        setTimeout(() => { copy.textContent = "Copy"; }, 2000);
      });
      pre.setAttribute("data-keep", "");
      pre.append(copy);
    }
  }

  // The menu of the mode closes as menus do.
  const menu = () => document.querySelector(".mode-menu[open]");
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" ? menu() : null;
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    const open = menu();
    if (open && !open.contains(event.target)) open.open = false;
  });

  addCopyButtons();
  if (!main || !window.EventSource) return;

  const word = button.querySelector("[data-live-word]");
  let source = null;
  let retry = 0;

  function say(text) {
    if (word.textContent !== text) word.textContent = text;
  }

  function update(event) {
    const template = document.createElement("template");
    template.innerHTML = JSON.parse(event.data);
    const header = template.content.querySelector("[data-header]");
    if (header) {
      header.remove();
      morphChildren(document.querySelector("[data-mode-menu]"), header);
    }
    morphChildren(main, template.content);
    addCopyButtons();
    say("Live");
    delete button.dataset.fresh;
    requestAnimationFrame(() => { button.dataset.fresh = ""; });
    main.dispatchEvent(new CustomEvent("homeostat:update"));
  }

  function start() {
    stop();
    source = new EventSource(main.dataset.live);
    source.addEventListener("view", update);
    source.addEventListener("error", () => {
      say("Waiting");
      if (source && source.readyState === EventSource.CLOSED) {
        clearTimeout(retry);
        retry = setTimeout(start, 10000);
      }
    });
  }

  function stop() {
    clearTimeout(retry);
    if (source) source.close();
    source = null;
  }

  function wanted() {
    return button.getAttribute("aria-pressed") === "true" && document.visibilityState === "visible";
  }

  function follow() {
    if (wanted()) start();
    else stop();
  }

  button.hidden = false;
  button.setAttribute("aria-label", "Live updates");
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    say(on ? "Live" : "Paused");
    follow();
  });
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => { if (event.persisted) follow(); });
  follow();
})();
