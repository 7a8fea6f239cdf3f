// Painting over a picture: what is painted is what may change. `window.paintedMask()` gives it as
// a data URL, white on black in the size of the picture, or "" if nothing is painted.
const COLOUR = "rgb(226, 62, 122)";
let last = null;

const place = (canvas, event) => {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale, scale];
};

const stroke = (canvas, event) => {
  const [x, y, scale] = place(canvas, event);
  const pen = canvas.getContext("2d");
  const [fromX, fromY] = last || [x, y];
  pen.strokeStyle = COLOUR;
  pen.lineCap = pen.lineJoin = "round";
  pen.lineWidth = Number(element.querySelector(".brush").value) * scale;
  pen.beginPath();
  pen.moveTo(fromX, fromY);
  pen.lineTo(x + 0.01, y);
  pen.stroke();
  last = [x, y];
  canvas.dataset.painted = "yes";
};

element.addEventListener("pointerdown", (event) => {
  if (event.target.tagName !== "CANVAS") return;
  event.preventDefault();
  event.target.setPointerCapture(event.pointerId);
  last = null;
  stroke(event.target, event);
});
element.addEventListener("pointermove", (event) => {
  if (event.target.tagName === "CANVAS" && last) stroke(event.target, event);
});
for (const end of ["pointerup", "pointercancel"])
  element.addEventListener(end, () => { last = null; });
const clear = () => {
  const canvas = element.querySelector("canvas");
  if (!canvas) return;
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  delete canvas.dataset.painted;
};
element.addEventListener("click", (event) => { if (event.target.closest(".clear")) clear(); });
// What is painted belongs to the picture that was there.
watch("value", clear);

window.paintedMask = () => {
  const canvas = element.querySelector("canvas");
  if (!canvas || !canvas.dataset.painted) return "";
  const mask = document.createElement("canvas");
  mask.width = canvas.width;
  mask.height = canvas.height;
  const pen = mask.getContext("2d");
  pen.drawImage(canvas, 0, 0);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = "white";
  pen.fillRect(0, 0, mask.width, mask.height);
  pen.globalCompositeOperation = "destination-over";
  pen.fillStyle = "black";
  pen.fillRect(0, 0, mask.width, mask.height);
  return mask.toDataURL("image/png");
};
