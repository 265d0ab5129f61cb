// SPDX-License-Identifier: MIT OR Apache-2.0
// Uses the page as a reader would, and tells the frame around it what it saw.
"use strict";
let violations = 0;
document.addEventListener("securitypolicyviolation", () => { violations += 1; });
const pause = (time) => new Promise((done) => { setTimeout(done, time); });

function use(figure) {
  const find = (selector) => figure.querySelector(selector);
  const stage = find(".stage");
  const divide = find(".divide");
  const marker = find(".marker");
  const panels = [...figure.querySelectorAll(".panel")];
  const canvases = [...figure.querySelectorAll("canvas")];
  const seen = {};
  const change = (selector, value) => {
    const select = find(selector);
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const shown = () => ["on-left", "on-right"].map((name) =>
    panels.findIndex((panel) => panel.classList.contains(name)));
  const visible = () => panels.map((panel) => getComputedStyle(panel).display !== "none");
  const clip = () => getComputedStyle(panels[shown()[0]]).clipPath;
  const slide = (value) => {
    divide.value = value;
    divide.dispatchEvent(new Event("input", { bubbles: true }));
    return clip();
  };
  const pointer = (kind, x, y, buttons) => {
    const box = stage.getBoundingClientRect();
    const [clientX, clientY] = [box.left + x * box.width, box.top + y * box.height];
    const target = document.elementFromPoint(clientX, clientY);
    target.dispatchEvent(new PointerEvent(kind, { bubbles: true, clientX, clientY, buttons }));
  };
  const middle = () => canvases.map((canvas) => {
    const [x, y] = [canvas.width >> 1, canvas.height >> 1];
    return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3);
  });
  const at = (x, y) => {
    const box = stage.getBoundingClientRect();
    return document.elementFromPoint(box.left + x * box.width, box.top + y * box.height) === divide;
  };

  stage.scrollIntoView({ block: "center" });
  seen.clips = [clip(), slide(25), slide(0), slide(100), slide(50)];
  // Where the line is, one takes the line; elsewhere one points at the picture.
  seen.takes = [at(0.5, 0.2), at(0.5, 0.9), at(0.2, 0.5), at(0.8, 0.5)];
  slide(20);
  seen.takesMoved = [at(0.2, 0.5), at(0.5, 0.5)];
  slide(50);
  seen.first = [shown(), visible()];
  change(".right", "2");
  seen.truth = [shown(), visible()];
  change(".left", "2");
  seen.swapped = [shown(), find(".right").value];
  change(".left", "0");
  change(".right", "1");

  const focus = middle();
  pointer("pointermove", 0.25, 0.25, 0);
  seen.away = middle();
  pointer("pointermove", 0.875, 0.8125, 0);
  seen.spot = middle();
  find(".follow").click();
  pointer("pointermove", 0.25, 0.25, 0);
  seen.held = middle();
  pointer("pointerdown", 0.25, 0.25, 1);
  seen.pressed = middle();
  seen.focus = focus;
  const left = parseFloat(marker.style.left);
  marker.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  seen.keyed = parseFloat(marker.style.left) - left;
  const zoom = canvases[0].clientWidth / canvases[0].width;
  seen.zoom = zoom;
  seen.rendering = [getComputedStyle(canvases[0]).imageRendering];
  find(".pixels").click();
  seen.rendering.push(getComputedStyle(canvases[0]).imageRendering);
  return seen;
}

addEventListener("load", async () => {
  let seen = {};
  try {
    await pause(300);
    const figure = document.querySelector(".figure");
    const images = [...document.images];
    // A busy machine draws later.
    const drawn = (canvas) => canvas.getContext("2d")
      .getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data[3] > 0;
    const canvases = document.body.classList.contains("live")
      ? [...figure.querySelectorAll("canvas")] : [];
    for (let tries = 0; tries < 100 && !canvases.every(drawn); tries += 1) await pause(50);
    const root = document.documentElement;
    const box = document.querySelector(".scroll");
    seen = {
      widths: images.map((image) => image.naturalWidth),
      tops: images.map((image) => Math.round(image.getBoundingClientRect().top)),
      controls: getComputedStyle(figure.querySelector(".divide")).display !== "none",
      live: document.body.classList.contains("live"),
      width: innerWidth,
      overflow: Math.max(root.scrollWidth, document.body.scrollWidth) - root.clientWidth,
      tableScrolls: box.scrollWidth > box.clientWidth,
      background: getComputedStyle(document.body).backgroundColor,
      colour: getComputedStyle(document.body).color,
      line: getComputedStyle(document.querySelector("svg g")).stroke,
      title: document.title,
      requests: performance.getEntriesByType("resource").map((entry) => entry.name)
        .filter((name) => !name.startsWith("data:")),
    };
    if (seen.live) seen.use = use(figure);
  } catch (error) {
    seen.error = `${error} ${error.stack}`;
  }
  seen.violations = violations;
  parent.postMessage(encodeURIComponent(JSON.stringify(seen)), "*");
});
