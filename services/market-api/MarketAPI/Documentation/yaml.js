// Reads the part of YAML that schemas/openapi.yaml is written in: block maps and lists, flow maps and lists over any
// number of lines, quoted and plain scalars on one line, literal blocks. A test holds it to a whole YAML parser.

export function parse(text) {
    const lines = text.split("\n");
    let at = 0;

    const indentOf = (line) => line.length - line.trimStart().length;
    const isBlank = (line) => /^\s*(#.*)?$/.test(line);

    function skipBlank() {
        while (at < lines.length && isBlank(lines[at])) at += 1;
        return at < lines.length;
    }

    // A value that begins on the next line, deeper than its key; a list may stand as deep as its key.
    function nested(indent) {
        if (!skipBlank()) return null;
        const depth = indentOf(lines[at]);
        const isList = lines[at].trimStart().startsWith("- ");
        if (depth < indent || (depth === indent && !isList)) return null;
        return block(depth);
    }

    function block(indent) {
        const start = lines[at].trimStart();
        if (start.startsWith("- ")) return list(indent);
        if (start.startsWith("[") || start.startsWith("{")) return flow("");
        return map(indent);
    }

    function list(indent) {
        const result = [];
        while (skipBlank() && indentOf(lines[at]) === indent && lines[at].trimStart().startsWith("- ")) {
            const rest = lines[at].trimStart().slice(2);
            if (keyOf(rest)) {
                // The item is a map whose first key stands beside the dash.
                lines[at] = " ".repeat(indent + 2) + rest;
                result.push(map(indent + 2));
            } else {
                at += 1;
                result.push(value(rest, indent));
            }
        }
        return result;
    }

    function map(indent) {
        const result = {};
        while (skipBlank() && indentOf(lines[at]) === indent) {
            const found = keyOf(lines[at].trimStart());
            if (!found) throw new Error(`line ${at + 1} has no key`);
            at += 1;
            result[found.key] = value(found.rest, indent);
        }
        return result;
    }

    function keyOf(text) {
        const match = text.match(/^('(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|[^\s'"[\]{}#,][^\s]*?(?: [^\s:]+)*):(?:\s+(.*))?$/);
        return match ? { key: String(scalarText(match[1])), rest: match[2] ?? "" } : null;
    }

    function value(rest, indent) {
        if (rest === "") return nested(indent);
        if (rest === "|") return literal(indent);
        if (rest.startsWith("[") || rest.startsWith("{")) return flow(rest);
        return scalar(rest);
    }

    function literal(indent) {
        const taken = [];
        while (at < lines.length && (lines[at].trim() === "" || indentOf(lines[at]) > indent)) {
            taken.push(lines[at]);
            at += 1;
        }
        const depth = Math.min(...taken.filter((line) => line.trim() !== "").map(indentOf));
        return taken.map((line) => line.slice(depth)).join("\n").replace(/\n*$/, "\n");
    }

    // Lines are taken until the brackets are closed.
    function flow(first) {
        let text = first;
        while (!isClosed(text)) {
            if (at >= lines.length) throw new Error("a bracket is not closed");
            text += (text === "" ? "" : " ") + lines[at].trim();
            at += 1;
        }
        return new Flow(text).read();
    }

    function isClosed(text) {
        let depth = 0;
        let quote = "";
        // Only where a value begins does a quote quote: "the trade's time" has none.
        let before = "";
        for (const character of text) {
            if (quote) {
                if (character === quote) quote = "";
            } else if ((character === "'" || character === '"') && "[{,:".includes(before)) quote = character;
            else if ("[{".includes(character)) depth += 1;
            else if ("]}".includes(character)) depth -= 1;
            if (character !== " ") before = character;
        }
        return depth === 0 && text !== "";
    }

    skipBlank();
    return block(indentOf(lines[at]));
}

class Flow {
    constructor(text) {
        this.text = text;
        this.at = 0;
    }

    read() {
        this.skip();
        const first = this.text[this.at];
        if (first === "[") return this.members("]", (result) => result.push(this.read()), []);
        if (first === "{") {
            return this.members("}", (result) => {
                const key = String(scalarText(this.token(/[:,\]}]/)));
                this.skip();
                if (this.text[this.at] !== ":") throw new Error(`no colon after ${key}`);
                this.at += 1;
                result[key] = this.read();
            }, {});
        }
        return scalar(this.token(/[,\]}]/));
    }

    members(end, take, result) {
        this.at += 1;
        for (;;) {
            this.skip();
            if (this.text[this.at] === end) {
                this.at += 1;
                return result;
            }
            take(result);
            this.skip();
            if (this.text[this.at] === ",") this.at += 1;
            else if (this.text[this.at] !== end) throw new Error(`'${this.text.slice(this.at, this.at + 20)}'`);
        }
    }

    token(stop) {
        this.skip();
        const rest = this.text.slice(this.at);
        const quoted = rest.match(/^('(?:[^']|'')*'|"(?:[^"\\]|\\.)*")/);
        let token = quoted?.[0];
        if (token === undefined) {
            const end = rest.search(stop);
            token = end < 0 ? rest : rest.slice(0, end);
        }
        this.at += token.length;
        return token.trim();
    }

    skip() {
        while (this.text[this.at] === " ") this.at += 1;
    }
}

function scalarText(text) {
    if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
    if (text.startsWith('"')) return JSON.parse(text);
    return text;
}

function scalar(text) {
    if (text.startsWith("'") || text.startsWith('"')) return scalarText(text);
    if (text === "null" || text === "~" || text === "") return null;
    if (text === "true" || text === "false") return text === "true";
    if (/^-?[0-9]+(\.[0-9]+)?$/.test(text)) return Number(text);
    return text;
}
