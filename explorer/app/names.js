// Sliders have a role and a value but no name, and say the position in their list, not the value.
(function name(image) {
  const app = image.closest(".x-app");
  if (!app) { setTimeout(() => name(image), 50); return; }
  const say = () => app.querySelectorAll(".widget-hslider").forEach((slider) => {
    const handle = slider.querySelector(".noUi-handle"), value = slider.querySelector(".widget-readout");
    if (!handle || !value) return;
    const label = slider.querySelector(".widget-label").textContent;
    if (handle.getAttribute("aria-label") !== label) handle.setAttribute("aria-label", label);
    if (handle.getAttribute("aria-valuetext") !== value.textContent) handle.setAttribute("aria-valuetext", value.textContent);
  });
  new MutationObserver(say).observe(app.querySelector(".x-left"), {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["aria-valuetext"],
  });
  say();
  image.remove();
})(this)
