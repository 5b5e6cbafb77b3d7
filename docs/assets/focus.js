// What scrolls can be reached by the keyboard and says what it is, and what the theme leaves without a name has one.
function reachable() {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  document.querySelectorAll(".md-code__nav").forEach((nav, i) => nav.setAttribute("aria-label", `Code ${i + 1}`));
  for (const box of document.querySelectorAll(".md-content pre > code, .md-typeset__scrollwrap, .md-content div")) {
    const scrolls = box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
    if (scrolls && !box.hasAttribute("tabindex")) box.tabIndex = 0;
  }
}
document$.subscribe(() => setTimeout(reachable)); // after the theme has put its buttons there
addEventListener("resize", reachable);
