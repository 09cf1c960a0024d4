// Calls the hub's API as the person who is signed in. Never throws: a failure is an answer with words.

const SIGNED_OUT = 401;
const FORBIDDEN = 403;
const mark = (page) => page.querySelector('meta[name="csrf-token"]');
const who = (page) => page.querySelector(".who strong")?.textContent;

export async function send(method, path, body) {
  try {
    let answer = await ask(method, path, body);
    if (answer.status === FORBIDDEN && (await renewed())) answer = await ask(method, path, body);
    const json = parse(await answer.text());
    return { ok: answer.ok, status: answer.status, json, what: answer.ok ? "" : words(answer.status, json) };
  } catch {
    return { ok: false, status: 0, json: {}, what: "The hub cannot be reached." };
  }
}

function ask(method, path, body) {
  return fetch(path, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRF-Token": mark(document)?.content ?? "" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

// Who signed in again in another tab has another mark against forged forms: the page takes it over, once it is
// known to be the same person's, and nothing that was typed into it is lost.
async function renewed() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [old, now] = [mark(document), mark(page)];
  if (!old || !now?.content || now.content === old.content || who(page) !== who(document)) return false;
  old.content = now.content;
  return true;
}

export function words(status, json) {
  if (signedOut(status)) return "Your session has ended."; // the API speaks of tokens to programs
  const parts = [json.what ?? json.detail ?? `The hub answered ${status}.`, json.fix];
  return parts.filter((part) => typeof part === "string" && part).join(" – ");
}

// whether only signing in again helps
export function signedOut(status) { return status === SIGNED_OUT; }

// signed out, page too old, slow, too many: the same may still be taken later
const TRY_AGAIN = new Set([SIGNED_OUT, FORBIDDEN, 408, 429]);

// whether asking again cannot help
export function refused(status) { return status >= 400 && status < 500 && !TRY_AGAIN.has(status); }

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
