// A walk between rooms: frames come over a WebSocket, sixty a second, and move the camera.
"use strict";

(() => {
  const scene = document.querySelector("[data-palace]");
  const form = scene?.querySelector("[data-walk]");
  if (!form) return;
  const way = scene.querySelector("[data-way]");
  const pause = form.querySelector("[data-pause]");
  const stop = form.querySelector("[data-stop]");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const ACKNOWLEDGE = 5;

  let walk = null;
  let socket = null;
  let newest = null;
  let waiting = false;

  function say(text) {
    way.querySelector("[data-said]").textContent = text;
  }

  function tell(name, detail) {
    scene.dispatchEvent(new CustomEvent(name, { detail }));
  }

  function show(state) {
    pause.hidden = stop.hidden = !walk || state === "ended";
    pause.textContent = state === "paused" ? "Go on" : "Pause";
    scene.dataset.walking = state;
  }

  function laid(rooms) {
    const said = document.createElement("p");
    said.dataset.said = "";
    said.setAttribute("role", "status");
    const list = document.createElement("ol");
    list.setAttribute("aria-label", "Rooms on the way");
    list.append(...rooms.map((room) => {
      const item = document.createElement("li");
      item.textContent = room.name;
      return item;
    }));
    way.replaceChildren(said, list);
  }

  function entered(room) {
    const at = walk.rooms.findIndex((found, i) => i >= walk.at && found.id === room);
    if (at < 0 || (at === walk.at && walk.entered)) return;
    walk.at = at;
    walk.entered = true;
    way.querySelectorAll("li").forEach((item, i) => {
      if (i === at) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });
    say("In the room “" + walk.rooms[at].name + "”, " + (at + 1) + " of " + walk.rooms.length + ".");
    // Who wants no motion is put from room to room.
    if (still.matches && newest) tell("palace:look", { at: newest.at, lookAt: newest.look_at });
  }

  function seen() {
    waiting = false;
    if (!walk || !newest) return;
    if (!still.matches) tell("palace:look", { at: newest.at, lookAt: newest.look_at });
    scene.dataset.frame = newest.number;
    entered(newest.room);
  }

  function ended() {
    socket = null;
    const last = walk.rooms.at(-1).name;
    seen();
    walk = null;
    tell("palace:walk", { walking: false });
    show("ended");
    say("Arrived in the room “" + last + "”.");
  }

  function arrived(event) {
    const frame = JSON.parse(event.data);
    if (!walk || event.target !== socket) return;
    if (frame.end !== undefined) return ended();
    newest = frame;
    walk.next = frame.number + 1;
    walk.got += 1;
    if (walk.got % ACKNOWLEDGE === 0) socket.send(JSON.stringify({ ack: frame.number }));
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(seen);
    }
  }

  function connect() {
    const url = new URL("/walks/" + encodeURIComponent(walk.id), location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (walk.next) url.searchParams.set("from", walk.next);
    const mine = socket = new WebSocket(url);
    mine.addEventListener("message", arrived);
    mine.addEventListener("close", (event) => {
      if (mine !== socket || !walk) return;
      socket = null;
      show("paused");
      say(event.code === 4404 ? "This walk is over: begin it again." : "The connection was lost. Go on when it is back.");
    });
    show("walking");
  }

  function letGo() {
    const old = socket;
    socket = null;
    old?.close();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    letGo();
    walk = newest = null;
    const [from, to] = ["walk-from", "walk-to"].map((id) => document.getElementById(id).value);
    const answer = await fetch(form.dataset.walk, {
      method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ rooms: from === to ? [from] : [from, to] }),
    });
    const begun = await answer.json();
    if (!answer.ok) {
      laid([]);
      say(begun.error + ": " + begun.remedy + ".");
      return;
    }
    walk = { id: begun.id, rooms: begun.rooms, at: 0, entered: false, next: 0, got: 0 };
    laid(begun.rooms);
    tell("palace:walk", { walking: true });
    connect();
  });

  pause.addEventListener("click", () => {
    if (!walk) return;
    if (socket) {
      letGo();
      show("paused");
      say("Paused in the room “" + walk.rooms[walk.at].name + "”.");
    } else {
      walk.entered = false;
      connect();
    }
  });

  stop.addEventListener("click", () => {
    letGo();
    walk = newest = null;
    tell("palace:walk", { walking: false, home: true });
    show("ended");
    say("Stopped.");
    form.querySelector("button[type=submit]").focus();
  });

  addEventListener("pagehide", letGo);
})();
