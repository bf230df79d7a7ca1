// Shows /openapi.yaml as a page.
import { parse } from "./yaml.js";

const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children.filter((child) => child !== undefined && child !== null));
    return made;
};

// A node, or what its reference leads to.
const resolve = (api, node) => {
    if (!node || !node.$ref) return node;
    return node.$ref.slice(2).split("/").reduce((at, part) => at[part.replaceAll("~1", "/")], api);
};

const nameOf = (node) => (node && node.$ref ? node.$ref.split("/").pop() : undefined);

// A schema in a few words.
function words(api, node) {
    if (!node) return "";
    const name = nameOf(node);
    const schema = resolve(api, node);
    if (schema.oneOf) return schema.oneOf.map((choice) => words(api, choice)).join(" or ");
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.enum) return schema.enum.join(" | ");
    if (schema.type === "array") return `list of ${words(api, schema.items)}`;
    if (name) return name;
    let text = [schema.type].flat().join(" or ");
    if (schema.minimum !== undefined || schema.maximum !== undefined) {
        text += ` ${schema.minimum ?? ""} ... ${schema.maximum ?? ""}`;
    }
    return schema.format ? `${text} (${schema.format})` : text;
}

// The members of an object, and of what is inside it.
function members(api, node, depth = 0) {
    const schema = resolve(api, node);
    if (!schema || depth > 4) return undefined;
    if (schema.type === "array") return members(api, schema.items, depth + 1);
    if (schema.oneOf) return element("div", {}, ...schema.oneOf.map((choice) => members(api, choice, depth + 1)));
    if (!schema.properties) return undefined;
    const list = element("dl");
    for (const [name, property] of Object.entries(schema.properties)) {
        const described = property.description ?? resolve(api, property).description;
        list.append(
            element("dt", {}, element("code", {}, name), ` ${words(api, property)}`),
            element("dd", {}, described ?? "", members(api, property, depth + 1)));
    }
    return list;
}

function parameterTable(api, parameters) {
    if (!parameters?.length) return undefined;
    const rows = parameters.map((node) => {
        const parameter = resolve(api, node);
        const initial = resolve(api, parameter.schema)?.default;
        return element("tr", {},
            element("td", {}, element("code", {}, parameter.name)),
            element("td", {}, `${words(api, parameter.schema)}${initial === undefined ? "" : `, default ${initial}`}`),
            element("td", {}, `${parameter.in === "path" ? "(in the path) " : ""}${parameter.description ?? ""}`));
    });
    const head = element("tr", {}, ...["parameter", "value", "meaning"].map((text) => element("th", {}, text)));
    return element("table", {}, head, ...rows);
}

function responseDetails(api, responses) {
    return Object.entries(responses).map(([status, node]) => {
        const response = resolve(api, node);
        const contents = Object.entries(response.content ?? {});
        const title = `${status} ${response.description}`;
        if (!contents.length) return element("p", {}, title);
        return element("details", {}, element("summary", {}, title), ...contents.map(([type, content]) =>
            element("div", {}, element("code", {}, type), ` ${words(api, content.schema)}`,
                members(api, content.schema))));
    });
}

function operationSection(api, path, method, operation) {
    return element("section", { class: "operation", id: operation.operationId },
        element("h3", {}, element("b", {}, method), ` ${path}`),
        element("p", {}, operation.summary),
        operation.description ? element("p", {}, operation.description.trim()) : undefined,
        parameterTable(api, operation.parameters),
        ...responseDetails(api, operation.responses));
}

function show(api) {
    document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
    document.getElementById("description").textContent = api.info.description.trim();
    const contents = element("ul");
    const all = Object.entries(api.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
    for (const tag of api.tags) {
        const section = element("section", {}, element("h2", {}, tag.name), element("p", {}, tag.description));
        for (const { path, method, operation } of all.filter((one) => one.operation.tags.includes(tag.name))) {
            section.append(operationSection(api, path, method, operation));
            const link = element("a", { href: `#${operation.operationId}` }, `${method.toUpperCase()} ${path}`);
            contents.append(element("li", {}, link));
        }
        document.getElementById("operations").append(section);
    }
    document.getElementById("contents").append(contents);
}

try {
    const answer = await fetch("/openapi.yaml");
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    show(parse(await answer.text()));
} catch (error) {
    const text = `openapi.yaml cannot be shown: ${error.message}`;
    document.getElementById("description").replaceChildren(element("span", { class: "error" }, text));
}
