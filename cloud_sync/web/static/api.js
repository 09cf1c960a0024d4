// Calls the hub's API as the person who is signed in. Never throws: a failure is an answer with words.

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

export async function send(method, path, body) {
  try {
    const answer = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token() },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    const json = parse(text);
    const what = answer.ok ? "" : [json.what ?? json.detail ?? `The hub answered ${answer.status}.`, json.fix].filter((part) => typeof part === "string" && part).join(" – ");
    return { ok: answer.ok, status: answer.status, json, what };
  } catch {
    return { ok: false, status: 0, json: {}, what: "The hub cannot be reached." };
  }
}

// signed out, page too old, slow, too many: the same may still be taken later
const TRY_AGAIN = new Set([401, 403, 408, 429]);

// whether asking again cannot help
export function refused(status) { return status >= 400 && status < 500 && !TRY_AGAIN.has(status); }

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
