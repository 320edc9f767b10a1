// Rows as columns, for people.

// What would move the cursor, or other text, is written as JSON has it: users
// choose what they are called.
export function visible(text) {
    return String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (one) =>
        [...Array(one.length).keys()].map((at) => `\\u${one.charCodeAt(at)
            .toString(16).padStart(4, "0")}`).join(""));
}

// Lines: a heading, and each row; none without rows. `columns`: {title,
// value(row), isNumber}.
export function table(columns, rows) {
    if (rows.length === 0) {
        return [];
    }
    const cells = [columns.map(({ title }) => title), ...rows.map((row) =>
        columns.map(({ value }) => visible(value(row) ?? "-") || "-"))];
    const widths = columns.map((_, at) =>
        Math.max(...cells.map((line) => line[at].length)));
    return cells.map((line) => line.map((text, at) => columns[at].isNumber
        ? text.padStart(widths[at]) : text.padEnd(widths[at])).join("  ")
        .trimEnd());
}
