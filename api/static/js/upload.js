// Forms that bring a file: sent with word of how far it is, as this browser's session.
import { csrf, hasSession, refresh, refusalOf } from "./session.js";

function send(path, form, onProgress) {
  return new Promise((done, fail) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", path);
    xhr.setRequestHeader("accept", "application/json");
    xhr.setRequestHeader("x-csrf-token", csrf());
    xhr.responseType = "json";
    xhr.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    xhr.addEventListener("load", () => (xhr.status < 300 ? done(xhr.response) : fail(refusalOf(xhr.status, xhr.response))));
    xhr.addEventListener("error", () => fail(refusalOf(0, null)));
    xhr.send(form);
  });
}

/**
 * Send a form; `onProgress` is told the share that is sent. The answer's JSON; throws `Refusal`.
 * @param {string} path @param {FormData} form @param {(share: number) => void} onProgress
 */
export async function upload(path, form, onProgress) {
  try {
    return await send(path, form, onProgress);
  } catch (refusal) {
    if (refusal.status !== 401 || !hasSession()) throw refusal;
    await refresh();
    return send(path, form, onProgress);
  }
}
