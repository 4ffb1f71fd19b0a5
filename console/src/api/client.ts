import { api as t } from "../texts/api";
import type { Answer, Asked, CallName } from "./types";

/** What the control plane said when it would not do something. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reasons: string[],
  ) {
    super(reasons.join("; "));
    this.name = "ApiError";
  }
}

/** The session ended or never was: the only cure is to log in. */
export function isLoggedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** One `POST /api/<name>`, with what the OpenAPI document says that it takes and gives. */
export async function call<Name extends CallName>(
  name: Name,
  request: Asked<Name>,
  signal?: AbortSignal,
): Promise<Answer<Name>> {
  return (await send("POST", `/api/${name}`, request as object, signal)) as Answer<Name>;
}

/** Any request of the console: same origin, with the header that a foreign site cannot send without CORS. */
export async function send(
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: object,
  signal?: AbortSignal,
): Promise<unknown> {
  const text = await answerOf(method, path, body, signal);
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiError(200, [t.answeredSomethingThatIs(path)]);
  }
}

/** One `POST /api/<name>` whose answer is a file. */
export const fetchText = (name: string, request: object) => answerOf("POST", `/api/${name}`, request);

async function answerOf(method: string, path: string, body?: object, signal?: AbortSignal): Promise<string> {
  const response = await reach(path, {
    method,
    credentials: "same-origin",
    headers: { "x-portcullis-request": "1", ...(body ? { "content-type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
    ...(signal ? { signal } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, reasonsOf(response, text));
  return text;
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, [t.theControlPlaneDoes]);
  }
}

const BY_STATUS: Record<number, string> = {
  401: t.notLoggedIn,
  403: t.youMayNotDo,
  404: t.theControlPlaneDoesNot,
};

function reasonsOf(response: Response, text: string): string[] {
  try {
    const body = JSON.parse(text) as { actionErrors?: unknown };
    if (Array.isArray(body.actionErrors) && body.actionErrors.length > 0)
      return body.actionErrors.map(String);
  } catch {
    // No JSON: the status says what there is to say.
  }
  return [BY_STATUS[response.status] ?? t.theControlPlaneAnswered(response.status, response.statusText)];
}
