// The arena as a picture. Places are 0…1; the arena is 1.6 times as wide as
// high.

const trails = new Map(); // id: the last places, oldest first
const TRAIL = 28;

// A sky that is the same in all windows.
const sky = Array.from({ length: 90 }, (_, n) => ({
  x: (n * 0.618034) % 1, y: (n * 0.754878) % 1, size: 0.4 + (n % 5) * 0.22,
}));

export function draw(canvas, { own, others, star, now }) {
  const scale = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const to = (place) => ({ ...place, x: place.x * width, y: place.y * height });
  const size = Math.max(8, width / 70);

  pen.fillStyle = "#ffffff66";
  for (const one of sky) {
    pen.fillRect(one.x * width, one.y * height, one.size, one.size);
  }
  if (star) {
    drawStar(pen, to(star), size * (1 + 0.12 * Math.sin(now / 220)), now / 1500);
  }
  const ships = [...others, own];
  for (const ship of ships) {
    drawTrail(pen, ship, width, height, size);
  }
  for (const ship of ships) {
    drawShip(pen, to(ship), size, ship.id === own.id);
  }
  const here = new Set(ships.map(({ id }) => id));
  for (const id of trails.keys()) {
    if (!here.has(id)) {
      trails.delete(id);
    }
  }
}

function drawTrail(pen, { id, x, y, hue }, width, height, size) {
  const trail = trails.get(id) ?? [];
  const last = trail[trail.length - 1];
  if (last && Math.hypot(last.x - x, last.y - y) > 0.3) {
    trail.length = 0; // it left on one side and came in on the other
  }
  trail.push({ x, y });
  if (trail.length > TRAIL) {
    trail.shift();
  }
  trails.set(id, trail);
  trail.forEach((place, at) => {
    const part = at / TRAIL;
    pen.fillStyle = `hsl(${hue} 90% 65% / ${part * 0.35})`;
    pen.beginPath();
    pen.arc(place.x * width, place.y * height, size * 0.42 * part, 0, 7);
    pen.fill();
  });
}

function drawShip(pen, { x, y, heading, hue, id }, size, isOwn) {
  pen.save();
  pen.translate(x, y);
  pen.font = `${isOwn ? "600 " : ""}12px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.fillStyle = `hsl(${hue} 80% 78%)`;
  pen.fillText(isOwn ? "you" : id, 0, -size * 1.5);
  pen.rotate(heading);
  pen.beginPath();
  pen.moveTo(size * 1.15, 0);
  pen.lineTo(-size * 0.8, size * 0.75);
  pen.lineTo(-size * 0.4, 0);
  pen.lineTo(-size * 0.8, -size * 0.75);
  pen.closePath();
  pen.fillStyle = `hsl(${hue} 85% 62%)`;
  pen.fill();
  if (isOwn) {
    pen.strokeStyle = "#ffffff";
    pen.lineWidth = 1.5;
    pen.stroke();
  }
  pen.restore();
}

function drawStar(pen, { x, y }, size, turn) {
  pen.save();
  pen.translate(x, y);
  pen.rotate(turn);
  pen.beginPath();
  for (let n = 0; n < 10; n++) {
    const away = n % 2 === 0 ? size : size * 0.45;
    const angle = n * Math.PI / 5;
    pen.lineTo(Math.cos(angle) * away, Math.sin(angle) * away);
  }
  pen.closePath();
  pen.fillStyle = "#ffd84d";
  pen.shadowColor = "#ffd84d";
  pen.shadowBlur = size;
  pen.fill();
  pen.restore();
}
