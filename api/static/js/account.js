// Sign in and register: the form goes to the API, which sets the session's cookies.
import { busy } from "./dom.js";
import { call, hasSession } from "./session.js";

const form = document.getElementById("account");
const problem = form.querySelector("[data-problem]");
const joining = form.dataset.kind === "register";

function refuse(message, field) {
  problem.textContent = message;
  problem.hidden = false;
  const input = field && form.elements[field];
  if (input) {
    input.setAttribute("aria-invalid", "true");
    input.focus();
  }
}

function complaint() {
  const { handle, password } = form.elements;
  if (joining && !/^[a-z0-9_]{3,20}$/.test(handle.value)) return ["A handle is 3 to 20 of a to z, 0 to 9 and _.", "handle"];
  if (!handle.value) return ["Type your handle.", "handle"];
  if (joining && password.value.length < 8) return ["A password has at least 8 characters.", "password"];
  if (!password.value) return ["Type your password.", "password"];
  return null;
}

form.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  problem.hidden = true;
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  form.elements.handle.value = form.elements.handle.value.trim().toLowerCase();
  const wrong = complaint();
  if (wrong) {
    refuse(...wrong);
    return;
  }
  busy(form.querySelector("button"), async () => {
    const body = { handle: form.elements.handle.value, password: form.elements.password.value, cookies: true };
    if (joining && form.elements.email.value) body.email = form.elements.email.value;
    try {
      await call("POST", `/api/auth/${form.dataset.kind}`, body);
      if (hasSession()) location.assign(form.dataset.next);
      else refuse("This browser keeps no session here: open the page by https, or on this machine as localhost.");
    } catch (refusal) {
      refuse(refusal.message, { handle_taken: "handle", wrong_credentials: "password" }[refusal.code]);
    }
  });
});
