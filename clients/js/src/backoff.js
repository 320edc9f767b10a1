// How long to wait before the next attempt: longer each time, and never the
// same for all clients.
//
// By half more each time, not twice as much: who is away for 12 s waits no
// more than 6 s beyond that, and still makes only some eight attempts.

const GROWTH = 1.5;
const MOST_STEPS = 60; // beyond it any `most` is reached

// `failures`: attempts that failed before, from 0; `random()` in [0, 1).
// Returns ms between half and the whole of first * 1.5^failures, within most.
export function backoff(failures, { first, most }, random = Math.random) {
    const whole = Math.min(most,
        first * GROWTH ** Math.min(failures, MOST_STEPS));
    return whole / 2 + random() * whole / 2;
}
