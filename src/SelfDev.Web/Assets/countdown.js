"use strict";
// The server wrote the time that is left; this only keeps it current. It counts from the server's figure, not from the reader's
// clock, which may be wrong. Without scripts the page says the same, once.
const left = document.querySelector("time[data-seconds]");
if (left) {
  const total = Number(left.dataset.seconds);
  const tick = () => {
    const seconds = Math.max(0, Math.floor(total - performance.now() / 1000));
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    left.textContent = seconds === 0 ? "expired" :
      hours > 0 ? `${hours} h ${minutes} min left` : `${minutes} min ${seconds % 60} s left`;
    if (seconds === 0) {
      for (const button of document.querySelectorAll("button[name=decision]")) {
        button.disabled = true;
      }
    } else {
      setTimeout(tick, 1000);
    }
  };
  tick();
}
