// Walk the named marks of a chart with the keyboard; the name of each is read out below it.

const MARKS = "[data-mark], [role='graphics-symbol'][aria-label]:not(g)";
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function walk(chart) {
  const marks = [...chart.querySelectorAll(MARKS)];
  const readout = chart.querySelector(".chart-readout");
  if (marks.length === 0 || !readout) return;

  let current = 0;
  marks.forEach((mark, place) => {
    mark.setAttribute("tabindex", place === 0 ? "0" : "-1");
    mark.addEventListener("focus", () => arrive(place));
    mark.addEventListener("pointerenter", () => read(mark));
  });

  function read(mark) {
    readout.textContent = mark.getAttribute("aria-label");
  }

  function arrive(place) {
    marks[current].setAttribute("tabindex", "-1");
    current = place;
    marks[current].setAttribute("tabindex", "0");
    read(marks[current]);
  }

  chart.addEventListener("keydown", (event) => {
    const here = marks.indexOf(event.target);
    if (here < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    let place = null;
    if (event.key in STEPS) place = here + STEPS[event.key];
    if (event.key === "Home") place = 0;
    if (event.key === "End") place = marks.length - 1;
    if (place === null) return;
    event.preventDefault();
    marks[Math.min(Math.max(place, 0), marks.length - 1)].focus();
  });
}

document.querySelectorAll("[data-chart]").forEach(walk);
