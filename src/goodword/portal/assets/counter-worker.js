// The worker of the counter: without a connection it shows the page that was kept for that, and nothing else.
"use strict";

const SHELL = "/counter/offline";
const PATIENCE_MS = 8000;
// What a proxy answers while the server behind it is away.
const AWAY = [502, 503, 504];

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

function inTime(request) {
  const late = new Promise((_, fail) => setTimeout(() => fail(new Error("late")), PATIENCE_MS));
  return Promise.race([fetch(request), late]);
}

async function pageOrShell(request) {
  let answer;
  try {
    answer = await inTime(request);
    if (!AWAY.includes(answer.status)) return answer;
  } catch (error) {
    answer = error;
  }
  const kept = await caches.match(SHELL);
  if (kept) return kept;
  if (answer instanceof Response) return answer;
  throw answer;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (pathname === "/counter" || pathname.startsWith("/counter/")) event.respondWith(pageOrShell(request));
  } else if (request.method === "GET" && pathname.startsWith("/assets/")) {
    event.respondWith(caches.match(request).then((kept) => kept || fetch(request)));
  }
});
