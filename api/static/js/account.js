// Sign in and register: the form goes to the API, which sets the session's cookies.
import { onSubmit } from "./kit/forms.js";
import { call, hasSession, Refusal } from "./session.js";

const form = document.getElementById("account");
const joining = form.dataset.kind === "register";
const NO_SESSION = "This browser keeps no session here: open the page by https, or on this machine as localhost.";
const FIELDS = { handle_needed: "handle", password_needed: "password", handle_taken: "handle", wrong_credentials: "password" };

/** Throws what is wrong before anything is sent. */
function check({ handle, password }) {
  const refuse = (code, message) => {
    throw new Refusal({ code, message });
  };
  if (joining && !/^[a-z0-9_]{3,20}$/.test(handle.value)) refuse("handle_needed", "A handle is 3 to 20 of a to z, 0 to 9 and _.");
  if (!handle.value) refuse("handle_needed", "Type your handle.");
  if (joining && password.value.length < 8) refuse("password_needed", "A password has at least 8 characters.");
  if (!password.value) refuse("password_needed", "Type your password.");
}

async function enter(elements) {
  const { handle, password, email } = elements;
  handle.value = handle.value.trim().toLowerCase();
  check(elements);
  const body = { handle: handle.value, password: password.value, cookies: true };
  if (joining && email.value) body.email = email.value;
  await call("POST", `/api/auth/${form.dataset.kind}`, body);
  if (!hasSession()) throw new Refusal({ code: "no_session", message: NO_SESSION });
  location.assign(form.dataset.next);
}

onSubmit(form, enter, FIELDS);
