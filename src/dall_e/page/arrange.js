// Things of a picture are dragged with a finger or a mouse, or moved with keys.
const STEP = 0.02;
const KEYS = {
  ArrowLeft: { move: [-STEP, 0] }, ArrowRight: { move: [STEP, 0] },
  ArrowUp: { move: [0, -STEP] }, ArrowDown: { move: [0, STEP] },
  "+": { resize: 1.1 }, "=": { resize: 1.1 }, "-": { resize: 1 / 1.1 },
  Delete: { remove: true }, Backspace: { remove: true },
};
let drag = null;

element.addEventListener("pointerdown", (event) => {
  const thing = event.target.closest(".thing");
  if (!thing) return;
  thing.setPointerCapture(event.pointerId);
  drag = { thing, x: event.clientX, y: event.clientY };
});
element.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const x = event.clientX - drag.x, y = event.clientY - drag.y;
  drag.thing.style.transform = `translate(${x}px, ${y}px)`;
});
element.addEventListener("pointercancel", () => {
  if (drag) drag.thing.style.transform = "";
  drag = null;
});
element.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const side = element.querySelector(".stage").clientWidth;
  const dx = (event.clientX - drag.x) / side, dy = (event.clientY - drag.y) / side;
  const name = drag.thing.dataset.name;
  const moved = Math.hypot(dx, dy) > 0.01;
  trigger("select", moved ? { name, move: [dx, dy] } : { name });
  drag = null;
});
element.addEventListener("keydown", (event) => {
  const thing = event.target.closest(".thing"), change = KEYS[event.key];
  if (!thing || !change) return;
  event.preventDefault();
  trigger("select", { name: thing.dataset.name, ...change });
});

// What is shown anew has lost the focus of the keyboard.
let hadFocus = false;
element.addEventListener("focusin", () => { hadFocus = true; });
element.addEventListener("focusout", (event) => { hadFocus = event.relatedTarget === null; });
watch("value", () => { if (hadFocus) element.querySelector(".thing.chosen")?.focus(); });
