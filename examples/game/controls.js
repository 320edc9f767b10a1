// Where the player wants to go: by keys, by a pointer that is held down, or by a
// stick to drag, for who has no keys.

const KEYS = {
  ArrowLeft: [-1, 0], KeyA: [-1, 0],
  ArrowRight: [1, 0], KeyD: [1, 0],
  ArrowUp: [0, -1], KeyW: [0, -1],
  ArrowDown: [0, 1], KeyS: [0, 1],
};
const NEAR = 0.02; // so near the pointer the ship is there

export class Controls {
  #held = new Set();
  #pointer; // {x, y} of 0…1
  #stick; // {x, y} of length 0…1

  constructor(canvas, stick) {
    addEventListener("keydown", (event) => {
      if (event.code in KEYS && !event.altKey && !event.ctrlKey && !event.metaKey) {
        this.#held.add(event.code);
        event.preventDefault();
      }
    });
    addEventListener("keyup", ({ code }) => this.#held.delete(code));
    addEventListener("blur", () => this.#held.clear());

    whileHeld(canvas, (event) => {
      this.#pointer = event && {
        x: event.offsetX / canvas.clientWidth,
        y: event.offsetY / canvas.clientHeight,
      };
    });
    whileHeld(stick, (event) => {
      this.#stick = event && dragged(stick, event);
      stick.style.setProperty("--x", this.#stick?.x ?? 0);
      stick.style.setProperty("--y", this.#stick?.y ?? 0);
    });
  }

  // {x, y} of length 0…1 for a ship that is at `place`.
  wish(place) {
    if (this.#stick) {
      return this.#stick;
    }
    let x = 0;
    let y = 0;
    for (const code of this.#held) {
      x += KEYS[code][0];
      y += KEYS[code][1];
    }
    if (this.#pointer) {
      x = this.#pointer.x - place.x;
      y = (this.#pointer.y - place.y) / 1.6;
    }
    const length = Math.hypot(x, y);
    const isThere = this.#pointer ? length < NEAR : length === 0;
    return isThere ? { x: 0, y: 0 } : { x: x / length, y: y / length };
  }
}

// follow(event) for each place where a pointer is held down on the element, and
// follow() when it is let go.
function whileHeld(element, follow) {
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    follow(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) {
      follow(event);
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    element.addEventListener(end, () => follow());
  }
}

// How far from its middle the stick is dragged, {x, y} of length 0…1.
function dragged(stick, { clientX, clientY }) {
  const { left, top, width, height } = stick.getBoundingClientRect();
  const x = (clientX - left - width / 2) / (width / 2);
  const y = (clientY - top - height / 2) / (height / 2);
  const length = Math.max(1, Math.hypot(x, y));
  return { x: x / length, y: y / length };
}
