// The counter: what is pressed is kept on the device first and sent then, so that a lost connection loses nothing. Each press has an
// id of its own; told twice, it counts once. Pages work without this script as long as there is a connection.
"use strict";

(() => {
  const root = document.getElementById("counter");
  if (!root) return;
  const say = root.dataset;
  const QUEUE = "goodword.counter.queue";
  const REFUSED = "goodword.counter.refused";
  const STAFF = "goodword.counter.staff";
  const TYPED = "goodword.counter.typed";
  const QUEUE_MAX = 50;
  const REFUSED_MAX = 50;
  const AGAIN_MS = 10000;
  const PATIENCE_MS = 10000;
  const CACHE = "goodword-counter";
  const SHELL = "/counter/offline";

  // what is kept on the device ------------------------------------------------------------------------------------------

  function read(key, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  function write(key, value) {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(value));
      return true;
    } catch {
      return false; // no room, or the browser keeps nothing: then a press is only sent
    }
  }

  const queue = () => read(QUEUE, []);
  const who = () => read(STAFF, null);

  function keep(entry) {
    const all = queue();
    if (all.some((one) => one.id === entry.id)) return true;
    return all.length < QUEUE_MAX && write(QUEUE, [...all, entry]);
  }

  // What has not been answered to the page on which it was pressed has waited, however that page ended.
  function markWaiting() {
    write(QUEUE, queue().map((one) => ({ ...one, offline: true })));
  }

  function drop(id) {
    write(QUEUE, queue().filter((one) => one.id !== id));
  }

  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // sending -------------------------------------------------------------------------------------------------------------

  const LOST = { lost: true };

  async function ask(path, options) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
    try {
      const headers = { Accept: "application/json", ...(options && options.headers) };
      const answer = await fetch(path, { cache: "no-store", credentials: "same-origin", ...options, headers, signal: stop.signal });
      return { status: answer.status, body: await answer.json().catch(() => null) };
    } catch {
      return LOST;
    } finally {
      clearTimeout(timer);
    }
  }

  function told(entry, token) {
    const { id, kind, code, reward, person, amount, customer, program, step, offline } = entry;
    const press = { id, kind, code, reward, person, amount, customer, program, step, offline, waited_ms: Math.max(0, Date.now() - entry.at) };
    return JSON.stringify({ token, staff: entry.staff, press });
  }

  // The entry whose answer this page waits for; of all others somebody has to be told when they are refused.
  let pressed = null;

  // What was answered to this page, by the id of the entry.
  const answers = {};

  // "online", "offline", "signed out"; null as long as nobody has asked.
  let connection = null;

  // A proxy or a network that asks for a sign-in of its own answers with its pages: nothing is decided by them.
  function isOurs(answer) {
    const { status, body } = answer;
    if (body === null || typeof body !== "object") return false;
    return status === 200 ? typeof body.outcome === "string" : body.status === status && typeof body.title === "string";
  }

  async function state() {
    const answer = await ask("/counter/state");
    if (answer.status === 200 && answer.body && answer.body.staff) connection = "online";
    else connection = answer.status === 401 || answer.status === 403 ? "signed out" : "offline";
    return connection === "online" ? answer.body : null;
  }

  // Sends what waits, in the order in which it was pressed.
  async function send() {
    const now = await state();
    if (now) {
      for (const entry of queue()) {
        if (entry.staff !== now.staff) continue;
        const options = { method: "POST", body: told(entry, now.token), headers: { "Content-Type": "application/json" } };
        const answer = await ask("/counter/entries", options);
        if (answer.status === 401 || answer.status === 403) {
          connection = "signed out";
          break;
        }
        if (answer.lost || answer.status >= 500 || answer.status === 429 || !isOurs(answer)) {
          connection = "offline";
          break;
        }
        const said = answer.status === 200 ? answer.body : { outcome: "refused", title: say.broken, lines: [] };
        answers[entry.id] = said;
        if (entry.id !== pressed && said.outcome === "refused") note(entry, said);
        drop(entry.id);
      }
    }
    show();
  }

  // What became of an entry; nothing while it waits. Whatever was sending when it was pressed may have sent it too: this page, whose answers
  // are kept, or another one of this browser. Told again it counts once, and is answered here.
  async function answerTo(entry) {
    await alone(send);
    const isGone = !answers[entry.id] && queue().every((one) => one.id !== entry.id);
    if (isGone && keep(entry)) await alone(send);
    return answers[entry.id];
  }

  function alone(work) {
    return navigator.locks ? navigator.locks.request("goodword.counter", work) : work();
  }

  function note(entry, said) {
    const { label, kind, at } = entry;
    const all = [...read(REFUSED, []), { id: entry.id, label, kind, at, title: said.title, lines: said.lines }];
    write(REFUSED, all.slice(-REFUSED_MAX));
  }

  // What waits keeps asking; when the connection is back, the browser says so as well.
  let asking = false;
  // The entry that was kept by a page on which there is nothing else to do: when it is answered, the answer is shown.
  let awaited = null;

  async function again() {
    if (asking) return;
    asking = true;
    try {
      if (awaited) {
        const answer = await answerTo(awaited);
        if (answer) awaited = null;
        if (answer && answer.address) location.assign(answer.address);
      } else if (queue().length || connection === "offline") await alone(send);
    } finally {
      asking = false;
    }
  }

  setInterval(again, AGAIN_MS);
  addEventListener("online", again);
  addEventListener("offline", () => {
    connection = "offline";
    show();
  });
  addEventListener("storage", () => show());

  // pressing ------------------------------------------------------------------------------------------------------------

  function entryOf(form, kind) {
    const fields = Object.fromEntries(new FormData(form));
    const id = fields.id || newId();
    return {
      id,
      kind: fields.kind || kind,
      code: fields.code || "",
      reward: fields.reward || "",
      person: fields.person || "",
      customer: fields.customer || "",
      program: fields.program || "",
      step: fields.step || "",
      amount: fields.amount || fields[`amount-${id}`] || "",
      label: fields.label || fields.code || "",
      at: Date.now(),
      staff: (who() || {}).id || "",
      offline: false,
    };
  }

  function waitingRewards() {
    return queue().filter((one) => one.kind === "redeem" && one.staff === who().id).length;
  }

  function notice(kind, title, text) {
    const old = document.getElementById("said");
    if (old) old.remove();
    const box = document.createElement("div");
    box.id = "said";
    box.className = `notice ${kind}`;
    box.setAttribute("role", kind === "bad" ? "alert" : "status");
    box.tabIndex = -1;
    box.append(paragraph(title, true), ...(text ? [paragraph(text)] : []));
    root.after(box);
    box.focus();
  }

  function paragraph(text, strong) {
    const p = document.createElement("p");
    const inner = strong ? document.createElement("strong") : p;
    inner.textContent = text;
    if (strong) p.append(inner);
    return p;
  }

  async function press(form, kind) {
    if (!who()) return notice("bad", say.nobody);
    const entry = entryOf(form, kind);
    // Rewards that are handed over without a connection are at the shop's risk: so many, and no more.
    if (entry.kind === "redeem" && waitingRewards() >= who().offline_max) {
      await alone(send);
      if (connection !== "online") return notice("bad", say.offlineLimit);
    }
    if (!keep(entry)) {
      // A browser that keeps nothing can still send.
      if (form.dataset.entry !== undefined && !queue().length) return form.submit();
      return notice("bad", say.full);
    }
    pressed = entry.id;
    delete answers[entry.id]; // of a press before that was refused
    const answer = await answerTo(entry);
    pressed = null;
    if (answer && answer.address) return location.assign(answer.address);
    if (answer) return notice("bad", answer.title);
    markWaiting();
    show();
    notice("warning", say.kept);
    form.reset();
    if (form.dataset.entry === undefined) return;
    form.hidden = true;
    awaited = { ...entry, offline: true };
  }

  for (const form of document.querySelectorAll("form[data-entry], form[data-offline-entry]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (form.dataset.busy) return;
      form.dataset.busy = "1";
      const buttons = form.querySelectorAll("button");
      try {
        for (const button of buttons) button.setAttribute("aria-busy", "true");
        await press(form, event.submitter ? event.submitter.value : "");
      } finally {
        delete form.dataset.busy;
        for (const button of buttons) button.removeAttribute("aria-busy");
      }
    });
  }

  // What was typed when the connection broke stands there again on the page without one.
  const lookUp = document.querySelector("form[data-look-up]");
  if (lookUp) lookUp.addEventListener("submit", () => sessionStorage.setItem(TYPED, lookUp.elements.code.value));
  const shell = document.querySelector("form[data-offline-entry]");
  if (shell) shell.elements.code.value = sessionStorage.getItem(TYPED) || "";
  else if (!lookUp) sessionStorage.removeItem(TYPED);

  // who works here ------------------------------------------------------------------------------------------------------

  if (say.staff) write(STAFF, { id: say.staff, name: say.name, offline_max: Number(say.offlineMax) });
  const signOut = document.querySelector("form[data-sign-out]");
  if (signOut) signOut.addEventListener("submit", () => write(STAFF, null));

  // showing -------------------------------------------------------------------------------------------------------------

  function item(one, more) {
    const li = document.createElement("li");
    const kind = { redeem: say.redeem, visit: say.visit }[one.kind] || say.new;
    const time = new Date(one.at).toLocaleTimeString(say.language, { hour: "2-digit", minute: "2-digit", numberingSystem: "latn" });
    const label = document.createElement("bdi");
    label.textContent = one.label;
    li.append(`${kind}: `, label, ` · ${say.pressed} `, time);
    for (const text of more) li.append(document.createElement("br"), text);
    return li;
  }

  function list(items) {
    const ul = document.createElement("ul");
    ul.append(...items);
    return ul;
  }

  function showWaiting() {
    const box = document.getElementById("waiting");
    const all = queue().filter((one) => one.offline || connection !== "online");
    box.hidden = all.length === 0;
    if (box.hidden) return;
    const mine = who() ? who().id : "";
    const why = connection === "signed out" ? say.signedOut : connection === "online" ? say.sending : say.keptText;
    const items = all.map((one) => item(one, one.staff !== mine && connection === "online" ? [say.other] : []));
    box.replaceChildren(paragraph(`${say.waiting} ${all.length}`, true), list(items), paragraph(why));
  }

  function showRefused() {
    const box = document.getElementById("refused");
    const all = read(REFUSED, []);
    box.hidden = all.length === 0;
    if (box.hidden) return;
    const seen = document.createElement("button");
    seen.type = "button";
    seen.className = "button quiet";
    seen.textContent = say.seen;
    seen.addEventListener("click", () => {
      write(REFUSED, null);
      show();
    });
    box.replaceChildren(paragraph(say.refused, true), list(all.map((one) => item(one, [one.title, ...one.lines]))), seen);
  }

  function show() {
    showWaiting();
    showRefused();
    const badge = document.getElementById("connection");
    badge.hidden = connection === null || (connection === "signed out" && !queue().length);
    badge.className = `badge ${connection === "online" ? "good" : "warning"}`;
    badge.textContent = connection === "offline" ? say.offline : connection === "online" ? say.online : say.signedOut;
  }

  // scanning ------------------------------------------------------------------------------------------------------------

  async function scanner() {
    const button = document.getElementById("scan");
    if (!button || !("BarcodeDetector" in window) || !navigator.mediaDevices) return;
    const formats = await BarcodeDetector.getSupportedFormats();
    if (!formats.includes("qr_code")) return;
    const detector = new BarcodeDetector({ formats: formats.filter((one) => ["qr_code", "code_128", "ean_13"].includes(one)) });
    const box = document.getElementById("camera");
    const video = box.querySelector("video");
    const label = button.textContent;
    let stream = null;
    button.hidden = false;

    function stop() {
      if (stream) stream.getTracks().forEach((track) => track.stop());
      stream = null;
      box.hidden = true;
      button.textContent = label;
    }

    async function look() {
      if (!stream) return;
      const [found] = await detector.detect(video).catch(() => []);
      if (!found) return void setTimeout(look, 200);
      stop();
      lookUp.elements.code.value = found.rawValue.slice(0, 500);
      lookUp.requestSubmit();
    }

    button.addEventListener("click", async () => {
      if (stream) return stop();
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch {
        return notice("bad", button.dataset.denied);
      }
      video.srcObject = stream;
      box.hidden = false;
      button.textContent = button.dataset.stop;
      await video.play();
      look();
    });
    addEventListener("pagehide", stop);
  }

  // the page for the time without a connection --------------------------------------------------------------------------

  async function keepShell() {
    if (!("serviceWorker" in navigator) || !say.staff) return;
    await navigator.serviceWorker.register(say.worker, { scope: "/counter" });
    const cache = await caches.open(CACHE);
    const page = await fetch(`${SHELL}?lang=${say.language}`, { cache: "no-store" });
    if (!page.ok) return;
    const text = await page.clone().text();
    const files = new DOMParser().parseFromString(text, "text/html").querySelectorAll("[src], link[rel=icon]");
    const wanted = new Set(Array.from(files, (file) => file.getAttribute("src") || file.getAttribute("href")));
    for (const kept of await cache.keys()) {
      const { pathname, search } = new URL(kept.url);
      if (pathname !== SHELL && !wanted.has(pathname + search)) await cache.delete(kept);
    }
    for (const file of wanted) if (!(await cache.match(file))) await cache.add(file);
    await cache.put(SHELL, page);
  }

  if (queue().length) markWaiting();
  show();
  if (say.staff || queue().length) alone(send).catch(() => {});
  scanner().catch(() => {});
  keepShell().catch(() => {});
})();
