// Calls of the JSON API as this browser's session. Access tokens for sockets are kept in memory only.

/** A refusal: `code` is stable, `message` is for people. */
export class Refusal extends Error {
  constructor({ code = "unreachable", message = "The platform cannot be reached", status = 0, retryAfterMs = 0, requestId = "" }) {
    super(message);
    Object.assign(this, { code, status, retryAfterMs, requestId });
  }
}

const cookie = (name) => document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
export const csrf = () => cookie("__Host-csrf") ?? "";
export const hasSession = () => Boolean(cookie("__Host-csrf"));

/** What an answer with this status and JSON refuses; status 0 is for no answer. */
export function refusalOf(status, data) {
  if (!status) return new Refusal({});
  return new Refusal({
    code: data?.code ?? "failed",
    message: data?.detail ?? data?.title ?? `The platform answered ${status}`,
    status,
    retryAfterMs: data?.retryAfterMs ?? 0,
    requestId: data?.requestId ?? "",
  });
}

async function request(method, path, body, headers = {}) {
  const init = { method, headers: { accept: "application/json", ...headers }, credentials: "same-origin", keepalive: method !== "GET" };
  if (method !== "GET") init.headers["x-csrf-token"] = csrf();
  if (body instanceof Blob) {
    init.headers["content-type"] = body.type || "application/octet-stream";
    init.body = body;
    init.keepalive = false; // what outlives its page may have 64 KB only
  } else if (body !== undefined) {
    init.headers["content-type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, init);
  } catch {
    throw new Refusal({});
  }
  const text = await answer.text();
  const data = text && answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : null;
  if (answer.ok) return data;
  throw refusalOf(answer.status, data);
}

/** One tab at a time exchanges the refresh token: a token that is used twice ends the session. */
export function refresh() {
  const exchange = () => request("POST", "/api/auth/refresh");
  return navigator.locks ? navigator.locks.request("livestreamx-refresh", exchange) : exchange();
}

/** The answer's JSON; renews the session once when its access token has run out. Throws `Refusal`. */
export async function call(method, path, body, headers) {
  try {
    return await request(method, path, body, headers);
  } catch (refusal) {
    if (refusal.status !== 401 || !hasSession() || path.startsWith("/api/auth/")) throw refusal;
    await refresh();
    return request(method, path, body, headers);
  }
}

/** A fresh access token and the seconds it is good, or null for somebody who is not signed in. */
export async function accessToken() {
  if (!hasSession()) return null;
  try {
    return await request("GET", "/api/auth/access");
  } catch (refusal) {
    if (refusal.status !== 401) throw refusal;
  }
  try {
    const { access, expiresIn } = await refresh();
    return { access, expiresIn };
  } catch (refusal) {
    if (refusal.status === 401) return null;
    throw refusal;
  }
}

/** Renew the session when the server no longer knew it while making the page; whether it holds again. */
export async function restore() {
  if (!hasSession()) return false;
  return Boolean(await accessToken());
}
