"use strict";
// Lights up the paths of what is pointed at, focused or kept, and hides kinds of paths. No data is in here: all of it
// is in the page's own elements, whose data-paths are the numbers of the paths that they belong to.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const parts = all(".part");
  const choosers = all("button.reason, .node");
  const nodes = all(".node");
  const boxes = all(".kinds input");
  const figure = document.querySelector("figure");
  const told = document.getElementById("told");
  let kept = null;

  const numbers = (text) => text.split(" ").filter(Boolean);
  const shown = () => new Set(boxes.filter((box) => box.checked).flatMap((box) => numbers(box.dataset.kind)));

  function light(chosen) {
    const wanted = new Set(chosen ? numbers(chosen.dataset.paths) : []);
    if (figure) figure.classList.toggle("choosing", wanted.size > 0);
    for (const part of parts) {
      part.classList.toggle("lit", numbers(part.dataset.paths).some((number) => wanted.has(number)));
    }
    if (told) told.textContent = chosen ? chosen.getAttribute("aria-label") || chosen.querySelector(".text").textContent : "";
  }

  function keep(chosen) {
    kept = kept === chosen ? null : chosen;
    for (const chooser of choosers) chooser.setAttribute("aria-pressed", String(chooser === kept));
    light(kept);
  }

  function hide() {
    const seen = shown();
    for (const part of parts) {
      const own = numbers(part.dataset.paths);
      part.classList.toggle("gone", own.length > 0 && !own.some((number) => seen.has(number)));
    }
    for (const end of all(".node.end")) end.classList.remove("gone");
    if (kept && kept.classList.contains("gone")) keep(null);
    if (!nodes.some((node) => node.tabIndex === 0 && !node.classList.contains("gone"))) enter(nodes[0]);
  }

  function enter(node) {
    for (const other of nodes) other.setAttribute("tabindex", other === node ? "0" : "-1");
  }

  const ahead = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

  // The nearest node in the direction of an arrow key, left and right along paths; what lies off to the side counts
  // three times as far.
  function neighbour(node, [dx, dy]) {
    const own = new Set(numbers(node.dataset.paths));
    let best = null;
    let least = Infinity;
    for (const other of nodes) {
      if (other === node || other.classList.contains("gone")) continue;
      if (dx && !numbers(other.dataset.paths).some((number) => own.has(number))) continue;
      const x = other.dataset.x - node.dataset.x;
      const y = other.dataset.y - node.dataset.y;
      const along = x * dx + y * dy;
      const distance = along + 3 * Math.abs(x * dy + y * dx);
      if (along > 1 && distance < least) [best, least] = [other, distance];
    }
    return best;
  }

  for (const chooser of choosers) {
    chooser.addEventListener("click", () => keep(chooser));
    chooser.addEventListener("mouseenter", () => light(chooser));
    chooser.addEventListener("mouseleave", () => light(kept));
    chooser.addEventListener("focus", () => light(chooser));
    chooser.addEventListener("blur", () => light(kept));
  }
  for (const node of nodes) {
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") keep(node);
      else if (event.key in ahead) {
        const next = neighbour(node, ahead[event.key]);
        if (!next) return;
        enter(next);
        next.focus();
      } else return;
      event.preventDefault();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (kept) keep(kept);
    light(null);
  });
  for (const box of boxes) box.addEventListener("change", hide);
  // A page that is gone back to may have kept unticked boxes.
  hide();
})();
