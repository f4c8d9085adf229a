// Shows the API document. Everything in it becomes text, never markup.
"use strict";

const make = (tag, className, ...content) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content);
  return element;
};

const shapeName = (reference) => reference.split("/").pop();

// A schema in the words of a reader: `text`, `[Workflow]`, `{ "id": text }`.
const inWords = (schema, indent = "") => {
  if (schema === undefined || schema === true) return "any";
  if (schema.$ref) return shapeName(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((it) => JSON.stringify(it)).join(" | ");
  const choices = schema.oneOf || schema.anyOf;
  if (choices) return choices.map((it) => inWords(it, indent)).join(" | ");
  if (schema.allOf) return schema.allOf.map((it) => inWords(it, indent)).join(" & ");
  if (schema.items) return `[${inWords(schema.items, indent)}]`;
  if (schema.properties) {
    const required = new Set(schema.required || []);
    const deeper = `${indent}  `;
    const lines = Object.entries(schema.properties).map(([key, value]) => {
      const about = value.description ? `  — ${value.description}` : "";
      const mark = required.has(key) ? "" : "?";
      return `${deeper}${key}${mark}: ${inWords(value, deeper)}${about}`;
    });
    return `{\n${lines.join("\n")}\n${indent}}`;
  }
  if (schema.additionalProperties) return `{ …: ${inWords(schema.additionalProperties, indent)} }`;
  const type = Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type;
  return schema.format ? `${type} (${schema.format})` : type || "any";
};

const bodies = (content) =>
  Object.entries(content || {}).map(([media, { schema }]) =>
    make("pre", "", media === "application/json" ? inWords(schema) : media));

const parameterRow = ({ name, in: place, required, description }) =>
  make("tr", "",
    make("td", "", make("code", "", name)),
    make("td", "", required ? place : `${place}, optional`),
    make("td", "", description || ""));

const failedCodes = (response) => {
  const { schema } = (response.content || {})["application/json"] || {};
  const parts = (schema && schema.allOf) || [];
  return parts.flatMap((it) => (it.properties && it.properties.code.enum) || []);
};

const answer = ([status, response]) => {
  const codes = failedCodes(response);
  const head = make("p", status >= 400 ? "failed" : "", `${status} ${response.description}`);
  if (codes.length > 0) {
    head.append(": ", make("code", "", codes.join(", ")));
    return [head];
  }
  return [head, ...bodies(response.content)];
};

const operation = (path, method, it) => {
  const element = make("details", "",
    make("summary", "",
      make("span", "method", method.toUpperCase()),
      make("code", "", path),
      ` ${it.summary}`,
      make("span", "who", it["x-access"] || "")));
  if (it.parameters.length > 0) {
    element.append(make("table", "", ...it.parameters.map(parameterRow)));
  }
  if (it.requestBody) {
    element.append(make("p", "", "Takes"), ...bodies(it.requestBody.content));
  }
  element.append(...Object.entries(it.responses).flatMap(answer));
  element.words = `${method} ${path} ${it.summary}`.toLowerCase();
  return element;
};

const show = (api) => {
  document.getElementById("about").textContent =
    `Version ${api.info.version}. Send the token of a sign-in as Authorization: Bearer.`;
  const all = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, it]) => operation(path, method, it)));
  document.getElementById("operations").append(...all);
  const shapes = Object.entries(api.components.schemas).map(([name, schema]) =>
    make("details", "", make("summary", "", make("code", "", name)), make("pre", "", inWords(schema))));
  document.getElementById("shapes").append(...shapes);
  const filter = document.getElementById("filter");
  filter.addEventListener("input", () => {
    const sought = filter.value.trim().toLowerCase();
    for (const it of all) it.hidden = !it.words.includes(sought);
  });
};

// Beside this page, wherever a proxy has put it.
fetch("../api/openapi.json")
  .then((response) => response.json())
  .then(show)
  .catch((error) => {
    const about = document.getElementById("about");
    about.className = "failed";
    about.textContent = `The document could not be shown: ${error.message}`;
  });
