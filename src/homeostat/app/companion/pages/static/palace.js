// The palace in space. Lists and links work without this file; with it, they light up what they name.
"use strict";

(() => {
  const library = document.currentScript.dataset.library;
  const scene = document.querySelector("[data-palace]");
  if (!scene) return;
  const space = scene.querySelector(".space");
  const words = scene.querySelector("[data-words]");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const COLOURS = 8;
  const SCALE = 4;
  const LABELS = 12;
  const [MEMORIES, NAMES] = [0, 3];
  const [LETTER, LINE] = [6.6, 16];
  const NEARNESS = 1 / Math.tan(Math.PI / 8);
  const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const [HOME, UP] = [{ x: 0.82 * SCALE, y: 0.82 * SCALE, z: 0.48 * SCALE }, { x: 0, y: 0, z: 1 }];

  let data = null;
  let middle = [0, 0, 0];
  let span = 1;
  let places = new Map();
  let drawing = Promise.resolve();
  let walking = false;
  let pointsUrl = "";

  function load() {
    return new Promise((resolve, reject) => {
      if (window.Plotly) return resolve();
      const script = document.createElement("script");
      script.src = library;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
  }

  // The plotting library reads tags in texts: names and words of people are to stay what they are.
  function plain(text) {
    return text.replace(/</g, "‹").replace(/>/g, "›").replace(/&/g, "＆");
  }

  function measure() {
    const ends = ["x", "y", "z"].map((axis) => {
      let [low, high] = [Infinity, -Infinity];
      for (const v of data[axis]) {
        if (v < low) low = v;
        if (v > high) high = v;
      }
      return low <= high ? [low, high] : [-1, 1];
    });
    middle = ends.map(([low, high]) => (low + high) / 2);
    span = Math.max(2, ...ends.map(([low, high]) => high - low)) * 1.04;
    places = new Map(data.seq.map((seq, i) => [seq, i]));
  }

  function found() {
    return document.getElementById("found").dataset.found.split(" ").filter(Boolean).map(Number);
  }

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const get = (name) => style.getPropertyValue(name).trim();
    return {
      panel: get("--panel"), ink: get("--ink"), quiet: get("--quiet"), rule: get("--rule-strong"), found: get("--found"),
      rooms: Array.from({ length: COLOURS }, (_, i) => get("--room-" + i)),
    };
  }

  // Three circles around the middle of each room stand for its sphere.
  function spheres() {
    const line = { x: [], y: [], z: [] };
    for (const room of data.rooms) {
      for (const [a, b, c] of [["x", "y", "z"], ["y", "z", "x"], ["z", "x", "y"]]) {
        const at = { x: room.centre[0], y: room.centre[1], z: room.centre[2] };
        for (let step = 0; step <= 24; step += 1) {
          const angle = (step * Math.PI) / 12;
          line[a].push(at[a] + room.radius * Math.cos(angle));
          line[b].push(at[b] + room.radius * Math.sin(angle));
          line[c].push(at[c]);
        }
        for (const axis of ["x", "y", "z"]) line[axis].push(null);
      }
    }
    return line;
  }

  function above(room) {
    return [room.centre[0], room.centre[1], room.centre[2] + room.radius + span * 0.012];
  }

  // Where a place stands on the screen, in pixels from the middle, as the camera looks; null behind it.
  function onScreen(at, camera) {
    const minus = (a, b) => ({ x: a.x - b.x, y: a.y - b.y, z: a.z - b.z });
    const dot = (a, b) => a.x * b.x + a.y * b.y + a.z * b.z;
    const cross = (a, b) => ({ x: a.y * b.z - a.z * b.y, y: a.z * b.x - a.x * b.z, z: a.x * b.y - a.y * b.x });
    const unit = (a) => { const size = Math.sqrt(dot(a, a)) || 1; return { x: a.x / size, y: a.y / size, z: a.z / size }; };
    const ahead = unit(minus(camera.center, camera.eye));
    const right = unit(cross(ahead, camera.up));
    const from = minus(inScene(at), camera.eye);
    const far = dot(from, ahead);
    if (far <= 0) return null;
    const scale = (NEARNESS * space.clientHeight) / 2 / far;
    return [dot(from, right) * scale, dot(from, cross(right, ahead)) * scale];
  }

  // The names of the largest rooms, "" for those that would leave the picture or cover another's.
  function legible() {
    const camera = space._fullLayout?.scene?._scene?.getCamera() || { eye: HOME, center: { x: 0, y: 0, z: 0 }, up: UP };
    const [width, height] = [space.clientWidth / 2, space.clientHeight / 2];
    const taken = [];
    return data.rooms.map((room) => {
      const at = onScreen(above(room), camera);
      const half = (room.name.length * LETTER) / 2;
      if (!at || taken.length === LABELS || Math.abs(at[0]) + half > width || Math.abs(at[1]) + 2 * LINE > height) return "";
      if (taken.some(([x, y, other]) => Math.abs(x - at[0]) < half + other && Math.abs(y - at[1]) < LINE)) return "";
      taken.push([at[0], at[1], half]);
      return plain(room.name);
    });
  }

  async function rename() {
    if (walking || !data?.seq.length) return;
    const text = legible();
    if (text.join("\n") !== space.data[NAMES].text.join("\n")) await window.Plotly.restyle(space, { text: [text] }, [NAMES]);
  }

  function traces(palette) {
    const lit = found().filter((seq) => places.has(seq)).map((seq) => places.get(seq));
    const pick = (axis) => lit.map((i) => data[axis][i]);
    const names = data.rooms.map(above);
    const hover = data.room.map((room, i) => plain(data.rooms[room].name) + "<br>" + DAY.format(data.at_ms[i]));
    return [
      {
        type: "scatter3d", mode: "markers", x: data.x, y: data.y, z: data.z, opacity: lit.length ? 0.3 : 0.85,
        marker: {
          size: data.strength.map((s) => 3.5 + 6 * s), line: { width: 0 },
          color: data.room.map((room) => palette.rooms[data.rooms[room].colour]),
          symbol: data.room.map((room) => data.rooms[room].shape),
        },
        customdata: hover, hovertemplate: "%{customdata}<extra></extra>",
      },
      { type: "scatter3d", mode: "lines", ...spheres(), line: { color: palette.rule, width: 1 }, opacity: 0.6, hoverinfo: "skip" },
      {
        type: "scatter3d", mode: "markers", x: pick("x"), y: pick("y"), z: pick("z"),
        marker: {
          size: 8, symbol: lit.map((i) => data.rooms[data.room[i]].shape), line: { width: 2, color: palette.found },
          color: lit.map((i) => palette.rooms[data.rooms[data.room[i]].colour]),
        },
        customdata: lit.map((i) => hover[i]), hovertemplate: "found: %{customdata}<extra></extra>",
      },
      {
        type: "scatter3d", mode: "text", hoverinfo: "skip",
        x: names.map((at) => at[0]), y: names.map((at) => at[1]), z: names.map((at) => at[2]),
        text: data.rooms.map((room) => plain(room.name)), textposition: "top center",
        textfont: { color: palette.ink, size: 12, family: "system-ui, sans-serif" },
      },
    ];
  }

  function layout(palette) {
    const axis = (i) => ({ visible: false, range: [middle[i] - span / 2, middle[i] + span / 2], autorange: false });
    return {
      autosize: true, margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false, uirevision: "kept",
      paper_bgcolor: palette.panel, hoverlabel: { bgcolor: palette.panel, bordercolor: palette.rule, font: { color: palette.ink, size: 12 } },
      scene: {
        xaxis: axis(0), yaxis: axis(1), zaxis: axis(2), bgcolor: palette.panel, dragmode: "orbit",
        aspectmode: "manual", aspectratio: { x: SCALE, y: SCALE, z: SCALE },
        camera: { eye: HOME, center: { x: 0, y: 0, z: 0 }, up: UP },
      },
    };
  }

  function tell() {
    const shown = data.seq.length;
    const lit = found().filter((seq) => places.has(seq)).length;
    const all = shown === data.all ? "" : " of " + data.all.toLocaleString("en");
    words.textContent = shown.toLocaleString("en") + all + (shown === 1 ? " memory stands" : " memories stand") + " here"
      + (lit ? "; " + lit + " of the list " + (lit === 1 ? "is" : "are") + " lit up" : "")
      + ". Drag to turn, scroll or pinch to come closer, point at one to see what stands near.";
  }

  async function drawNow() {
    if (!data || !data.seq.length) {
      window.Plotly?.purge(space);
      words.textContent = "No memory stands here with these filters.";
      return;
    }
    const palette = colours();
    const first = !space.querySelector(".gl-container");
    await window.Plotly.react(space, traces(palette), layout(palette), {
      displayModeBar: false, responsive: true, scrollZoom: true, showTips: false,
    });
    if (first) {
      space.on("plotly_click", (event) => pointed(event.points[0]));
      space.on("plotly_relayout", rename);
    }
    await rename();
    tell();
    space.dataset.drawn = String(Number(space.dataset.drawn || 0) + 1);
  }

  function draw() {
    drawing = drawing.then(drawNow).catch(() => { words.textContent = "This browser cannot show the palace in space. The lists have everything."; });
    return drawing;
  }

  function pointed(point) {
    if (walking || !point) return;
    const seq = point.curveNumber === MEMORIES ? data.seq[point.pointNumber] : found().filter((s) => places.has(s))[point.pointNumber];
    if (seq) open(address({ near: seq }));
  }

  function address(changes) {
    const url = new URL(scene.dataset.page, location.href);
    for (const [name, value] of Object.entries(changes)) url.searchParams.set(name, value);
    return url.href;
  }

  async function points() {
    const url = scene.dataset.palace;
    if (url === pointsUrl) return;
    pointsUrl = url;
    const answer = await fetch(url, { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error("no points");
    data = await answer.json();
    measure();
  }

  // The panels of a page that was asked for take the place of those that are shown.
  async function open(url, push = true) {
    const answer = await fetch(url, { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const panel = page.getElementById("found");
    const next = page.querySelector("[data-palace]");
    if (!panel || !next) return location.assign(url);
    if (push) history.pushState(null, "", url);
    document.getElementById("found").replaceWith(document.importNode(panel, true));
    const rooms = document.querySelector("[data-rooms]");
    const top = rooms?.scrollTop;
    const fresh = page.querySelector("[data-rooms]");
    const focused = document.activeElement?.dataset?.room;
    if (rooms && fresh) {
      rooms.replaceChildren(...document.importNode(fresh, true).children);
      rooms.scrollTop = top;
      if (focused) [...rooms.querySelectorAll("a")].find((a) => a.dataset.room === focused)?.focus({ preventScroll: true });
    }
    scene.dataset.palace = next.dataset.palace;
    scene.dataset.page = next.dataset.page;
    const shown = document.getElementById("found");
    if (shown.getBoundingClientRect().top > innerHeight * 0.8) shown.scrollIntoView({ block: "start" });
    if (!focused) shown.focus({ preventScroll: true });
    try {
      await points();
      await draw();
    } catch {
      location.assign(url);
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-panel]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open(link.href);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-panel]");
    if (!form) return;
    event.preventDefault();
    const url = new URL(form.action);
    for (const [name, value] of new FormData(form)) if (value) url.searchParams.set(name, value);
    open(url.href);
  });
  addEventListener("popstate", () => open(location.href, false));
  dark.addEventListener("change", draw);

  // A walk says from where one looks whither, in the palace's own measure.
  function inScene(at) {
    const [x, y, z] = at.map((v, i) => ((v - middle[i]) / span) * SCALE);
    return { x, y, z };
  }
  scene.addEventListener("palace:look", (event) => {
    if (!data || !space.querySelector(".gl-container")) return;
    const { at, lookAt } = event.detail;
    window.Plotly.relayout(space, { "scene.camera": { eye: inScene(at), center: inScene(lookAt), up: UP } });
  });
  scene.addEventListener("palace:walk", (event) => {
    walking = event.detail.walking;
    if (!walking && event.detail.home && space.querySelector(".gl-container")) {
      window.Plotly.relayout(space, { "scene.camera": { eye: HOME, center: { x: 0, y: 0, z: 0 }, up: UP } });
    }
  });

  async function begin() {
    try {
      await Promise.all([points(), load()]);
      await draw();
    } catch {
      words.textContent = "The palace in space could not be loaded. The lists have everything.";
    }
  }

  scene.hidden = false;
  requestAnimationFrame(() => setTimeout(begin));
})();
