import { policies as t } from "../../../texts/policies";
/** A pasted exchange as the control plane reads one, or what is wrong with it. */
export type Pasted = { sample: string } | { problem: string };

const REQUEST_LINE = /^([A-Z]{1,20}) (\S+)(?: HTTP\/\d(?:\.\d)?)?$/;
const STATUS_LINE = /^HTTP\/\d(?:\.\d)? (\d{3})(?: .*)?$/;

/**
 * Raw HTTP: a request line, headers, an empty line and a body; an answer may follow that begins with a status line. What is
 * JSON already (`orig` of a stored sample) goes as it is.
 */
export function parsePasted(text: string): Pasted {
  const trimmed = text.trim();
  if (trimmed === "") return { problem: t.isEmpty };
  if (trimmed.startsWith("{")) return jsonOf(trimmed);
  const lines = trimmed.split(/\r?\n/);
  const answerAt = lines.findIndex((line, index) => index > 0 && STATUS_LINE.test(line));
  const request = messageOf(answerAt < 0 ? lines : lines.slice(0, answerAt));
  const [, method, path] = REQUEST_LINE.exec(request.first) ?? [];
  if (!method || !path) return { problem: t.line1BeginsWith };
  const answer = answerAt < 0 ? undefined : messageOf(lines.slice(answerAt));
  return {
    sample: JSON.stringify({
      method,
      path,
      requestHeaders: JSON.stringify(request.headers),
      requestPayload: request.body,
      ...(answer && {
        statusCode: Number(STATUS_LINE.exec(answer.first)?.[1]),
        responseHeaders: JSON.stringify(answer.headers),
        responsePayload: answer.body,
      }),
    }),
  };
}

function jsonOf(text: string): Pasted {
  try {
    JSON.parse(text);
    return { sample: text };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : t.isNoJson };
  }
}

function messageOf([first = "", ...rest]: string[]) {
  const empty = rest.findIndex((line) => line.trim() === "");
  const head = empty < 0 ? rest : rest.slice(0, empty);
  const body =
    empty < 0
      ? ""
      : rest
          .slice(empty + 1)
          .join("\n")
          .trimEnd();
  const headers: Record<string, string> = {};
  for (const line of head) {
    const colon = line.indexOf(":");
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { first: first.trim(), headers, body };
}
