// The way to the server: every address is relative to where these files are served.

export const root = new URL("../../../", import.meta.url);

export function address(path, params) {
  const url = new URL(path, root);
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return url;
}

// A proxy's answer for a server that is away; the server's own problems have a code.
const isGateway = (status) => status === 502 || status === 504;

// What went wrong, in the server's words where it sent any.
export class Problem extends Error {
  constructor(title, { status = 0, detail = "", code = "", requestId = "", retryAfter = null, body = {} } = {}) {
    super(title);
    Object.assign(this, { title, status, detail, code, requestId, retryAfter, body });
  }

  get unreachable() {
    return this.status === 0 || (isGateway(this.status) && !this.code);
  }
}

// The key this tab keeps (the configuration page takes it).
export function kept() {
  try {
    return sessionStorage.getItem("coinmux.key");
  } catch {
    return null;
  }
}

export const keyed = (key) => (key ? { "x-api-key": key } : {});

export async function ask(path, { params, method = "GET", body, timeout = 15000, signal, headers } = {}) {
  const own = new AbortController();
  const timer = setTimeout(() => own.abort(), timeout);
  const leave = () => own.abort();
  signal?.addEventListener("abort", leave);
  if (signal?.aborted) own.abort();
  let silent = true;
  try {
    const reply = await fetch(address(path, params), {
      method,
      headers: { accept: "application/json", ...(body ? { "content-type": "application/json" } : {}), ...keyed(kept()), ...headers },
      body: body ? JSON.stringify(body) : undefined,
      signal: own.signal,
      cache: "no-store",
      credentials: "same-origin",
    });
    silent = isGateway(reply.status) && !reply.headers.get("content-type")?.includes("json");
    if (!silent) heard(null);
    if (reply.ok) return { data: await reply.json(), reply };
    throw await problemOf(reply);
  } catch (error) {
    if (signal?.aborted) throw error;
    const problem = problemFrom(error, own.signal.aborted, timeout);
    if (silent) heard(problem);
    throw problem;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
}

// A script that did not come never will in this page: it is loaded anew once the server answers.
export async function script(load) {
  try {
    return await load();
  } catch (error) {
    if (!/import/i.test(error.message)) throw error;
    do await new Promise((done) => setTimeout(done, 8000));
    while (!(await fetch(location).catch(() => 0)).ok);
    location.reload();
    return new Promise(() => {});
  }
}

// Whether the server answers: the shell listens, and says so.
export const heard = (problem) => document.dispatchEvent(new CustomEvent("heard", { detail: problem }));

function problemFrom(error, late, timeout) {
  if (error instanceof Problem) return error;
  if (error instanceof SyntaxError) return new Problem("The answer was not valid JSON");
  return new Problem(late ? `No answer within ${timeout / 1000} s` : "The server cannot be reached");
}

export const get = async (path, params, options) => (await ask(path, { params, ...options })).data;

async function problemOf(reply) {
  let body = {};
  try {
    body = await reply.json();
  } catch {
    // The status is all there is.
  }
  return new Problem(typeof body.title === "string" ? body.title : `HTTP ${reply.status}`, {
    status: reply.status,
    detail: typeof body.detail === "string" ? body.detail : "",
    code: typeof body.code === "string" ? body.code : "",
    requestId: body.request_id ?? reply.headers.get("x-request-id") ?? "",
    retryAfter: Number(reply.headers.get("retry-after")) || null,
    body,
  });
}
