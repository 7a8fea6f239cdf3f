// A picture travels as a data URL in the event: nothing of it is written to a disk.
const read = (file) => {
  const reader = new FileReader();
  reader.onload = () => trigger("upload", { picture: reader.result, name: file.name });
  reader.readAsDataURL(file);
};
element.addEventListener("change", (event) => {
  const [file] = event.target.files || [];
  if (file) read(file);
  event.target.value = "";
});
element.addEventListener("dragover", (event) => event.preventDefault());
element.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) read(file);
});
