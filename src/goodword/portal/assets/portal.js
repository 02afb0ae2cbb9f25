// What a page can do better with a script than without: copy, share by the device, put one's own words into the ways.
"use strict";

// Said before anything is drawn, so that what a script adds stands in its place from the beginning and nothing moves.
const able = document.documentElement.classList;
able.add("script");
if (navigator.clipboard) able.add("can-copy");
if (navigator.share) able.add("can-share");

document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = label; }, 3000);
    });
  }

  const message = document.querySelector("[data-message]");
  const written = message && message.querySelector("textarea");
  const ways = document.querySelectorAll("a[data-template]");

  if (written) {
    message.hidden = false;
    written.addEventListener("input", () => {
      for (const way of ways) way.href = way.dataset.template.replace("{text}", encodeURIComponent(written.value));
    });
  }

  for (const button of document.querySelectorAll("button[data-share]")) {
    if (!navigator.share) continue;
    button.closest("li").hidden = false;
    button.addEventListener("click", () => {
      const text = written ? written.value : "";
      navigator.share({ title: button.dataset.title, text, url: `${button.dataset.share}?ch=native` }).catch(() => {});
    });
  }

  const shared = document.querySelector("[data-shared]");

  if (shared) {
    const tell = (way) => {
      const told = new URLSearchParams({ way, token: shared.dataset.token });
      fetch(shared.dataset.shared, { method: "POST", body: told, keepalive: true }).catch(() => {});
    };
    tell("shown");
    shared.addEventListener("click", (event) => {
      const way = event.target.closest("[data-way]");
      if (way) tell(way.dataset.way);
    });
  }
});
