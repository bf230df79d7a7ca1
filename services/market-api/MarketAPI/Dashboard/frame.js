// Drawing in step with the screen: whatever comes meanwhile is drawn together.

/**
 * Makes a function that asks for a drawing: it happens in a frame, once for all who asked, and no sooner than
 * `millis` after the last one. A hidden page draws nothing.
 */
export function paced(millis, draw) {
  let last = -Infinity;
  let isAsked = false;
  const run = () => requestAnimationFrame(() => {
    isAsked = false;
    last = performance.now();
    draw();
  });
  return () => {
    if (isAsked) return;
    isAsked = true;
    const wait = last + millis - performance.now();
    if (wait > 0) setTimeout(run, wait); else run();
  };
}
