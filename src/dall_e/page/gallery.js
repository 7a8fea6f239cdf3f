// A click on a picture, or on an example, chooses it.
element.addEventListener("click", (event) => {
  const card = event.target.closest("[data-index]");
  if (card) trigger("select", { index: Number(card.dataset.index) });
});

// What is shown anew has lost the focus of the keyboard.
let hadFocus = false;
element.addEventListener("focusin", () => { hadFocus = true; });
element.addEventListener("focusout", (event) => { hadFocus = event.relatedTarget === null; });
watch("value", () => { if (hadFocus) element.querySelector(".card.chosen")?.focus(); });
