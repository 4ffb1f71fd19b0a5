// What comes back holds what attackers sent: it is shown as text, never as markup.
"use strict";

const make = (name, ...children) => {
  const element = document.createElement(name);
  element.append(...children);
  return element;
};

const typeOf = (schema) => {
  const types = [schema.type ?? "any"].flat().filter((type) => type !== "null");
  const item = schema.items ? ` of ${typeOf(schema.items)}` : "";
  return types.join(" or ") + item;
};

/** A body with the keys that are required. */
const example = (schema) => {
  const values = { array: [], boolean: false, integer: 0, number: 0, object: {}, string: "" };
  const keys = (schema.required ?? []).map((key) => [key, values[schema.properties[key].type] ?? null]);
  return JSON.stringify(Object.fromEntries(keys), null, 2);
};

async function send(path, body, answer) {
  answer.textContent = "…";
  const key = document.querySelector("#key").value.trim();
  const headers = { "content-type": "application/json", "x-portcullis-request": "1" };
  if (key !== "") headers["x-api-key"] = key;
  try {
    const start = performance.now();
    const response = await fetch(path, { method: "POST", credentials: "same-origin", headers, body });
    const text = await response.text();
    const took = Math.round(performance.now() - start);
    answer.textContent = `${response.status} ${response.statusText}, ${took} ms\n\n${pretty(text)}`;
  } catch (error) {
    answer.textContent = `The control plane does not answer: ${error}`;
  }
}

const pretty = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

function call(path, { operationId, summary, description, requestBody }) {
  const schema = requestBody.content["application/json"].schema;
  const keys = Object.entries(schema.properties ?? {}).map(([key, value]) => {
    const needed = (schema.required ?? []).includes(key) ? "required" : "";
    const cells = [make("code", key), typeOf(value), needed, value.description ?? ""];
    return make("tr", ...cells.map((cell) => make("td", cell)));
  });
  const body = make("textarea", example(schema));
  body.spellcheck = false;
  body.setAttribute("aria-label", `Body of ${operationId}`);
  const answer = make("pre");
  answer.setAttribute("aria-live", "polite");
  const button = make("button", "Send");
  button.addEventListener("click", () => send(path, body.value, answer));
  const role = make("span", description);
  role.className = "role";
  const title = make("summary", make("code", operationId), ` ${summary} `, role);
  const details = make("details", title, make("table", ...keys), body, button, answer);
  details.dataset.text = `${operationId} ${summary}`.toLowerCase();
  return details;
}

async function show() {
  const { paths } = await (await fetch("openapi.json")).json();
  const calls = Object.entries(paths).filter(([path]) => path.startsWith("/api/"));
  document.querySelector("#calls").append(...calls.map(([path, { post }]) => call(path, post)));
  document.querySelector("#find").addEventListener("input", ({ target }) => {
    const wanted = target.value.toLowerCase();
    for (const details of document.querySelectorAll("details"))
      details.hidden = !details.dataset.text.includes(wanted);
  });
}

show().catch((error) => document.querySelector("#calls").append(`The document cannot be read: ${error}`));
