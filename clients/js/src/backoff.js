// How long to wait before the next attempt: longer each time, and never the
// same for all clients.

// `failures`: attempts that failed before, from 0; `random()` in [0, 1).
// Returns ms between half and the whole of first * 2^failures, within most.
export function backoff(failures, { first, most }, random = Math.random) {
    const whole = Math.min(most, first * 2 ** Math.min(failures, 30));
    return whole / 2 + random() * whole / 2;
}
