// Keeps the offline page at hand; everything else comes from the network.
const CACHE = "offline-1";

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const page = await fetch("/offline", { credentials: "omit" });
    const html = await page.clone().text();
    const cache = await caches.open(CACHE);
    await cache.put("/offline", page);
    const files = [...html.matchAll(/(?:href|src)="(\/static\/[^"#]+)/g)].map((match) => match[1]);
    await cache.addAll([...new Set(files)]);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// The offline page needs its own files while there is no network.
function fallback(request) {
  if (request.mode === "navigate") return "/offline";
  return new URL(request.url).pathname.startsWith("/static/") ? request : null;
}

self.addEventListener("fetch", (event) => {
  const kept = fallback(event.request);
  if (kept) event.respondWith(fetch(event.request).catch(async () => (await caches.match(kept)) ?? Response.error()));
});
