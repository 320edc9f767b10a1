// Where the player wants to go: by keys, or by a pointer that is held down.

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

  constructor(canvas) {
    addEventListener("keydown", (event) => {
      if (event.code in KEYS && !event.ctrlKey && !event.metaKey) {
        this.#held.add(event.code);
        event.preventDefault();
      }
    });
    addEventListener("keyup", ({ code }) => this.#held.delete(code));
    addEventListener("blur", () => this.#held.clear());

    const follow = (event) => {
      this.#pointer = {
        x: event.offsetX / canvas.clientWidth,
        y: event.offsetY / canvas.clientHeight,
      };
    };
    const leave = () => { this.#pointer = undefined; };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      follow(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.#pointer) {
        follow(event);
      }
    });
    canvas.addEventListener("pointerup", leave);
    canvas.addEventListener("pointercancel", leave);
  }

  // {x, y} of length 0…1 for a ship that is at `place`.
  wish(place) {
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
