// A small plot of the last five minutes: a line, the ground under it, nothing where nothing is known.

const SPAN_MILLIS = 300_000;

/** Values with their times; what is older than five minutes goes. */
export class Series {
  #points = [];

  add(millis, value) {
    this.#points.push({ millis, value });
    const oldest = millis - SPAN_MILLIS;
    let gone = 0;
    while (gone < this.#points.length && this.#points[gone].millis < oldest) gone += 1;
    if (gone) this.#points.splice(0, gone);
  }

  get points() { return this.#points; }

  /** The largest value; null where none is known. */
  get peak() {
    let peak = null;
    for (const { value } of this.#points) if (value !== null && (peak === null || value > peak)) peak = value;
    return peak;
  }
}

/** Draws a series on a canvas in the colour of its style. */
export class Plot {
  #canvas;
  #series;

  constructor(canvas, series) {
    this.#canvas = canvas;
    this.#series = series;
  }

  draw(now = Date.now()) {
    const canvas = this.#canvas;
    const scale = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * scale);
    const height = Math.round(canvas.clientHeight * scale);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    context.clearRect(0, 0, width, height);
    const peak = this.#series.peak;
    if (peak === null) return;
    const top = Math.max(peak * 1.15, 1e-9);
    const x = (millis) => width - ((now - millis) / SPAN_MILLIS) * width;
    const y = (value) => height - 2 * scale - (value / top) * (height - 6 * scale);
    context.lineWidth = 1.6 * scale;
    context.lineJoin = "round";
    context.strokeStyle = style.color;
    context.fillStyle = style.color;
    for (const run of this.#runs()) {
      context.beginPath();
      run.forEach((point, index) => context[index ? "lineTo" : "moveTo"](x(point.millis), y(point.value)));
      if (run.length === 1) context.lineTo(x(run[0].millis) + scale, y(run[0].value));
      context.stroke();
      context.lineTo(x(run.at(-1).millis), height);
      context.lineTo(x(run[0].millis), height);
      context.globalAlpha = 0.13;
      context.fill();
      context.globalAlpha = 1;
    }
  }

  /** Points without a break: unknown values and pauses of more than ten seconds end a run. */
  #runs() {
    const runs = [];
    let run = null;
    let last = -Infinity;
    for (const point of this.#series.points) {
      if (point.value === null || point.millis - last > 10_000) run = null;
      if (point.value !== null) {
        if (!run) runs.push(run = []);
        run.push(point);
        last = point.millis;
      }
    }
    return runs;
  }
}
