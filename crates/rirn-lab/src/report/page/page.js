// SPDX-License-Identifier: MIT OR Apache-2.0
// Makes every figure a slider between two pictures with a magnified region of all pictures.
"use strict";

const ZOOM = 3; // pixels of the screen to one of the picture
const STEPS = 60; // of the marker from edge to edge by keys

function enliven(figure) {
  const find = (selector) => figure.querySelector(selector);
  const panels = [...figure.querySelectorAll(".panel")];
  const pictures = panels.map((panel) => panel.querySelector("img"));
  const canvases = [...figure.querySelectorAll("canvas")];
  const [left, right, follow, pixels] =
    [".left", ".right", ".follow", ".pixels"].map(find);
  const [stage, divide, marker, crops] =
    [".stage", ".divide", ".marker", ".crops"].map(find);
  const natural = [
    Number(pictures[0].getAttribute("width")),
    Number(pictures[0].getAttribute("height")),
  ];
  // Which panel is shown on the left, and which on the right.
  const shown = [left.value, right.value];
  // Middle of the magnified region as shares of width and height; its size in pixels.
  let middle = [Number(figure.dataset.x), Number(figure.dataset.y)];
  let region = [1, 1];

  function showPair() {
    panels.forEach((panel, index) => {
      panel.classList.toggle("on-right", index === Number(right.value));
      panel.classList.toggle("on-left", index === Number(left.value));
      panel.style.clipPath = "";
    });
    showShare();
  }

  function choose(side) {
    const selects = [left, right];
    if (left.value === right.value) selects[1 - side].value = shown[side]; // they change places
    selects.forEach((select, index) => { shown[index] = select.value; });
    showPair();
  }

  function showShare() {
    const panel = panels[left.value];
    panel.style.clipPath = `inset(0 ${100 - divide.value}% 0 0)`;
    divide.setAttribute("aria-valuetext", `${Math.round(divide.value)} percent ` +
      `${left.selectedOptions[0].text}, the rest ${right.selectedOptions[0].text}`);
  }

  function showRegion() {
    const begin = middle.map((share, axis) => {
      const at = Math.round(share * natural[axis] - region[axis] / 2);
      return Math.min(Math.max(at, 0), natural[axis] - region[axis]);
    });
    const percent = (value, axis) => `${(100 * value) / natural[axis]}%`;
    marker.style.left = percent(begin[0], 0);
    marker.style.top = percent(begin[1], 1);
    marker.style.width = percent(region[0], 0);
    marker.style.height = percent(region[1], 1);
    canvases.forEach((canvas, index) => {
      const brush = canvas.getContext("2d");
      brush.drawImage(pictures[index], ...begin, ...region, 0, 0, ...region);
    });
  }

  // The canvases hold the pixels themselves; the style magnifies them.
  function fit() {
    const wide = canvases[0].clientWidth / ZOOM;
    const next = [wide, wide * 0.75].map((side, axis) =>
      Math.max(1, Math.min(Math.round(side), natural[axis])));
    if (next[0] !== region[0] || next[1] !== region[1]) {
      region = next;
      for (const canvas of canvases) {
        [canvas.width, canvas.height] = region;
      }
    }
    showRegion();
  }

  function moveTo(shares) {
    // No further than the region can go, so that keys answer at once on the way back.
    middle = shares.map((share, axis) => {
      const edge = Math.min(0.5, region[axis] / 2 / natural[axis]);
      return Math.min(Math.max(share, edge), 1 - edge);
    });
    showRegion();
  }

  function point(event) {
    const box = stage.getBoundingClientRect();
    moveTo([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  }

  stage.addEventListener("pointermove", (event) => {
    // While the line is dragged the region stays.
    if (event.target !== divide && (event.buttons || follow.checked)) point(event);
  });
  stage.addEventListener("pointerdown", (event) => {
    if (event.target !== divide) point(event);
  });
  marker.addEventListener("keydown", (event) => {
    const way = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    }[event.key];
    if (!way) return;
    event.preventDefault();
    moveTo(middle.map((share, axis) => share + way[axis] / STEPS));
  });
  divide.addEventListener("input", showShare);
  left.addEventListener("change", () => choose(0));
  right.addEventListener("change", () => choose(1));
  pixels.addEventListener("change", () => crops.classList.toggle("pixelated", pixels.checked));

  // The magnified regions fit on the screen beneath it.
  const ratio = natural[0] / natural[1];
  stage.style.maxWidth = `min(${natural[0] * 2}px, max(16rem, ${65 * ratio}vh))`;
  showPair();
  Promise.all(pictures.map((picture) => picture.decode())).then(() => {
    new ResizeObserver(fit).observe(crops);
    fit();
  }).catch(() => crops.remove());
}

for (const figure of document.querySelectorAll(".figure")) {
  document.body.classList.add("live");
  enliven(figure);
}
