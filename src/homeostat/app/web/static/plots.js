// Plots one can point at and zoom: loaded when the still ones come into view. Without this file they stay still.
"use strict";

(() => {
  const library = document.currentScript.dataset.library;
  const main = document.querySelector("main");
  const REFRESH_MS = 2000;
  const HEIGHT = 150;
  let loading = null;

  function load() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = library;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
    return loading;
  }

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const get = (name) => style.getPropertyValue(name).trim();
    return {
      ink: get("--ink"), quiet: get("--quiet"), rule: get("--rule"), panel: get("--panel"), bad: get("--bad"),
      strong: get("--rule-strong"), lines: [get("--line-0"), get("--line-1"), get("--line-2")],
    };
  }

  const UNITS = {
    "1/s": { factor: 1, suffix: "/s" },
    ms: { factor: 1, suffix: " ms" },
    "USD/s": { factor: 3600, suffix: " $/h" },
    "tokens/s": { factor: 1, suffix: " tokens/s" },
  };

  function traces(data, palette) {
    const found = [];
    data.plots.forEach((plot, row) => {
      const unit = UNITS[plot.unit] || { factor: 1, suffix: " " + plot.unit };
      plot.lines.forEach((line, i) => {
        const alone = plot.lines.length === 1;
        found.push({
          type: "scatter", mode: "lines", name: line.name, showlegend: false, connectgaps: false,
          x: line.points.map((_, k) => new Date((data.start_ns + k * data.step_ns) / 1e6).toISOString().slice(0, 23)),
          y: line.points.map((v) => (v === null ? null : v * unit.factor)),
          xaxis: "x", yaxis: row ? "y" + (row + 1) : "y",
          line: {
            color: alone ? palette.lines[1] : palette.lines[i % 3], width: 1.6,
            dash: alone ? "solid" : ["dot", "solid", "dash"][i % 3],
          },
          hovertemplate: line.name + " %{y:,.3~r}" + unit.suffix + "<extra></extra>",
        });
      });
    });
    return found;
  }

  function layout(data, palette, width) {
    const rows = data.plots.length;
    const gap = 0.28 / rows;
    const height = (1 - gap * (rows - 1)) / rows;
    const made = {
      height: rows * HEIGHT + 40, margin: { l: width < 600 ? 44 : 56, r: 12, t: 26, b: 34 },
      paper_bgcolor: palette.panel, plot_bgcolor: palette.panel,
      font: { family: "system-ui, sans-serif", size: 11, color: palette.quiet },
      hovermode: "x", hoversubplots: "axis", dragmode: "zoom", uirevision: "kept",
      hoverlabel: { bgcolor: palette.panel, bordercolor: palette.strong, font: { color: palette.ink, size: 12 } },
      grid: { rows, columns: 1 }, annotations: [], shapes: [],
      xaxis: {
        type: "date", anchor: rows > 1 ? "y" + rows : "y", showgrid: false, zeroline: false, linecolor: palette.strong,
        showspikes: true, spikemode: "across", spikesnap: "cursor", spikethickness: 1, spikedash: "solid",
        spikecolor: palette.strong, nticks: Math.max(3, Math.floor(width / 130)),
        range: [data.start_ns / 1e6, (data.start_ns + data.step_ns * longest(data)) / 1e6].map((ms) => new Date(ms).toISOString().slice(0, 23)),
      },
    };
    for (const mark of marks(data)) {
      made.margin.t = 44;
      made.annotations.push({
        text: escaped(mark.signs), hovertext: mark.words.map(escaped).join("<br>"), x: mark.at, xref: "x", y: 1, yref: "paper", yshift: 26,
        xanchor: "center", yanchor: "middle", showarrow: false, font: { size: 12, color: palette.ink },
      });
      made.shapes.push({
        type: "line", xref: "x", x0: mark.at, x1: mark.at, yref: "paper", y0: 0, y1: 1,
        line: { color: palette.strong, width: 1, dash: "dot" },
      });
    }
    data.plots.forEach((plot, row) => {
      const top = 1 - row * (height + gap);
      const unit = UNITS[plot.unit] || { factor: 1, suffix: " " + plot.unit };
      made[row ? "yaxis" + (row + 1) : "yaxis"] = {
        domain: [Math.max(0, top - height), top], rangemode: "tozero", gridcolor: palette.rule, zerolinecolor: palette.strong,
        nticks: 4, fixedrange: true, tickformat: ",.3~r", automargin: false, separatethousands: true,
      };
      const dashes = ["┈", "━", "╌"];
      const names = plot.lines.length > 1
        ? plot.lines.map((l, i) => `   <span style="color:${palette.lines[i % 3]}">${dashes[i % 3]}</span> ${l.name}`).join("")
        : "";
      made.annotations.push({
        text: escaped(plot.title) + ", " + unit.suffix.trim() + names, xref: "paper", yref: "paper", x: 0, y: top, xanchor: "left", yanchor: "bottom", yshift: 3,
        showarrow: false, font: { size: 12, color: palette.ink },
      });
      const highest = Math.max(...plot.lines.flatMap((l) => l.points.filter((v) => v !== null)));
      if (plot.limit !== null && plot.limit <= highest * 2) {
        made.shapes.push({
          type: "line", xref: "paper", x0: 0, x1: 1, yref: row ? "y" + (row + 1) : "y",
          y0: plot.limit * unit.factor, y1: plot.limit * unit.factor, line: { color: palette.bad, width: 1, dash: "dash" },
        });
      }
    });
    return made;
  }

  const MARKS = 50;

  // What happened nearly at the same time shares a mark, as in the still plots.
  function marks(data) {
    const span = data.step_ns * longest(data);
    const places = new Map();
    for (const event of data.events) {
      const place = Math.floor(((event.at_ns - data.start_ns) * MARKS) / span);
      const mark = places.get(place) || { at: new Date(event.at_ns / 1e6).toISOString().slice(0, 23), kinds: new Set(), words: [] };
      mark.kinds.add(event.sign);
      if (mark.words.length < 5) mark.words.push(event.kind + ": " + event.words);
      places.set(place, mark);
    }
    return [...places.values()].map((mark) => {
      const kinds = [...mark.kinds];
      return { ...mark, signs: kinds.slice(0, 2).join("") + (kinds.length > 2 ? "…" : "") };
    });
  }

  function escaped(text) {
    return text.replace(/[<>&]/g, "");
  }

  function longest(data) {
    return Math.max(1, ...data.plots.flatMap((p) => p.lines.map((l) => l.points.length)));
  }

  async function draw(box) {
    const answer = await fetch(box.dataset.plots, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const data = await answer.json();
    if (!data.plots.length) return;
    await load();
    let live = box.querySelector(".plots-live");
    if (!live) {
      live = document.createElement("div");
      live.className = "plots-live";
      live.setAttribute("role", "img");
      live.setAttribute("aria-label", "Plots over time of " + data.plots.map((p) => p.title).join(", ") + ". The table above has the numbers.");
      box.append(live);
      box.setAttribute("data-taken", "");
    }
    const palette = colours();
    await window.Plotly.react(live, traces(data, palette), layout(data, palette, box.clientWidth), {
      displayModeBar: false, responsive: true, scrollZoom: false, showTips: false,
    });
  }

  function watch(box) {
    let seen = false;
    let busy = false;
    let last = 0;
    const redraw = async () => {
      if (!seen || busy || performance.now() - last < REFRESH_MS) return;
      busy = true;
      try {
        await draw(box);
      } catch {
        box.removeAttribute("data-taken");
      }
      last = performance.now();
      busy = false;
    };
    new IntersectionObserver((entries) => {
      seen = entries.some((e) => e.isIntersecting);
      redraw();
    }, { rootMargin: "100px" }).observe(box);
    main.addEventListener("homeostat:update", redraw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { last = 0; redraw(); });
  }

  const watched = new WeakSet();
  function find() {
    for (const box of document.querySelectorAll("[data-plots^='/']")) {
      if (!watched.has(box)) {
        watched.add(box);
        watch(box);
      }
    }
  }

  find();
  main.addEventListener("homeostat:update", find);
})();
