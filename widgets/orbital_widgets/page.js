"use strict";
(() => {
  // What ipywidgets and Bokeh leave open on a page: names, keyboard, dark theme, echoes.
  if (window.orbitalPage) return;
  window.orbitalPage = true;
  // What the kernel has just sent, jupyter_bokeh sends back to it, columns and all.
  const documents = window.Bokeh?.require?.("document").Document.prototype;
  if (documents?._trigger_on_change) {
    const trigger = documents._trigger_on_change;
    const isFromKernel = (event) => event.attr !== undefined && event.sync === false;
    documents._trigger_on_change = function (event) {
      if (!(event.events ?? [event]).every(isFromKernel)) trigger.call(this, event);
    };
  }
  const style = document.createElement("style");
  style.textContent = `
    .orbital-widget .jupyter-button, .orbital-widget .widget-inline-hbox > .widget-label {
      flex-shrink: 0; min-width: max-content; }
    .orbital-widget .widget-html-content { overflow-wrap: anywhere; }
    body[data-jp-theme-light="false"] [data-root-id] > * {
      filter: invert(0.93) hue-rotate(180deg); }`;
  document.head.append(style);
  const scrolls = (part) =>
    (part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight) &&
    /auto|scroll/.test(getComputedStyle(part).overflow);
  const complete = () => {
    for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const label = handle.closest(".jupyter-widgets")?.querySelector("label");
      handle.setAttribute("aria-label", label?.textContent || "slider");
    }
    for (const part of document.querySelectorAll(
      ".orbital-widget .widget-html, .orbital-widget .widget-tab-contents"))
      if (scrolls(part)) part.tabIndex = 0;
    for (const figure of document.querySelectorAll(".orbital-figure:not([role])")) {
      figure.setAttribute("role", "figure");
      figure.setAttribute("aria-label", "plot; its values are in the table below it");
    }
  };
  let waits = false;
  new MutationObserver(() => {
    if (waits) return;
    waits = true;
    setTimeout(() => { waits = false; complete(); }, 300);
  }).observe(document.body, {childList: true, subtree: true});
  complete();
})();
