"use strict";
for (const block of document.querySelectorAll("script.figure")) {
  const figure = JSON.parse(block.textContent);
  void Bokeh.embed.embed_items(figure.documents, figure.items);
}
