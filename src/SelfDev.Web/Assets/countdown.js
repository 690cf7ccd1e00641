"use strict";
// The server wrote the time that is left; this only keeps it current. Without scripts the page says the same, once.
const left = document.querySelector("time[data-expires]");
if (left) {
  const expires = Date.parse(left.dataset.expires);
  const tick = () => {
    const seconds = Math.max(0, Math.floor((expires - Date.now()) / 1000));
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    left.textContent = seconds === 0 ? "expired" :
      hours > 0 ? `${hours} h ${minutes} min left` :
      minutes > 0 ? `${minutes} min ${seconds % 60} s left` : `${seconds} s left`;
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
