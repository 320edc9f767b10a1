// Times as people read and write them.

import { usage } from "./failure.js";

const MS = 1000;
const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 };

// Of seconds since 1970. What no date can be is told as the number it is.
export function dateOf(seconds) {
    const date = new Date(seconds * MS);
    return Number.isNaN(date.getTime()) ? `${seconds}`
        : date.toISOString().replace(/\.\d+Z$/, "Z");
}

// "in 59 min", or "5 s ago".
export function distance(seconds, nowMs) {
    const left = seconds - nowMs / MS;
    const size = Math.abs(left);
    const text = size < 2 * UNITS.m ? `${Math.round(size)} s`
        : size < 2 * UNITS.h ? `${Math.round(size / UNITS.m)} min`
            : size < 2 * UNITS.d ? `${Math.round(size / UNITS.h)} h`
                : `${Math.round(size / UNITS.d)} days`;
    return left < 0 ? `${text} ago` : `in ${text}`;
}

// "90", "90s", "5m", "1h", "7d", and with a minus, in seconds.
export function durationOf(name, text) {
    const [, number, unit = "s"] = /^(-?\d+)([smhd]?)$/.exec(text) ?? [];
    if (number === undefined) {
        throw usage(`--${name} must be a time such as 30s, 5m, 1h or 7d, ` +
            `not "${text}"`);
    }
    return Number(number) * UNITS[unit || "s"];
}
